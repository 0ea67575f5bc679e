"""One translation session from the client's side: sound in; words and sound in another language out.

Nobody asks for answers, nothing is cut and there is no conversation. What is left are the settings at the
start, a stream of sound that never pauses, limits, and an end for which the server is given time: it
translates what it still has.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from realtime_cli.client import error_policy, inputs
from realtime_cli.client.connection_policy import Reconnection
from realtime_cli.client.cost import CostFold, load_prices
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Effect, Play, PlayEnd, Send, SetTimer
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_context import ImageContext
from realtime_cli.client.limits import SessionLimits
from realtime_cli.client.live.stream import LiveMicGate, LivePlayback
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.passages import QUIET_S, Passage, Passages
from realtime_cli.client.session_state import SessionState
from realtime_cli.client.settings import in_words, merged, says_something
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol import translation as t
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat
from realtime_cli.protocol.translation_session import translation_update

NO_TEXT = "A translation session takes no text: it translates what is said."


class TranslationClientSession(SessionState):
    """The client's rules. ``handle`` takes one input and returns what is to be done, in order."""

    def __init__(self, options: SessionOptions) -> None:
        self.options = options
        self.cost = CostFold(load_prices(options.prices), options.model)
        self.playback = LivePlayback()
        self.user_speaking = False
        self.agent_speaking = False
        self.responses_done = 0
        self.greeted = True
        self._effects = EffectQueue()
        self.image_context = ImageContext(self._effects, options)
        self._reconnection = Reconnection(self._effects, options)
        self.requested_session: dict[str, Any] = dict(options.patch)
        self.effective_session: dict[str, Any] = {}
        self.mic_gate = LiveMicGate(
            self.input_format, push_to_talk=options.push_to_talk, muted=options.start_muted
        )
        self._limits = SessionLimits.of(options)
        self._word_at = 0.0
        self._passages = Passages()
        self._part = "translation_0"  # the passage whose sound goes to the loudspeaker
        self._updates: dict[str, dict[str, Any]] = {}  # changes that have no answer, those of the user's
        self._waiting: list[inputs.RawEvent | inputs.SettingsChanged] = []
        self._end: tuple[ExitCode, str, str] | None = None  # session.close is out
        self._all_came = False  # nothing more comes; what is queued is still to be heard

    # -- what others may ask ------------------------------------------------------------------

    def decoder(self) -> t.TranslationDecoder:
        return t.TranslationDecoder()

    @property
    def idle(self) -> bool:
        """No words come. What was just said may still be translated: no event tells."""
        return self.ready and not (self.agent_speaking or self._waiting)

    @property
    def idle_but_background_tools(self) -> bool:
        return self.idle

    def history(self) -> list[dict[str, Any]]:
        """Always empty: there is no conversation."""
        return []

    @property
    def answers_lost(self) -> int:
        return 0

    @property
    def _changes_open(self) -> bool:
        return bool(self._updates)

    @property
    def input_format(self) -> WireFormat:
        """PCM at 24 kHz both ways: the socket takes nothing else."""
        return "audio/pcm"

    @property
    def output_format(self) -> WireFormat:
        return "audio/pcm"

    @property
    def turn_detection(self) -> dict[str, Any] | None:
        """There are no turns that a client could end."""
        return {"type": "model"}

    def farewell(self) -> t.TranslationClose | None:
        return t.TranslationClose() if self.ready and self._end is None else None

    # -- the one entrance ---------------------------------------------------------------------

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Fold one input and return the effects it has, in the order to perform them."""
        handler = _HANDLERS.get(type(happened))
        if handler and not self._effects.closed:
            try:
                handler(self, happened)
            except ConfigError as error:  # a person asked for what the API does not take
                self._effects.note("error", "settings", str(error))
        return self._effects.take()

    # -- connection ---------------------------------------------------------------------------

    def _connected(self, happened: inputs.Connected) -> None:
        self._reconnection.connected(happened)

    def _created(self, happened: inputs.Received, event: s.SessionCreated) -> None:
        if self.phase != "connecting":
            return
        self._reconnection.created(happened.at, getattr(event.session, "expires_at", None))
        self._settings(event.session)
        if says_something(self.requested_session):
            self._update(self.requested_session)
        else:
            self._begin(happened.at)

    def _begin(self, at: float) -> None:
        self._reconnection.settled(at)
        self.mic_gate.begin(at)
        self._word_at = at
        self._effects.do(SetTimer(self.mic_gate.next_look(at), "clock"))
        self._keep_limits(at)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            _HANDLERS[type(one)](self, one)

    def _settings(self, session: Any) -> None:
        if session is not None:
            self.effective_session = session.model_dump(mode="json", exclude_unset=True)

    def _update(self, patch: dict[str, Any], *, by_user: bool = False) -> None:
        wanted = {key: value for key, value in patch.items() if key != "type"}
        self._updates[self._effects.send(translation_update(wanted))] = wanted if by_user else {}

    def _updated(self, happened: inputs.Received, event: s.SessionUpdated) -> None:
        self._settings(event.session)
        for patch in filter(None, self._updates.values()):
            told = in_words(patch, self.effective_session)
            self._effects.note("info", "settings", f"In force now: {told}.")
        self._updates.clear()
        if self.phase == "settling":
            self._begin(happened.at)

    def _disconnected(self, happened: inputs.Disconnected) -> None:
        if self._all_came:
            return  # what is still played needs no connection
        if self._end is not None:
            text = "The connection dropped before session.closed: the last words may be missing."
            self._effects.note("warning", "session", text)
            self._over()
            return
        self.agent_speaking = False
        self._updates.clear()
        self._effects.do(SetTimer(None, "clock"))
        self._reconnection.disconnected(happened, owed=False)

    def _finish(self, at: float, exit_code: ExitCode, reason: str = "", remedy: str = "") -> None:
        """Let the server translate what it has, and end then; when asked a second time, at once."""
        if not self.ready or self._end is not None:
            self._effects.close(exit_code, reason, remedy)
            return
        self._end = (exit_code, reason, remedy)
        self._effects.send(t.TranslationClose())
        self._effects.do(SetTimer(None, "clock"))
        self._expect_end(at)

    def _expect_end(self, at: float) -> None:
        self._effects.do(SetTimer(at + self.options.progress_timeout_s, "closed"))

    def _closed(self, happened: inputs.Received, event: t.TranslationClosed) -> None:
        if self._end is None:
            self._end = (ExitCode.OK, "", "")
        self._over()

    def _over(self) -> None:
        """All has come; what is still in the loudspeaker is waited for."""
        self._effects.do(SetTimer(None, "closed"))
        self._all_came = True
        self._passage_over(self._passages.finish())
        self._part_over()
        if not self.playback.unheard:
            self._effects.close(*(self._end or (ExitCode.OK, "", "")))

    # -- sound and words ----------------------------------------------------------------------

    def _microphone_frame(self, happened: inputs.MicrophoneFrame) -> None:
        if self.ready and self._end is None:
            self._append(self.mic_gate.frame(happened.at, happened.audio))

    def _append(self, audio: bytes) -> None:
        self._effects.do(Send(t.TranslationAppend(audio=base64.b64encode(audio).decode("ascii"))))

    def _microphone_ended(self, happened: inputs.MicrophoneEnded) -> None:
        self._finish(happened.at, ExitCode.OK)

    def _translated_sound(self, happened: inputs.Received, event: t.TranslatedAudioDelta) -> None:
        try:
            audio = binascii.a2b_base64(event.delta or "")
        except binascii.Error:
            return
        now = self._passages.sound(len(audio) / BYTES_PER_MS[self.output_format], happened.at)
        part = now.item_id if now else self._part
        if audio:
            if part != self._part:
                self._part_over()
            self._part, self.playback.unheard = part, True
            self._effects.do(Play(part, 0, audio, self.output_format))
            self._expect_more()

    def _source_words(self, happened: inputs.Received, event: t.SourceTextDelta) -> None:
        self._word_at = happened.at

    def _words(self, happened: inputs.Received, event: t.TranslatedTextDelta) -> None:
        self._word_at = happened.at
        self.agent_speaking = True
        self._passage_over(
            self._passages.add(event.delta or "", float(event.elapsed_ms or 0), happened.at), more=True
        )
        self._expect_more()

    def _expect_more(self) -> None:
        if now := self._passages.current:
            self._effects.do(SetTimer(now.at + QUIET_S, "words"))

    def _passage_over(self, one: Passage | None, *, more: bool = False) -> None:
        if one:
            self.responses_done += 1
            self.agent_speaking = more
        if one and not more:
            self._part_over()

    def _part_over(self) -> None:
        if self.playback.unheard:
            self._effects.do(PlayEnd(self._part, 0))

    def _played(self, happened: inputs.Played) -> None:
        if happened.finished and happened.item_id == self._part:
            self.playback.unheard = False
            if self._all_came:
                self._effects.close(*(self._end or (ExitCode.OK, "", "")))

    # -- keys and settings --------------------------------------------------------------------

    def _pressed(self, happened: inputs.Pressed) -> None:
        match happened.key:
            case "mute":
                self.mic_gate.muted = not self.mic_gate.muted
            case "talk":
                self.mic_gate.talking = True
            case "release":
                self.mic_gate.talking = not self.mic_gate.push_to_talk
            case "interrupt" | "commit":
                text = "A translation cannot be cut and has no turns: it follows what is said."
                self._effects.note("info", "session", text)
            case "quit":
                self._finish(happened.at, ExitCode.OK)

    def _typed(self, happened: inputs.Typed) -> None:
        self._effects.note("warning", "session", NO_TEXT)

    def _raw_event(self, happened: inputs.RawEvent) -> None:
        if self.ready:
            self._effects.send(t.translation_client_event(happened.event))
        else:
            self._waiting.append(happened)

    def _settings_changed(self, happened: inputs.SettingsChanged) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        self.requested_session = merged(self.requested_session, happened.patch)
        self._update(happened.patch, by_user=True)

    # -- errors and wake-ups --------------------------------------------------------------------

    def _error(self, happened: inputs.Received, event: s.ErrorEvent) -> None:
        error = event.error
        fault = error_policy.of_error(error.code, error.type)
        self._updates.pop(getattr(error, "event_id", None) or "", None)
        if self.phase in ("connecting", "settling"):
            exit_code = fault.exit_code if fault.verdict == "fatal" else ExitCode.SESSION
            reason = f"The server refused the session: {error_policy.sentence(error)}."
            self._effects.close(exit_code, reason, fault.remedy)
        elif fault.verdict == "fatal":
            reason = f"The server ended the session: {error_policy.sentence(error)}."
            self._effects.close(fault.exit_code, reason, fault.remedy)
        elif fault.verdict == "show":
            self._effects.note("error", "server", error_policy.sentence(error))

    def _undecodable_frame(self, happened: inputs.UndecodableFrame) -> None:
        text = f"The server sent an invalid event: {happened.reason}."
        self._effects.note("warning", "protocol", text)

    def _keep_limits(self, at: float) -> None:
        for warning in self._limits.check(at, self._word_at, self.cost.known_usd, self.cost.unpriced):
            self._effects.note("warning", "limits", warning)
        if self._limits.reached:
            self._finish(at, ExitCode.LIMIT, self._limits.reached, "To go on, raise it under [limits].")
        else:
            self._effects.do(SetTimer(self._limits.next_at(at, self._word_at), "limits"))

    def _timer_fired(self, happened: inputs.TimerFired) -> None:
        at = happened.at
        match happened.name:
            case "first_event" if self.phase == "connecting":
                self._reconnection.silent()
            case "settings" if self.phase == "settling":
                self._begin(at)
            case "clock" if self.ready and self._end is None:
                if silence := self.mic_gate.due(at):
                    self._append(silence)
                self._effects.do(SetTimer(self.mic_gate.next_look(at), "clock"))
            case "words":
                self._passage_over(self._passages.settle(at + 0.001))
            case "limits" if self.ready and self._end is None:
                self._keep_limits(at)
            case "rotate" if self.ready and self._end is None:
                self._reconnection.renew(at, pause=self.idle)
            case "closed" if self._end is not None:
                wait_s = self.options.progress_timeout_s
                text = f"The server sent nothing for {wait_s:g} s after session.close."
                self._effects.note("warning", "session", text)
                self._over()

    def _received(self, happened: inputs.Received) -> None:
        self.cost.observe(Entry(happened.at, "received", happened))
        if self._end is not None:
            self._expect_end(happened.at)
        if handler := _EVENTS.get(type(happened.event)):
            handler(self, happened, happened.event)


_HANDLERS: dict[type, Callable[[TranslationClientSession, Any], None]] = {
    inputs.Connected: TranslationClientSession._connected,
    inputs.Received: TranslationClientSession._received,
    inputs.UndecodableFrame: TranslationClientSession._undecodable_frame,
    inputs.MicrophoneFrame: TranslationClientSession._microphone_frame,
    inputs.MicrophoneEnded: TranslationClientSession._microphone_ended,
    inputs.Pressed: TranslationClientSession._pressed,
    inputs.Typed: TranslationClientSession._typed,
    inputs.RawEvent: TranslationClientSession._raw_event,
    inputs.SettingsChanged: TranslationClientSession._settings_changed,
    inputs.Played: TranslationClientSession._played,
    inputs.TimerFired: TranslationClientSession._timer_fired,
    inputs.Disconnected: TranslationClientSession._disconnected,
}

_EVENTS: dict[type, Callable[[TranslationClientSession, inputs.Received, Any], None]] = {
    s.SessionCreated: TranslationClientSession._created,
    s.SessionUpdated: TranslationClientSession._updated,
    t.TranslationClosed: TranslationClientSession._closed,
    t.TranslatedAudioDelta: TranslationClientSession._translated_sound,
    t.SourceTextDelta: TranslationClientSession._source_words,
    t.TranslatedTextDelta: TranslationClientSession._words,
    s.ErrorEvent: TranslationClientSession._error,
}

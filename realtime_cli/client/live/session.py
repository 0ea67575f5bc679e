"""One Live conversation from the client's side: inputs in, effects out.

Like Realtime's session it has no I/O, but much less to decide: nobody asks for answers and nothing is cut.
That leaves the start, delegated work, typed words, limits, and a graceful end.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from realtime_cli.client import error_policy, inputs
from realtime_cli.client.connection_policy import Reconnection
from realtime_cli.client.cost import load_prices
from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import Effect, Play, Send, SetTimer
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_context import ImageContext
from realtime_cli.client.limits import SessionLimits
from realtime_cli.client.live.appends import appends
from realtime_cli.client.live.backend import Backend
from realtime_cli.client.live.cost import LiveCostFold
from realtime_cli.client.live.delegations import ClientDelegations
from realtime_cli.client.live.spoken_log import SpokenLog, from_items, within_limits
from realtime_cli.client.live.stream import LiveMicGate, LivePlayback
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session_state import SessionState
from realtime_cli.client.settings import merged
from realtime_cli.client.waits import POLL_S, QUIET_S
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live import codec
from realtime_cli.protocol.live import server_events as s
from realtime_cli.protocol.objects import WireFormat, wire_format

CLOSED_WAIT_S = 5.0  # for session.closed; services need less, and some never send it
WORDS_WAIT_S = 3.0  # for more words of an agent that is not heard
ANSWER_WAIT_S = 6.0  # the agent may say nothing about what it heard; stop waiting then
COST_UNKNOWN = "the cost of the last seconds is not known"
TYPED = 'The user typed: "{text}"\nAnswer it aloud, as if it had been said.'
READ_ONLY = 'The user typed, and expects no answer: "{text}"'


class LiveClientSession(SessionState):
    """The client's rules of Live. ``handle`` takes one input and returns what is to be done, in order."""

    streams: ClassVar[bool] = True

    def __init__(self, options: SessionOptions | None = None) -> None:
        self.options = options = options or SessionOptions(protocol="live")
        self.cost = LiveCostFold(load_prices(options.prices), options.model)
        self.playback = LivePlayback()
        self.user_speaking = False
        self.agent_speaking = False
        self.responses_done = 0
        """How often the agent has spoken."""
        self._effects = EffectQueue()
        self.image_context = ImageContext(self._effects, options)
        self._reconnection = Reconnection(self._effects, options)
        self._log = SpokenLog()
        self._past_count = 0  # messages that this session began with
        self._backend = Backend(self._effects, options)
        self._delegations = ClientDelegations(self._effects, options, self._log)
        self.requested_session: dict[str, Any] = dict(options.patch)
        self.effective_session: dict[str, Any] = {}
        self.mic_gate = LiveMicGate(
            self.input_format, push_to_talk=options.push_to_talk, muted=options.start_muted
        )
        self._limits = SessionLimits.of(options)
        self._word_at = 0.0
        self._updates: set[str] = set()  # ids of changes that the server has not answered
        self._answer_by: float | None = None  # until then an answer is waited for
        self.greeted = False
        self._hanging_up = False
        self._input_ended = False
        self._waiting: list[inputs.Typed | inputs.RawEvent | inputs.SettingsChanged] = []
        self._end: tuple[ExitCode, str, str] | None = None  # session.close is out

    # -- what others may ask ------------------------------------------------------------------

    def decoder(self) -> codec.LiveServerDecoder:
        return codec.LiveServerDecoder()

    @property
    def idle(self) -> bool:
        """Nobody speaks, nothing is being worked on, and no answer is to be expected."""
        talk = self.user_speaking or self.agent_speaking or self._answer_by is not None
        return self.ready and not (talk or self._waiting or self._backend.busy or self._delegations.busy)

    @property
    def idle_but_background_tools(self) -> bool:
        """The same as ``idle``: in Live no results come later."""
        return self.idle

    def history(self) -> list[dict[str, Any]]:
        """What was said so far as items, as a new session would be told."""
        return list(self._log.history())

    @property
    def answers_lost(self) -> int:
        """Always 0: in Live no answer is asked for, so none can be missing."""
        return 0

    @property
    def _changes_open(self) -> bool:
        return bool(self._updates)

    @property
    def input_format(self) -> WireFormat:
        format = (self.requested_session.get("audio") or {}).get("format") or {}
        return wire_format(format.get("type"), format.get("rate")) or "audio/pcm"

    @property
    def output_format(self) -> WireFormat:
        return self.input_format

    @property
    def turn_detection(self) -> dict[str, Any] | None:
        """The model itself hears when a turn is over: never manual."""
        return {"type": "model"}

    @property
    def _delegation(self) -> str:
        return str((self.requested_session.get("delegation") or {}).get("type") or "client")

    def farewell(self) -> c.LiveSessionClose | None:
        return c.LiveSessionClose() if self.ready and self._end is None else None

    # -- the one entrance ---------------------------------------------------------------------

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Fold one input and return the effects it has, in the order to perform them."""
        if not self._effects.closed:
            try:
                _HANDLERS[type(happened)](self, happened)
            except ConfigError as error:  # a person asked for what the API does not take
                self._effects.note("error", "settings", str(error))
            if self.ready and self._end is None and not self._effects.closed:
                self._backend.go_on()
                if self._hanging_up and self.idle:
                    self._finish(happened.at, ExitCode.OK)
        return self._effects.take()

    # -- connection ---------------------------------------------------------------------------

    def _connected(self, happened: inputs.Connected) -> None:
        """Start the session: the server says nothing before that."""
        self._reconnection.connected(happened)
        past = [*(self.requested_session.get("input") or ()), *from_items(self.options.seed)]
        past, left_out = within_limits([*past, *self._log.history()])
        if left_out:
            text = (
                f"{left_out} older messages are left out: a session begins with at most 128, of 8,192 tokens."
            )
            self._effects.note("warning", "reconnect", text)
        self._past_count = len(past)
        config = {**self.requested_session, **({"input": past} if past else {})}
        self._effects.send(codec.session_start(config))

    def _started(self, happened: inputs.Received, event: s.LiveSessionStarted) -> None:
        if self.phase != "connecting":
            return
        at = happened.at
        self._reconnection.created(at, getattr(event.session, "expires_at", None))
        self._reconnection.settled(at)
        self._settings(event.session)
        self._log.mark()
        self.mic_gate.begin(at)
        self._word_at = at
        self._effects.do(SetTimer(self.mic_gate.next_look(at), "clock"))
        if self._reconnection.attempt:
            count = self._past_count
            self._effects.note("info", "reconnect", f"A new session began; it knows {count} messages.")
        self._keep_limits(at)
        waiting, self._waiting = self._waiting, []
        if self.options.greet and not self.greeted and not waiting:
            self._say_to_agent(at, self.options.greeting or "Greet the user now, in one sentence.")
        self.greeted = True
        for one in waiting:
            _HANDLERS[type(one)](self, one)

    def _settings(self, session: Any) -> None:
        if session is not None:
            self.effective_session = session.model_dump(mode="json", exclude_unset=True)

    def _updated(self, happened: inputs.Received, event: s.LiveSessionUpdated) -> None:
        self._settings(event.session)
        self._updates.discard(event.client_event_id or "")
        if event.client_event_id is None:
            self._updates.clear()

    def _closed(self, happened: inputs.Received, event: s.LiveSessionClosed) -> None:
        """The server's last event; losing the connection after it is not a failure."""
        self._effects.do(SetTimer(None, "closed"))
        if self._end is not None:
            self._effects.close(*self._end)
        elif event.reason in ("expired", "connection_lost"):
            self._effects.note("info", "rotate", f"The session ended ({event.reason}): a new one begins.")
            self._reconnection.leave(happened.at)
        elif event.reason in (None, "close_requested"):
            self._effects.close(ExitCode.OK)
        else:
            reason = f"The server ended the session: {event.reason}."
            self._effects.close(ExitCode.SESSION, reason)

    def _disconnected(self, happened: inputs.Disconnected) -> None:
        if self._end is not None:
            text = f"The connection dropped before session.closed: {COST_UNKNOWN}."
            self._effects.note("warning", "session", text)
            self._effects.close(*self._end)
            return
        owed = not self.idle
        self.user_speaking = self.agent_speaking = False
        self._answer_by = None
        self._updates.clear()
        self._backend.on_disconnect()
        self._delegations.on_disconnect()
        self._effects.do(SetTimer(None, "clock"))
        self._reconnection.disconnected(happened, owed=owed)

    def _finish(self, at: float, exit_code: ExitCode, reason: str = "", remedy: str = "") -> None:
        """End the session gracefully; when asked a second time, at once."""
        if not self.ready or self._end is not None:
            self._effects.close(exit_code, reason, remedy)
            return
        self._end = (exit_code, reason, remedy)
        self._effects.send(c.LiveSessionClose())
        self._effects.do(SetTimer(at + CLOSED_WAIT_S, "closed"))

    # -- sound --------------------------------------------------------------------------------

    def _microphone_frame(self, happened: inputs.MicrophoneFrame) -> None:
        if self.ready and self._end is None:
            self._append(self.mic_gate.frame(happened.at, happened.audio))

    def _append(self, audio: bytes) -> None:
        encoded = base64.b64encode(audio).decode("ascii")
        self._effects.do(Send(c.LiveInputAudioAppend(audio=encoded)))

    def _microphone_ended(self, happened: inputs.MicrophoneEnded) -> None:
        self._input_ended = True
        self._word_at = max(self._word_at, happened.at)
        self._effects.do(SetTimer(happened.at + QUIET_S, "quiet"))

    def _audio_delta(self, happened: inputs.Received, event: s.LiveOutputAudioDelta) -> None:
        try:
            audio = binascii.a2b_base64(event.delta or "")
        except binascii.Error:
            return
        if audio:
            self.playback.unheard = True
            self._effects.do(Play(*LivePlayback.PART, audio, self.output_format))

    def _played(self, happened: inputs.Played) -> None:
        self.playback.heard_ms = happened.heard_ms

    def _voice_activity(self, happened: inputs.VoiceDetected) -> None:
        """Track who speaks; expect an answer when the user has spoken."""
        self._word_at = happened.at
        if happened.side == "user":
            self.user_speaking = happened.speaking
            if happened.speaking:
                self._backend.user_spoke()
                self._hanging_up = False
            self._expect_answer(None if happened.speaking else happened.at + ANSWER_WAIT_S)
            return
        self.agent_speaking = happened.speaking
        self._expect_answer(None)
        if not happened.speaking:
            self.responses_done += 1

    def _expect_answer(self, until: float | None) -> None:
        self._answer_by = until
        self._effects.do(SetTimer(until, "answer"))

    def _transcript(self, happened: inputs.Received, event: s.LiveTranscriptDelta) -> None:
        user = isinstance(event, s.LiveInputTranscriptDelta)
        side: Literal["user", "assistant"] = "user" if user else "assistant"
        self._log.add(side, event.delta or "", event.start_ms or 0, event.end_ms or 0)
        self._word_at = happened.at
        if user:
            self._delegations.user_spoke(happened.at)
        elif self._answer_by is not None and not self.agent_speaking:  # its sound is too soft to be measured
            self._expect_answer(min(self._answer_by, happened.at + WORDS_WAIT_S))

    # -- keys and words -----------------------------------------------------------------------

    def _pressed(self, happened: inputs.Pressed) -> None:
        match happened.key:
            case "mute":
                self.mic_gate.muted = not self.mic_gate.muted
            case "talk":
                self.mic_gate.talking = True
            case "release":
                self.mic_gate.talking = not self.mic_gate.push_to_talk
            case "interrupt":
                text = "Live has no way to cut the agent off: speak, and it stops by itself."
                self._effects.note("info", "session", text)
            case "commit":
                text = "Live has no turns that one could end: pause, and the agent answers."
                self._effects.note("info", "session", text)
            case "quit":
                self._finish(happened.at, ExitCode.OK)

    def _typed(self, happened: inputs.Typed) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        self._word_at = happened.at
        self._backend.user_spoke()
        if happened.text:
            self._log.typed(happened.text)
        if self._delegation == "responses":
            self._backend.user_message(
                happened.text, happened.images, happened.detail, respond=happened.respond
            )
            if happened.respond:
                self._expect_answer(happened.at + self.options.progress_timeout_s)
            return
        if happened.images:
            text = "A Live agent sees no images; only the backend of Responses delegation does."
            self._effects.note("warning", "image", text)
        if happened.respond:
            self._say_to_agent(happened.at, TYPED.format(text=happened.text))
        else:
            self._send_all(appends("thinking", READ_ONLY.format(text=happened.text)))

    def _say_to_agent(self, at: float, instructions: str) -> None:
        self._send_all(appends("instructions", instructions))
        self._expect_answer(at + self.options.progress_timeout_s)

    def _send_all(self, events: list[Any]) -> None:
        for event in events:
            self._effects.send(event)

    def _raw_event(self, happened: inputs.RawEvent) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        self._effects.send(codec.live_client_event(happened.event))

    def _settings_changed(self, happened: inputs.SettingsChanged) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        patch = {key: value for key, value in happened.patch.items() if key != "type"}
        fixed = sorted(patch.keys() - {"delegation", "triggers"})
        delegation = patch.get("delegation")
        if isinstance(delegation, dict) and delegation.get("type", self._delegation) != self._delegation:
            fixed.append("delegation.type")
        if fixed:
            raise ConfigError(
                f"session.{fixed[0]} is fixed once a Live session has started.",
                "Only session.delegation and session.triggers can be changed; others need a new session.",
            )
        self.requested_session = merged(self.requested_session, patch)
        if isinstance(patch.get("delegation"), dict):
            patch["delegation"] = {"type": self._delegation, **patch["delegation"]}
        self._updates.add(self._effects.send(codec.live_session_update(patch)))

    def _video_frame(self, happened: inputs.VideoFrameCaptured) -> None:
        """Drop the frame: a Live agent sees nothing."""

    def _detail_changed(self, happened: inputs.DetailChanged) -> None:
        self.image_context.detail = happened.detail

    # -- work that is handed over ---------------------------------------------------------------

    def _delegated(self, happened: inputs.Received, event: s.LiveDelegationCreated) -> None:
        given = event.delegation
        self._word_at = happened.at
        if given and given.id and given.target == "client":
            self._delegations.created(happened.at, given.id, event.offset_ms or 0)

    def _backend_event(self, happened: inputs.Received, event: s.LiveBackendEvent) -> None:
        self._word_at = happened.at
        self._backend.event(event.event)

    def _tool_finished(self, happened: inputs.ToolFinished) -> None:
        self._word_at = happened.at
        told = self._delegations.finished(happened)  # it is said within a second or two, if it is said at all
        if told or self._backend.finished(happened):
            self._hanging_up = self._hanging_up or happened.hang_up
            if happened.respond:
                self._expect_answer(
                    happened.at + (ANSWER_WAIT_S if told else self.options.progress_timeout_s)
                )

    def _approval_answered(self, happened: inputs.ApprovalAnswered) -> None:
        if self.ready:
            self._backend.answered(happened)

    def _playback_stopped(self, happened: inputs.PlaybackStopped) -> None:
        """Only the user stops the loudspeaker; the protocol has no event to tell the server."""

    # -- errors and wake-ups ----------------------------------------------------------------------

    def _error(self, happened: inputs.Received, event: s.LiveErrorEvent) -> None:
        error = event.error
        of = event.client_event_id or error.client_event_id
        self._updates.discard(of or "")
        code = str(error.code or error.type or "")
        if self.phase == "connecting":
            fault = error_policy.of_error(error.code, error.type)
            exit_code = fault.exit_code if fault.verdict == "fatal" else ExitCode.SESSION
            reason = f"The server refused the session: {error_policy.sentence(error)}."
            self._effects.close(exit_code, reason, fault.remedy)
            return
        if self._backend.refused(code, of, error.message or ""):
            return
        fault = error_policy.of_error(error.code, error.type)
        if fault.verdict == "fatal":
            reason = f"The server ended the session: {error_policy.sentence(error)}."
            self._effects.close(fault.exit_code, reason, fault.remedy)
        elif fault.verdict == "show":
            self._effects.note("error", "server", error_policy.sentence(error))

    def _info(self, happened: inputs.Received, event: s.LiveInfo) -> None:
        self._effects.note("info", "server", f"{event.message} ({event.code})")

    def _undecodable_frame(self, happened: inputs.UndecodableFrame) -> None:
        text = f"The server sent an invalid event: {happened.reason}."
        self._effects.note("warning", "protocol", text)

    def _keep_limits(self, at: float) -> None:
        if self.user_speaking or self.agent_speaking or self._backend.busy or self._delegations.busy:
            self._word_at = at
        for warning in self._limits.check(at, self._word_at, self.cost.known_usd, self.cost.unpriced):
            self._effects.note("warning", "limits", warning)
        if self._limits.reached:
            remedy = "To go on, raise it under [limits]."
            self._finish(at, ExitCode.LIMIT, self._limits.reached, remedy)
        else:
            self._effects.do(SetTimer(self._limits.next_at(at, self._word_at), "limits"))

    def _timer_fired(self, happened: inputs.TimerFired) -> None:
        at = happened.at
        match happened.name:
            case "first_event" if self.phase == "connecting":
                wait_s = self.options.first_event_timeout_s
                reason = f"Connected, but no session.started within {wait_s:g} s."
                remedy = "Is it a Live server? Check connection.base_url and connection.protocol."
                self._effects.close(ExitCode.CONNECTION, reason, remedy)
            case "clock" if self.ready and self._end is None:
                if silence := self.mic_gate.due(at):
                    self._append(silence)
                self._effects.do(SetTimer(self.mic_gate.next_look(at), "clock"))
            case "delegation" if self.ready:
                self._delegations.begin_due(at)
            case "answer" if self._answer_by is not None:
                self._answer_by = None
            case "limits" if self.ready and self._end is None:
                self._keep_limits(at)
            case "rotate" if self.ready and self._end is None:
                self._reconnection.renew(at, pause=self.idle)
            case "closed" if self._end is not None:
                text = f"No session.closed within {CLOSED_WAIT_S:g} s: {COST_UNKNOWN}."
                self._effects.note("warning", "session", text)
                self._effects.close(*self._end)
            case "quiet" if self._input_ended:
                self._end_when_quiet(at)

    def _end_when_quiet(self, at: float) -> None:
        """The input has ended: end the session once it has been quiet for a while."""
        if self.idle and at >= self._word_at + QUIET_S - 0.001:
            self._finish(at, ExitCode.OK)
        else:
            self._effects.do(SetTimer(max(at + POLL_S, self._word_at + QUIET_S), "quiet"))

    def _received(self, happened: inputs.Received) -> None:
        self.cost.observe(Entry(happened.at, "received", happened))
        handler = _EVENTS.get(type(happened.event))
        if handler:
            handler(self, happened, happened.event)


_HANDLERS: dict[type, Callable[[LiveClientSession, Any], None]] = {
    inputs.Connected: LiveClientSession._connected,
    inputs.Received: LiveClientSession._received,
    inputs.UndecodableFrame: LiveClientSession._undecodable_frame,
    inputs.MicrophoneFrame: LiveClientSession._microphone_frame,
    inputs.MicrophoneEnded: LiveClientSession._microphone_ended,
    inputs.VoiceDetected: LiveClientSession._voice_activity,
    inputs.Pressed: LiveClientSession._pressed,
    inputs.Typed: LiveClientSession._typed,
    inputs.VideoFrameCaptured: LiveClientSession._video_frame,
    inputs.DetailChanged: LiveClientSession._detail_changed,
    inputs.RawEvent: LiveClientSession._raw_event,
    inputs.SettingsChanged: LiveClientSession._settings_changed,
    inputs.Played: LiveClientSession._played,
    inputs.PlaybackStopped: LiveClientSession._playback_stopped,
    inputs.ToolFinished: LiveClientSession._tool_finished,
    inputs.ApprovalAnswered: LiveClientSession._approval_answered,
    inputs.TimerFired: LiveClientSession._timer_fired,
    inputs.Disconnected: LiveClientSession._disconnected,
}

_EVENTS: dict[type, Callable[[LiveClientSession, inputs.Received, Any], None]] = {
    s.LiveSessionStarted: LiveClientSession._started,
    s.LiveSessionUpdated: LiveClientSession._updated,
    s.LiveSessionClosed: LiveClientSession._closed,
    s.LiveOutputAudioDelta: LiveClientSession._audio_delta,
    s.LiveInputTranscriptDelta: LiveClientSession._transcript,
    s.LiveOutputTranscriptDelta: LiveClientSession._transcript,
    s.LiveDelegationCreated: LiveClientSession._delegated,
    s.LiveBackendEvent: LiveClientSession._backend_event,
    s.LiveErrorEvent: LiveClientSession._error,
    s.LiveInfo: LiveClientSession._info,
}

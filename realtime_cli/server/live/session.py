"""One Live session from the server's side: client events and the engine's results in, effects out.

Like the Realtime session it has no I/O, and it uses the same engine. The difference: its clock is the
client's sound. Each step of it feeds ``SpeechInput``, lets ``AgentVoice`` give its next 100 ms, and puts
appends in their place.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import BYTES_PER_MS
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.protocol.codec import UndecodableEvent, parse
from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live import limits
from realtime_cli.protocol.live.client_events import LIVE_CLIENT_EVENTS
from realtime_cli.protocol.live.codec import live_server_event
from realtime_cli.protocol.live.server_events import LiveOutputAudioDelta
from realtime_cli.protocol.objects import wire_format
from realtime_cli.server import inputs
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.client_frame import checked, sound_of
from realtime_cli.server.effects import Effect, Emit, SetDeadline
from realtime_cli.server.event_queue import EventQueue, NewId, random_ids
from realtime_cli.server.live import settings
from realtime_cli.server.live.agent import LiveAgent
from realtime_cli.server.live.appends import AppendQueue
from realtime_cli.server.live.audio_input import SpeechInput
from realtime_cli.server.live.decisions import DecisionMaker
from realtime_cli.server.live.fragments import TranscriptFragment
from realtime_cli.server.live.sound_clock import SoundClock
from realtime_cli.server.settings import Defaults

Json = dict[str, Any]
MAX_AHEAD_MS = 600_000  # sound that came faster than real time
DROP_AFTER_S = 2.0  # how long after its last event the service drops the connection, without a close frame
DROPPED = 1006


class LiveSession:
    """The server's rules. ``handle`` takes one input and returns what is to be done, in order."""

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        new_id: NewId | None = None,
        no_audio_expiry_s: float = limits.NO_AUDIO_EXPIRY_S,
    ) -> None:
        self._defaults = defaults or Defaults()
        self._no_audio_expiry_s = no_audio_expiry_s
        self._events = EventQueue(new_id or random_ids(), live_server_event)
        self.session: Json = {}
        self._unix_s = 0.0  # wall clock at the session's zero
        self._over = False  # session.closed is out, the line will be dropped
        self._started = False
        self._heard_at = 0.0  # when sound came last
        self._muted = False
        self._fixture_plays = False
        self._ahead = bytearray()  # sound that is not due yet: PCM, 24 kHz
        self._blocks_ms = 0  # of output that is out
        self._clock = SoundClock()

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Take one input and return its effects, in the order in which to perform them."""
        late = self._over and not isinstance(happened, inputs.DeadlineReached)
        if not (late or self._events.closed):
            _HANDLERS[type(happened)](self, happened)
        return self._events.take()

    # -- the start and the end --------------------------------------------------------------------

    def _client_connected(self, happened: inputs.ClientConnected) -> None:
        """The server says nothing until ``session.start``."""
        self._unix_s = happened.unix_s - happened.at
        self._heard_at = happened.at
        self._events.do(SetDeadline(happened.at + self._no_audio_expiry_s, "silence"))

    def _start(self, at: float, event: c.LiveSessionStart) -> None:
        if self._started:
            raise ApiError(limits.INVALID_EVENT, "The session has started already.")
        config = event.session.model_dump(exclude_unset=True, mode="json")
        expires_at = int(self._unix_s + at + self._defaults.session_limit_s)
        new_id = self._events.new_id
        self.session = settings.started(config, new_id("live"), expires_at, self._defaults)
        self._started, self._heard_at = True, at
        self._open_parts()
        self._emit("session.started", event, session=self.session)
        if config.get("store"):
            text = "This server stores no sessions: there will be no recording and no fork."
            self._emit("info", code="store_unavailable", message=text)
        self._events.do(
            SetDeadline(at + limits.USAGE_EVERY_S, "usage"),
            SetDeadline(at + self._defaults.session_limit_s, "limit"),
        )

    def _open_parts(self) -> None:
        format = self.session["audio"]["format"]
        found = wire_format(format["type"], format["rate"])
        assert found, format
        self._decoder, self._encoder = AudioDecoder(found), AudioEncoder(found)
        self._appends = AppendQueue(self._events)
        self._decisions = DecisionMaker(self._events)
        self._agent = LiveAgent(
            self._events, self.session, self._emit_fragment, self._decisions, self._wall_clock_s
        )
        self._user_speech = SpeechInput(
            self._events,
            self._defaults.silence_duration_ms,
            on_started=self._agent.user_started,
            on_fragment=lambda fragment: self._emit_fragment("session.input_transcript.delta", fragment),
            on_said=self._agent.user_said,
        )

    def _close(self, at: float, event: c.LiveSessionClose) -> None:
        self._finish(at, "close_requested", event)

    def _finish(self, at: float, reason: str, event: c.LiveClientEventBase | None = None) -> None:
        for fault, of in self._appends.leftovers():
            self._error(fault, of)
        self._emit(
            "session.closed", event, reason=reason, session=self.session, usage={"seconds": self._seconds}
        )
        self._drop_later(at)

    def _drop_later(self, at: float) -> None:
        self._over = True
        for name in ("usage", "limit", "silence", "tick"):
            self._events.do(SetDeadline(None, name))
        self._events.do(SetDeadline(at + DROP_AFTER_S, "drop"))

    def _wall_clock_s(self) -> int:
        return int(self._unix_s + self._clock.position_ms / 1000)

    @property
    def _seconds(self) -> int:
        """What is billed: the session's own clock."""
        return int(self._clock.position_ms / 1000)

    # -- deadlines --------------------------------------------------------------------------------

    def _deadline_reached(self, happened: inputs.DeadlineReached) -> None:
        at = happened.at
        match happened.name:
            case "tick":
                self._advance(at)
            case "usage":
                self._emit(
                    "session.usage.updated",
                    usage={"seconds": self._seconds},
                    context_window={"usage_ratio": self._agent.context.usage_ratio},
                )
                self._events.do(SetDeadline(at + limits.USAGE_EVERY_S, "usage"))
            case "limit":
                self._finish(at, "expired")
            case "silence":
                self._check_silence(at)
            case "drop":
                self._events.close_socket(DROPPED)
            case name:
                self._agent.deadline_reached(at, name)

    def _check_silence(self, at: float) -> None:
        """Sound comes all the time, or the client is gone."""
        due_at = self._heard_at + self._no_audio_expiry_s
        if at < due_at:
            self._events.do(SetDeadline(due_at, "silence"))
        elif self._started:
            self._finish(at, "expired")
        else:
            text = f"No session.start came within {self._no_audio_expiry_s:g} s."
            self._error(ApiError("session_start_timeout", text), None)
            self._drop_later(at)

    # -- client events ----------------------------------------------------------------------------

    def _frame(self, happened: inputs.Frame) -> None:
        """Read, check and obey one frame; a mistake is answered with an error event."""
        event_id = None
        try:
            fields = parse(happened.text)
            event_id = fields["event_id"] if isinstance(fields.get("event_id"), str) else None
            event = self._checked(fields)
            _OBEY[type(event)](self, happened.at, event)
        except UndecodableEvent as error:
            code = "invalid_json" if error.reason.startswith("not JSON") else limits.INVALID_EVENT
            self._error(ApiError(code, f"The server could not read your event: {error.reason}."), None)
        except ApiError as fault:
            self._error(fault, event_id)

    def _checked(self, fields: Json) -> Any:
        kind = LIVE_CLIENT_EVENTS.get(fields["type"])
        if kind is None:
            known = ", ".join(f"'{name}'" for name in LIVE_CLIENT_EVENTS)
            text = f"Invalid value: '{fields['type']}'. Supported values are: {known}."
            raise ApiError(limits.INVALID_VALUE, text, "type")
        if kind is not c.LiveSessionStart and not self._started:
            raise ApiError(limits.INVALID_EVENT, "The session has not started: send session.start first.")
        if kind is c.LiveInputAudioAppend and len(fields) == 2 and isinstance(fields.get("audio"), str):
            return c.LiveInputAudioAppend(audio=fields["audio"])  # fifty a second: skip the full check
        if kind is c.LiveSessionUpdate and isinstance(fields.get("session"), dict):
            settings.refuse_fixed(fields["session"])
        return checked(kind, fields)

    def _update(self, at: float, event: c.LiveSessionUpdate) -> None:
        patch = event.session.model_dump(exclude_unset=True, mode="json")
        self.session = settings.updated(self.session, patch)
        self._agent.session = self.session
        self._emit("session.updated", event, session=self.session)

    def _mute(self, at: float, event: c.LiveInputAudioMute) -> None:
        self._muted = True
        self._emit("session.input_audio.muted", event)

    def _unmute(self, at: float, event: c.LiveInputAudioUnmute) -> None:
        self._muted = False
        self._emit("session.input_audio.unmuted", event)

    def _play_fixture(self, at: float, event: c.LiveFixturePlay) -> None:
        self._refuse_during_fixture()
        pcm = sound_of(event.audio)
        if not pcm or len(pcm) % 2 or len(pcm) > limits.MAX_FIXTURE_MS * BYTES_PER_MS:
            text = "Invalid 'audio'. Expected at most 30 s of 16-bit PCM at 24 kHz."
            raise ApiError(limits.INVALID_VALUE, text, "audio")
        self._fixture_plays = True
        self._emit("session.output_audio.fixture.playing", event)
        self._agent.voice.play(pcm, lambda: self._fixture_over(event))

    def _fixture_over(self, event: c.LiveFixturePlay) -> None:
        self._fixture_plays = False
        self._emit("session.output_audio.fixture.played", event)

    def _refuse_during_fixture(self) -> None:
        if self._fixture_plays:
            raise ApiError(limits.INVALID_EVENT, "A fixture is playing: wait for fixture.played.")

    def _append_context(self, at: float, event: c.LiveContextAppend) -> None:
        self._refuse_during_fixture()
        self._agent.check_append(event)
        self._appends.put(event, self._clock.position_ms)

    def _add_backend_item(self, at: float, event: c.LiveBackendItemCreate) -> None:
        self._agent.add_backend_item(event.item)

    def _create_response(self, at: float, event: c.LiveBackendResponseCreate) -> None:
        self._agent.create_response(at)

    def _decide(self, at: float, event: c.LiveDecisionCreate) -> None:
        self._agent.decide(event.event_id or "")

    def _add_decision_item(self, at: float, event: c.LiveDecisionItemCreate) -> None:
        self._emit("decision.item.created", event, item=self._decisions.add(event.item))

    def _delete_decision_item(self, at: float, event: c.LiveDecisionItemDelete) -> None:
        self._decisions.delete(event.item_id)
        self._emit("decision.item.deleted", event, item_id=event.item_id)

    # -- the clock --------------------------------------------------------------------------------

    def _append_sound(self, at: float, event: c.LiveInputAudioAppend) -> None:
        sound = self._decoder.decode(sound_of(event.audio))
        if self._clock.received_ms - self._clock.position_ms > MAX_AHEAD_MS:
            raise ApiError("input_audio_buffer_full", "More than 10 minutes of sound wait to be due.")
        if self._muted or self._fixture_plays:
            sound = np.zeros_like(sound)
        self._heard_at = at
        self._ahead += sound.astype("<i2", copy=False).tobytes()
        self._clock.receive(at, 2 * len(sound) / BYTES_PER_MS)
        self._advance(at)

    def _advance(self, at: float) -> None:
        """Everything up to what is due now: hear it, say what falls into it."""
        before_ms = self._clock.position_ms
        if self._clock.advance(at):
            due_bytes = 2 * (
                int(self._clock.position_ms * BYTES_PER_MS / 2) - int(before_ms * BYTES_PER_MS / 2)
            )
            self._user_speech.feed(bytes(self._ahead[:due_bytes]))
            del self._ahead[:due_bytes]
            self._agent.listen(self._clock.position_ms, user_speaks=self._user_speech.user_speaks)
            for event in self._appends.due(self._clock.position_ms):
                self._agent.take_append(event)
        while self._blocks_ms + limits.OUTPUT_DELTA_MS <= self._clock.position_ms:
            self._send_block()
        self._events.do(SetDeadline(self._next_due_at(), "tick"))

    def _next_due_at(self) -> float | None:
        return self._clock.due_at(self._blocks_ms + limits.OUTPUT_DELTA_MS)

    def _send_block(self) -> None:
        pcm = self._agent.voice.block(self._blocks_ms)
        self._blocks_ms += limits.OUTPUT_DELTA_MS
        wire = self._encoder.encode(np.frombuffer(pcm, "<i2"))
        delta = base64.b64encode(wire).decode("ascii")
        self._events.do(Emit(LiveOutputAudioDelta(delta=delta)))  # the one event without an id
        self._agent.voice.emit_words()

    def _emit_fragment(self, type: str, fragment: TranscriptFragment) -> None:
        """A fragment of a transcript goes out, and sets off its trigger."""
        event_id = self._emit(type, delta=fragment.text, start_ms=fragment.start_ms, end_ms=fragment.end_ms)
        self._agent.trigger(type, event_id, fragment.text)

    # -- the engine's news ------------------------------------------------------------------------

    def _vad_result(self, happened: inputs.VadResult) -> None:
        self._user_speech.vad_result(happened.at, happened.probabilities)

    def _transcribed(self, happened: inputs.Transcribed) -> None:
        self._user_speech.transcribed(happened.at, happened.ticket, happened.text)

    def _transcription_failed(self, happened: inputs.TranscriptionFailed) -> None:
        self._user_speech.transcribed(happened.at, happened.ticket, "")

    def _generated(self, happened: Any) -> None:
        if fault := self._agent.generated(happened):
            self._error(ApiError("server_error", fault), None, type="server_error")

    # -- what goes out ----------------------------------------------------------------------------

    def _emit(self, type: str, answers: c.LiveClientEventBase | None = None, **fields: Any) -> str:
        """Send an event; ``answers``: the command whose id it carries."""
        if answers is not None and answers.event_id:
            fields["client_event_id"] = answers.event_id
        return self._events.emit(type, **fields)

    def _error(self, fault: ApiError, event_id: str | None, type: str = "invalid_request_error") -> None:
        detail = {"type": type, "code": fault.code, "message": fault.message}
        detail |= {"param": fault.param} if fault.param else {}
        answered = {"client_event_id": event_id} if event_id else {}
        self._events.emit("error", error={**detail, **answered}, **answered)


_NEWS = (
    inputs.TextGenerated,
    inputs.ToolCallGenerated,
    inputs.GenerationDone,
    inputs.GenerationFailed,
    inputs.AudioGenerated,
    inputs.AudioDone,
)
_HANDLERS: dict[type, Callable[[LiveSession, Any], None]] = {
    inputs.ClientConnected: LiveSession._client_connected,
    inputs.Frame: LiveSession._frame,
    inputs.VadResult: LiveSession._vad_result,
    inputs.Transcribed: LiveSession._transcribed,
    inputs.TranscriptionFailed: LiveSession._transcription_failed,
    inputs.DeadlineReached: LiveSession._deadline_reached,
    **dict.fromkeys(_NEWS, LiveSession._generated),
}

_OBEY: dict[type, Callable[[LiveSession, float, Any], None]] = {
    c.LiveSessionStart: LiveSession._start,
    c.LiveSessionUpdate: LiveSession._update,
    c.LiveInputAudioAppend: LiveSession._append_sound,
    c.LiveInputAudioMute: LiveSession._mute,
    c.LiveInputAudioUnmute: LiveSession._unmute,
    c.LiveFixturePlay: LiveSession._play_fixture,
    c.LiveInstructionsAppend: LiveSession._append_context,
    c.LiveThinkingAppend: LiveSession._append_context,
    c.LiveCommentaryAppend: LiveSession._append_context,
    c.LiveDecisionCreate: LiveSession._decide,
    c.LiveDecisionItemCreate: LiveSession._add_decision_item,
    c.LiveDecisionItemDelete: LiveSession._delete_decision_item,
    c.LiveBackendItemCreate: LiveSession._add_backend_item,
    c.LiveBackendResponseCreate: LiveSession._create_response,
    c.LiveSessionClose: LiveSession._close,
}

"""One conversation from the client's side: inputs in, effects out.

Nothing here reads a clock, awaits or touches a device; ``handle`` is an ordinary function, and the
same inputs always give the same effects. That is what lets a recording be verified.
"""

from __future__ import annotations

import base64
import binascii
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from realtime_cli.client import faults, inputs, settings
from realtime_cli.client.calls import Call, Calls, Round
from realtime_cli.client.conversation import Conversation
from realtime_cli.client.cost import CostFold, load_prices
from realtime_cli.client.effects import (
    AskApproval,
    CallTool,
    CancelTool,
    Close,
    Duck,
    Effect,
    Note,
    Play,
    PlayEnd,
    Reconnect,
    Send,
    StopPlayback,
    WakeAt,
    WireFormat,
)
from realtime_cli.client.hearing import BYTES_PER_MS, Hearing
from realtime_cli.client.limits import Limits
from realtime_cli.client.playback import Playback, truncations
from realtime_cli.client.turns import Turns
from realtime_cli.config.connection import ProviderName
from realtime_cli.config.providers import for_provider
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import codec
from realtime_cli.protocol import server_events as s
from realtime_cli.protocol.objects import FunctionCall, Item, McpApprovalRequest, McpCall
from realtime_cli.recording.entry import Entry

SETTINGS_TIMEOUT_S = 5.0  # some servers never send session.updated: then go on without it
ROTATE_BEFORE_S = 120.0  # a new socket is wanted this long before the old one expires, in a pause
ROTATE_AT_LAST_S = 5.0  # and this long before it, pause or not
ROTATION_FRAMES = 150  # 3 s of microphone sound are kept while the sockets change
LIMIT_GRACE_S = 10.0  # a limit lets the sentence end, but not for ever
LATE_RESULT_PAUSE_S = 1.5  # how long nobody must have spoken before a result is told that nobody waited for
QUIET_S = 2.0  # after the input ended: how long nothing must happen before the session ends


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What the agent file decides for the session (``patch`` is the API's session object)."""

    patch: dict[str, Any] = field(default_factory=lambda: {"type": "realtime"})
    provider: ProviderName = "openai"
    seed: tuple[dict[str, Any], ...] = ()
    greet: bool = False
    greeting: str | None = None
    push_to_talk: bool = False
    start_muted: bool = False
    pre_roll_ms: int = 300
    tool_rounds: int = 8
    tools_not_awaited: tuple[str, ...] = ()
    tools_cut_by_interruption: tuple[str, ...] = ()
    first_event_timeout_s: float = 10.0
    progress_timeout_s: float = 30.0
    barge_in: Literal["immediate", "duck", "never"] = "immediate"
    barge_in_after_ms: int = 300
    reconnect_tries: int = 5
    reconnect_first_s: float = 0.5
    reconnect_longest_s: float = 8.0
    limit_cost_usd: float | None = None
    limit_minutes: float | None = None
    limit_idle_minutes: float | None = None
    prices: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    random_seed: int = 0


Phase = Literal["connecting", "settling", "ready", "lost", "over"]


class ClientSession:
    """The client's rules. ``handle`` takes one input and returns what is to be done, in order."""

    def __init__(self, options: SessionOptions | None = None) -> None:
        self.options = options or SessionOptions()
        self.conversation = Conversation()
        self.turns = Turns()
        self.calls = Calls(self.options.tools_not_awaited)
        self.playback = Playback()
        self.phase: Phase = "connecting"
        self.wanted_session = dict(self.options.patch)
        self.effective_session: dict[str, Any] = {}
        self.user_speaking = False
        self.responses_done = 0
        self.hearing = Hearing(
            push_to_talk=self.options.push_to_talk,
            manual=self._manual,
            muted=self.options.start_muted,
            pre_roll_ms=self.options.pre_roll_ms,
        )
        self.hearing.format = self.input_format
        self._effects: list[Effect] = []
        self._waiting: list[inputs.Typed | inputs.Asked | inputs.Patched] = []
        self._event_count = 0
        self._updates: dict[str, dict[str, Any]] = {}
        self._settling_event: str | None = None
        self._attempt = 0
        self._failures = 0
        self._greeted = False
        self._rounds = 0
        self._asked_about: set[str] = set()
        self._hanging_up: set[str] = set()
        self._user_spoke_at = float("-inf")
        self._last_response_asked = 0.0
        self._hearing_ended_at: float | None = None
        self._last_activity = 0.0
        self._unix_at_connect = 0.0
        self._connected_at = 0.0
        self._expires_at: float | None = None
        self._rotating = False
        self._kept_frames: deque[bytes] = deque(maxlen=ROTATION_FRAMES)
        self._ducked = False
        self.cost = CostFold(load_prices(self.options.prices), self.options.model)
        self._limits = Limits(
            cost_usd=self.options.limit_cost_usd,
            minutes=self.options.limit_minutes,
            idle_minutes=self.options.limit_idle_minutes,
        )
        self._limit_reached_at: float | None = None
        self._random = random.Random(self.options.random_seed)

    # -- what others may ask ------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """The settings are in force: sound and text may flow."""
        return self.phase == "ready"

    @property
    def idle(self) -> bool:
        """Nobody owes anybody an answer: no response, no tool, no unheard sound, nothing waiting."""
        return self.resting and not self.calls.pending_aside

    @property
    def resting(self) -> bool:
        """The talk may go on: what still runs are tools that it does not wait for."""
        busy = self.calls.pending or self.playback.unheard or self.user_speaking or self._waiting
        return self.ready and self.turns.idle and not busy and not self._asked_about

    @property
    def input_format(self) -> WireFormat:
        return self._format("input")

    @property
    def output_format(self) -> WireFormat:
        return self._format("output")

    def _format(self, side: str) -> WireFormat:
        for session in (self.effective_session, self.wanted_session):
            kind = _at(session, "audio", side, "format", "type")
            if kind in BYTES_PER_MS:
                return kind  # type: ignore[no-any-return]
        return "audio/pcm"

    @property
    def turn_detection(self) -> dict[str, Any] | None:
        """The detection in force; None means manual turns."""
        for session in (self.effective_session, self.wanted_session):
            audio_input = _at(session, "audio", "input")
            if isinstance(audio_input, dict) and "turn_detection" in audio_input:
                return audio_input["turn_detection"]  # type: ignore[no-any-return]
        return {"type": "server_vad"}

    @property
    def _manual(self) -> bool:
        return self.turn_detection is None

    @property
    def _server_interrupts(self) -> bool:
        detection = self.turn_detection
        return detection is not None and detection.get("interrupt_response") is not False

    # -- the one entrance ---------------------------------------------------------------------

    def handle(self, happened: inputs.Input) -> list[Effect]:
        """Fold one input and return the effects it has, in the order to perform them."""
        self._effects = []
        if self.phase != "over":
            try:
                _HANDLERS[type(happened)](self, happened)
            except ConfigError as error:  # a person asked for what the API does not take
                self._note("error", "settings", str(error))
            if self.ready:
                self._go_on(happened.at)
        return self._effects

    def _do(self, *effects: Effect) -> None:
        self._effects.extend(effects)

    def _send(self, event: c.ClientEvent) -> str:
        """Send an event under an id of ours, so that an error can be matched; returns the id."""
        self._event_count += 1
        event_id = event.event_id or f"c{self._event_count}"
        self._do(Send(event.model_copy(update={"event_id": event_id})))
        return event_id

    def _session_update(self, patch: dict[str, Any]) -> c.SessionUpdate:
        return codec.session_update(for_provider(patch, self.options.provider))

    def _note(self, level: Literal["debug", "info", "warning", "error"], topic: str, text: str) -> None:
        self._do(Note(level, topic, text))

    def _close(self, exit_code: ExitCode, reason: str = "", remedy: str = "") -> None:
        self.phase = "over"
        self._do(Close(exit_code, reason, remedy))

    # -- connection ---------------------------------------------------------------------------

    def _connected(self, happened: inputs.Connected) -> None:
        self._attempt = happened.attempt
        self._connected_at, self._unix_at_connect = happened.at, happened.unix_s
        self.phase = "connecting"
        self._do(WakeAt(happened.at + self.options.first_event_timeout_s, "first_event"))

    def _disconnected(self, happened: inputs.Disconnected) -> None:
        verdict = faults.of_close(happened.code, happened.reason)
        self._lose_the_wire()
        if self._rotating:
            self._do(Reconnect(happened.at))
        elif verdict.verdict != "renew":
            reason = f"The server closed the connection ({happened.code} {happened.reason}".rstrip() + ")."
            self._close(verdict.exit_code, "" if verdict.exit_code == ExitCode.OK else reason, verdict.remedy)
        elif self._failures >= self.options.reconnect_tries:
            self._close(
                ExitCode.CONNECTION,
                f"The connection was lost ({happened.code} {happened.reason}".rstrip()
                + f") and {self._failures} tries did not bring it back.",
                "Check the network and the server, then talk on with --continue.",
            )
        else:
            self._reconnect(happened)

    def _reconnect(self, happened: inputs.Disconnected) -> None:
        pause_s = min(self.options.reconnect_longest_s, self.options.reconnect_first_s * 2**self._failures)
        pause_s *= 0.75 + self._random.random() / 2  # jitter, so that many clients do not return at once
        self._failures += 1
        why = f"{happened.code} {happened.reason}".strip()
        self._note(
            "warning", "reconnect", f"Connection lost ({why}); try {self._failures} in {pause_s:.1f} s."
        )
        self._do(Reconnect(happened.at + pause_s))

    def _plan_rotation(self, expires_at: float | None) -> None:
        """A session ends after an hour (API reference, limits): a new socket takes over in a pause before."""
        if not expires_at or not self._unix_at_connect:
            return
        self._expires_at = self._connected_at + expires_at - self._unix_at_connect
        early_s = min(ROTATE_BEFORE_S, (self._expires_at - self._connected_at) / 4)
        self._do(WakeAt(self._expires_at - early_s, "rotate"))

    def _rotate_in_a_pause(self, at: float) -> None:
        at_last = self._expires_at is not None and at >= self._expires_at - ROTATE_AT_LAST_S
        if self.idle or at_last:
            self._rotating = True
            self._note("info", "rotate", "The session is about to expire: changing to a new connection.")
            self._do(Reconnect(at))
        else:
            self._do(WakeAt(at + 0.25, "rotate"))

    def _lose_the_wire(self) -> None:
        self.phase = "lost"
        self.user_speaking = False
        self.turns.lost()
        self.calls.lost()
        self._asked_about.clear()
        self.hearing.lost()
        self._updates.clear()
        self._do(WakeAt(None, "first_event"), WakeAt(None, "settings"), WakeAt(None, "progress"))

    def _session_created(self, happened: inputs.Received, event: s.SessionCreated) -> None:
        if self.phase != "connecting":
            return
        self.phase = "settling"
        self.effective_session = _wire(event.session)
        update = self._session_update(self.wanted_session)
        self._settling_event = self._send(update)
        self._updates[self._settling_event] = self.wanted_session
        self._do(WakeAt(None, "first_event"), WakeAt(happened.at + SETTINGS_TIMEOUT_S, "settings"))
        self._plan_rotation(getattr(event.session, "expires_at", None))

    def _session_updated(self, happened: inputs.Received, event: s.SessionUpdated) -> None:
        self.effective_session = _wire(event.session)
        self.hearing.format, self.hearing.manual = self.input_format, self._manual
        if self._updates:
            asked = self._updates.pop(next(iter(self._updates)))
            for difference in settings.differences(asked, self.effective_session):
                self._note("warning", "settings", difference)
        if self.phase == "settling":
            self._settle(happened.at)

    def _settle(self, at: float) -> None:
        """The settings are in force: tell the history (on a new socket), then begin."""
        self.phase = "ready"
        self._failures = 0
        self._do(WakeAt(None, "settings"))
        self._keep_limits(at)
        past = self.conversation.history(self.calls.owed) if self._attempt else list(self.options.seed)
        if self._attempt:
            self.conversation = Conversation()
            self._note("info", "reconnect", f"Connected again; {len(past)} items of history sent.")
        for item in past:
            self._send(c.ConversationItemCreate.model_validate({"item": item}))
        self._rotating = False
        while self._kept_frames:
            self._append(self._kept_frames.popleft())
        waiting, self._waiting = self._waiting, []
        if self.options.greet and not self._greeted and not waiting:
            self.turns.want({"instructions": self.options.greeting} if self.options.greeting else None)
        self._greeted = True
        for happened in waiting:
            _HANDLERS[type(happened)](self, happened)

    # -- sound in -----------------------------------------------------------------------------

    def _heard(self, happened: inputs.Heard) -> None:
        if not self.ready:
            if self._rotating and self.hearing.open:
                self._kept_frames.append(happened.audio)
            return
        if self._manual and self._hearing_ended_at is not None:
            return  # the silence behind a file is for voice detection only
        for frame in self.hearing.frames(happened.at, happened.audio):
            self._append(frame)

    def _append(self, frame: bytes) -> None:
        audio = base64.b64encode(frame).decode("ascii")
        self._do(Send(c.InputAudioBufferAppend(audio=audio)))

    def _hearing_ended(self, happened: inputs.HearingEnded) -> None:
        self._hearing_ended_at = happened.at
        self._last_activity = happened.at
        if self._manual:
            self._commit()
        self._do(WakeAt(happened.at + QUIET_S, "quiet"))

    def _commit(self) -> None:
        """End a manual turn. Under 100 ms there is nothing to commit: the server would refuse it."""
        if not self.hearing.can_commit:
            self._send(c.InputAudioBufferClear())
        else:
            self._send(c.InputAudioBufferCommit())
            self._user_goes_on()
            self.turns.want()
        self.hearing.committed()

    def _pressed(self, happened: inputs.Pressed) -> None:
        match happened.key:
            case "mute":
                self.hearing.toggle_mute(happened.at)
            case "talk":
                self._talk()
            case "release":
                if self.hearing.release(happened.at) and self._manual and self.ready:
                    self._commit()
            case "interrupt":
                self._interrupt("key")
            case "quit":
                self._close(ExitCode.OK)

    def _talk(self) -> None:
        if self.hearing.talk() and self.ready:
            self._interrupt("key")
            if self._manual:
                self._send(c.InputAudioBufferClear())
                self.hearing.committed()

    # -- turns --------------------------------------------------------------------------------

    def _speech_started(self, happened: inputs.Received, event: s.InputAudioBufferSpeechStarted) -> None:
        self.user_speaking = self.hearing.server_hears_speech = True
        self._user_goes_on()
        if self.options.barge_in == "duck":
            self._duck(happened.at)
        elif self._server_interrupts and self.options.barge_in == "immediate":
            self.turns.cut(self.turns.active_id)
            if self.playback.unheard:
                self._stop_playback("server_vad")
            self._cut_tools()

    def _duck(self, at: float) -> None:
        """Lower the voice; only speech that lasts becomes an interruption, a cough does not."""
        if self.playback.unheard and not self._ducked:
            self._ducked = True
            self._do(Duck(True), WakeAt(at + self.options.barge_in_after_ms / 1000, "barge_in"))

    def _unduck(self) -> None:
        if self._ducked:
            self._ducked = False
            self._do(Duck(False), WakeAt(None, "barge_in"))

    def _speech_stopped(self, happened: inputs.Received, event: s.InputAudioBufferSpeechStopped) -> None:
        self.user_speaking = self.hearing.server_hears_speech = False
        self._user_spoke_at = happened.at
        self._unduck()

    def _committed(self, happened: inputs.Received, event: s.InputAudioBufferCommitted) -> None:
        self.user_speaking = self.hearing.server_hears_speech = False
        self.hearing.committed()
        if event.item_id:
            self.conversation.record(event.item_id, role="user")

    def _interrupt(self, cause: inputs.Cause) -> None:
        """Stop what is being said; the queue goes first, then the server hears of it."""
        active = self.turns.active_id
        self._hanging_up.clear()
        self.turns.cut(active)
        if self.playback.unheard:
            self._stop_playback(cause)
        if active is not None and self.ready:
            self._send(c.ResponseCancel())
        self._cut_tools()

    def _cut_tools(self) -> None:
        """End the calls that an interruption ends; the model is told, so that no call stays open."""
        for call in self.calls.running:
            if call.name in self.options.tools_cut_by_interruption and not call.remote:
                self._do(CancelTool(call.call_id))
                self.calls.finished(call.call_id, "Ended: the user interrupted.", respond=False)

    def _user_goes_on(self) -> None:
        """The user said something: tool rounds count anew, and nobody hangs up on a speaker."""
        self._rounds = 0
        self._hanging_up.clear()

    def _stop_playback(self, cause: inputs.Cause) -> None:
        for response_id in self.playback.response_ids:
            self.turns.cut(response_id)
        self._do(StopPlayback(cause))

    def _playback_stopped(self, happened: inputs.PlaybackStopped) -> None:
        received = {}
        for item in happened.items:
            if not item.finished:
                part = (item.item_id, item.content_index)
                received[part] = self.conversation.received_ms(*part)
                self.conversation.cut(*part, item.heard_ms)
        active = {item.item_id for item in happened.items} if self.turns.busy else set()
        self.playback.stopped()
        if self.ready:
            for event in truncations(happened.items, received, active):
                self._send(event)

    def _played(self, happened: inputs.Played) -> None:
        if happened.finished:
            self.playback.finished(happened.item_id, happened.content_index)

    def _typed(self, happened: inputs.Typed) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        if happened.respond:
            self._interrupt("typed")
        content: list[dict[str, Any]] = [_image(url, happened.detail) for url in happened.images]
        if happened.text:
            content.append({"type": "input_text", "text": happened.text})
        item = {"type": "message", "role": "user", "content": content}
        self._send(c.ConversationItemCreate.model_validate({"item": item}))
        self._user_goes_on()
        if happened.respond:
            self.turns.want()

    def _asked(self, happened: inputs.Asked) -> None:
        if not self.ready:
            self._waiting.append(happened)
            return
        event = codec.client_event(happened.event)
        if isinstance(event, c.ResponseCreate):
            self.turns.want(dict(happened.event.get("response") or {}))
        elif isinstance(event, c.SessionUpdate):
            self._patch(dict(happened.event.get("session") or {}))
        else:
            if isinstance(event, c.InputAudioBufferCommit | c.InputAudioBufferClear):
                self.hearing.committed()
            self._send(event)

    def _patched(self, happened: inputs.Patched) -> None:
        if self.ready:
            self._patch(happened.patch)
        else:
            self._waiting.append(happened)

    def _patch(self, patch: dict[str, Any]) -> None:
        model = patch.get("model")
        if model is not None and model != self.effective_session.get("model"):
            self._note(
                "error",
                "settings",
                "The model is chosen when the connection is opened: it cannot be changed in a session. Start a new one with --set connection.model=...",
            )
            patch = {key: value for key, value in patch.items() if key != "model"}
        kind = self.wanted_session.get("type", "realtime")
        patch = {"type": kind, **{key: value for key, value in patch.items() if key != "type"}}
        if len(patch) > 1:
            update = self._session_update(patch)
            self.wanted_session = settings.merged(self.wanted_session, patch)
            self._updates[self._send(update)] = patch

    # -- responses ----------------------------------------------------------------------------

    def _go_on(self, at: float) -> None:
        """After every input: outputs that may go out, then a response that may be asked for."""
        for call in self.calls.outputs_to_send():
            self._send_output(call)
        for over in self.calls.rounds_over():
            if not over.cancelled and self._wants_an_answer(over):
                self._answer_with_tools()
        if self.calls.ended_aside and self.resting:
            self._tell_late_results(at)
        if self._hanging_up and self.resting and not self._hanging_up & self.calls.owed:
            self._close(ExitCode.OK)
            return
        while (params := self.turns.next_request()) is not None:
            body = {"response": params} if params else {}
            self.turns.asked(self._send(c.ResponseCreate.model_validate(body)), params)
            self._do(WakeAt(at + self.options.progress_timeout_s, "progress"))

    def _send_output(self, call: Call) -> None:
        item = {"type": "function_call_output", "call_id": call.call_id, "output": call.output}
        self._send(c.ConversationItemCreate.model_validate({"item": item}))

    def _wants_an_answer(self, over: Round) -> bool:
        """Whether the model is asked to speak about results; a goodbye is not said twice."""
        if over.spoke and any(call.call_id in self._hanging_up for call in over.calls):
            return False
        return any(call.respond for call in over.calls)

    def _tell_late_results(self, at: float) -> None:
        """Results of calls that were not waited for go out in a pause, so that they interrupt nobody."""
        pause_ends = self._user_spoke_at + LATE_RESULT_PAUSE_S
        if at < pause_ends - 0.001:
            self._do(WakeAt(pause_ends, "late_results"))
            return
        told = self.calls.outputs_aside()
        for call in told:
            self._send_output(call)
        if any(call.respond for call in told):
            self._answer_with_tools()

    def _answer_with_tools(self) -> None:
        self._rounds += 1
        if self._rounds < self.options.tool_rounds:
            self.turns.want()
        else:
            self._note(
                "warning",
                "tools",
                f"{self._rounds} rounds of tool calls without a word from the user: the next answer has none.",
            )
            self.turns.want({"tool_choice": "none"})

    def _response_created(self, happened: inputs.Received, event: s.ResponseCreated) -> None:
        self.turns.created(event.response)
        self._do(WakeAt(happened.at + self.options.progress_timeout_s, "progress"))

    def _response_done(self, happened: inputs.Received, event: s.ResponseDone) -> None:
        response = event.response
        aside = self.turns.is_aside(response.id)
        cut = self.turns.is_cut(response.id)
        self.responses_done += 1
        self.turns.done(response)
        for item in response.output or ():
            if isinstance(item, FunctionCall):
                self._begin_call(response.id or "", item, whole=response.status == "completed")
            self._hosted(response.id, item)
            if not aside:
                self.conversation.added(item)
        if not aside and not cut:
            for item in response.output or ():
                self._end_parts(item)
        cancelled = response.status == "cancelled"
        spoke = any(item.type == "message" for item in response.output or ())
        self.calls.response_done(response.id or "", cancelled=cancelled, spoke=spoke)
        if response.status == "failed":
            self._failed(response)
        elif response.status == "incomplete":
            self._note("warning", "response", f"The answer is incomplete ({_reason(response)}).")
        if not self.turns.busy:
            self._do(WakeAt(None, "progress"))
        self._keep_limits(happened.at)

    def _failed(self, response: Any) -> None:
        code, message = _failure(response)
        fault = faults.of_error(code)
        if fault.verdict == "fatal":
            self._close(fault.exit_code, f"The server refused to answer: {message} ({code}).", fault.remedy)
        else:
            self._note("error", "response", f"The answer failed: {message or code or 'no reason given'}.")

    def _end_parts(self, item: Item) -> None:
        """Servers may leave out ``output_audio.done``: nothing more of this item will come."""
        if not item.id:
            return
        for index in range(len(getattr(item, "content", None) or ()) or 1):
            if self.playback.is_queued(item.id, index):
                self._do(PlayEnd(item.id, index))

    def _item_added(self, happened: inputs.Received, event: Any) -> None:
        if event.item is None:
            return
        self.conversation.added(event.item, getattr(event, "previous_item_id", None))
        if not self.turns.busy:  # one of a response comes with the response's own events
            self._hosted(None, event.item)

    def _output_item_added(self, happened: inputs.Received, event: s.ResponseOutputItemAdded) -> None:
        if isinstance(event.item, FunctionCall):
            self.calls.named(event.item.call_id, event.item.name)
        self._hosted(event.response_id, event.item)
        if event.item is not None and not self.turns.is_aside(event.response_id):
            self.conversation.added(event.item)

    def _output_item_done(self, happened: inputs.Received, event: s.ResponseOutputItemDone) -> None:
        self._output_item_added(happened, event)  # type: ignore[arg-type]
        if isinstance(event.item, FunctionCall):
            whole = event.item.status in ("completed", None)
            self._begin_call(event.response_id or "", event.item, whole=whole)

    def _arguments_done(self, happened: inputs.Received, event: s.ResponseFunctionCallArgumentsDone) -> None:
        self._run(event.response_id or "", event.call_id, event.name, event.arguments, whole=False)

    def _begin_call(self, response_id: str, item: FunctionCall, *, whole: bool) -> None:
        self._run(response_id, item.call_id, item.name, item.arguments, whole=whole)

    def _run(
        self, response_id: str, call_id: str | None, name: str | None, arguments: str | None, *, whole: bool
    ) -> None:
        call = self.calls.begin(response_id, call_id, name, arguments, whole=whole)
        if call:
            self._do(CallTool(call.call_id, call.name, call.arguments))

    def _tool_finished(self, happened: inputs.ToolFinished) -> None:
        self.calls.finished(happened.call_id, happened.output, respond=happened.respond)
        if happened.hang_up:
            self._hanging_up.add(happened.call_id)

    # -- tools that the server runs -----------------------------------------------------------

    def _hosted(self, response_id: str | None, item: Item | None) -> None:
        """Fold an ``mcp_call``, or ask the user about an ``mcp_approval_request``.

        A call comes outside of any response if it had to be approved; others there are history.
        """
        if not item or not item.id:
            return
        name = f"{getattr(item, 'server_label', None)}.{getattr(item, 'name', None)}"
        if isinstance(item, McpCall):
            if response_id or item.approval_request_id:
                self.calls.begin_remote(response_id, item.id, name)
            if item.output is not None or item.error is not None:
                self.calls.finished_remote(item.id)
        elif (
            isinstance(item, McpApprovalRequest)
            and response_id
            and item.arguments
            and self.calls.first_sight(item.id)
        ):
            self._asked_about.add(item.id)
            self._do(AskApproval(item.id, name, item.arguments))

    def _approval_answered(self, happened: inputs.ApprovalAnswered) -> None:
        """Tell the server; after a refusal the model is asked to go on, for no call will bring it to."""
        if happened.call_id not in self._asked_about:
            return
        self._asked_about.discard(happened.call_id)
        if not self.ready:
            return  # the request went with its socket
        approve = happened.verdict != "no"
        item = {
            "type": "mcp_approval_response",
            "approval_request_id": happened.call_id,
            "approve": approve,
            **({"reason": happened.text} if happened.text else {}),
        }
        self._send(c.ConversationItemCreate.model_validate({"item": item}))
        if not approve:
            self._answer_with_tools()

    def _hosted_call_over(self, happened: inputs.Received, event: s.McpCallEvent) -> None:
        self.calls.finished_remote(event.item_id or "")

    def _hosted_list_failed(self, happened: inputs.Received, event: s.McpListToolsFailed) -> None:
        self._note("error", "tools", "The server could not list the tools of an MCP server of the session.")

    def _audio_delta(self, happened: inputs.Received, event: s.ResponseOutputAudioDelta) -> None:
        if self.turns.is_cut(event.response_id) or not event.delta or not event.item_id:
            return
        try:
            audio = base64.b64decode(event.delta, validate=True)
        except (binascii.Error, ValueError):
            self._note("warning", "protocol", "An audio delta was not base64; it is left out.")
            return
        if self.output_format == "audio/pcm" and len(audio) % 2:
            self._note("warning", "protocol", "An audio delta had half a sample at its end; it is left out.")
            audio = audio[:-1]
        index = event.content_index or 0
        self.conversation.received(event.item_id, index, len(audio) / BYTES_PER_MS[self.output_format])
        self.playback.queued(event.item_id, index, event.response_id)
        self._do(Play(event.item_id, index, audio, self.output_format))

    def _audio_done(self, happened: inputs.Received, event: s.ResponseOutputAudioDone) -> None:
        index = event.content_index or 0
        if event.item_id and self.playback.is_queued(event.item_id, index):
            self._do(PlayEnd(event.item_id, index))

    def _text_delta(self, happened: inputs.Received, event: Any) -> None:
        if event.item_id and event.delta and not self.turns.is_aside(event.response_id):
            self.conversation.spoke(event.item_id, event.content_index or 0, event.delta)

    def _transcript_done(self, happened: inputs.Received, event: s.ResponseOutputAudioTranscriptDone) -> None:
        if event.item_id and event.transcript and not self.turns.is_aside(event.response_id):
            self.conversation.spoke(event.item_id, event.content_index or 0, event.transcript, whole=True)

    def _text_done(self, happened: inputs.Received, event: s.ResponseOutputTextDone) -> None:
        if event.item_id and event.text and not self.turns.is_aside(event.response_id):
            self.conversation.spoke(event.item_id, event.content_index or 0, event.text, whole=True)

    def _user_delta(self, happened: inputs.Received, event: Any) -> None:
        if event.item_id and event.delta:
            self.conversation.heard_by_server(
                event.item_id, event.content_index or 0, event.delta, whole=False
            )

    def _user_completed(self, happened: inputs.Received, event: Any) -> None:
        if event.item_id:
            text = event.transcript or ""
            self.conversation.heard_by_server(event.item_id, event.content_index or 0, text, whole=True)

    def _item_deleted(self, happened: inputs.Received, event: s.ConversationItemDeleted) -> None:
        self.conversation.deleted(event.item_id or "")

    # -- errors and wake-ups ------------------------------------------------------------------

    def _error(self, happened: inputs.Received, event: s.ErrorEvent) -> None:
        error = event.error
        code = error.code
        update = self._updates.pop(error.event_id or "", None)
        if update is not None:
            self._update_refused(happened.at, error, update)
            return
        retry = code == "conversation_already_has_active_response"
        mine = self.turns.refused(error.event_id or "", retry=retry)
        fault = faults.of_error(code)
        if fault.verdict == "fatal":
            self._close(
                fault.exit_code, f"The server ended the session: {error.message} ({code}).", fault.remedy
            )
        elif fault.verdict == "show" or (mine and not retry):
            about = f", {error.param}" if error.param else ""
            self._note("error", "server", f"{error.message} ({code or error.type}{about})")

    def _update_refused(self, at: float, error: Any, update: dict[str, Any]) -> None:
        """One bad key must not lose the rest: say which it was, and send the others again."""
        about = f", {error.param}" if error.param else ""
        self._note("error", "settings", f"{error.message} ({error.code or error.type}{about})")
        rest = settings.without(update, error.param or "")
        if rest and len(rest) > 1:
            again = self._send(self._session_update(rest))
            self._updates[again] = rest
        elif self.phase == "settling":
            self._settle(at)

    def _garbled(self, happened: inputs.Garbled) -> None:
        self._note("warning", "protocol", f"The server sent something that is no event: {happened.reason}.")

    def _woke(self, happened: inputs.Woke) -> None:
        match happened.name:
            case "first_event" if self.phase == "connecting":
                self._close(
                    ExitCode.CONNECTION,
                    f"Connected, but no session.created within {self.options.first_event_timeout_s:g} s.",
                    "Is it a Realtime server? Check connection.base_url.",
                )
            case "settings" if self.phase == "settling":
                self._note(
                    "warning", "settings", "The server did not answer session.update; going on without it."
                )
                self._updates.clear()
                self._settle(happened.at)
            case "progress" if self.turns.busy:
                self._no_progress(happened.at)
            case "barge_in" if self._ducked:
                self._unduck()
                self._interrupt("policy")
            case "rotate" if self.ready:
                self._rotate_in_a_pause(happened.at)
            case "limits":
                self._keep_limits(happened.at)
            case "quiet" if self._hearing_ended_at is not None:
                self._end_when_quiet(happened.at)

    def _keep_limits(self, at: float) -> None:
        """Warn at 80 %; at 100 % let the sentence end, then the session."""
        for warning in self._limits.check(at, self._last_activity, self.cost.total_usd):
            self._note("warning", "limits", warning)
        if self._limits.reached is None:
            self._do(WakeAt(self._limits.next_at(at, self._last_activity), "limits"))
            return
        if self._limit_reached_at is None:
            self._limit_reached_at = at
            self.turns.forget_wishes()
            if not self.idle:
                self._note("warning", "limits", self._limits.reached)
        if self.idle or at - self._limit_reached_at >= LIMIT_GRACE_S:
            self._close(
                ExitCode.LIMIT, self._limits.reached, "Raise it under [limits] if that was too early."
            )
        else:
            self._do(WakeAt(at + 0.25, "limits"))

    def _no_progress(self, at: float) -> None:
        since = at - self._last_activity
        if since < self.options.progress_timeout_s:
            self._do(WakeAt(self._last_activity + self.options.progress_timeout_s, "progress"))
            return
        self._note("error", "response", f"No progress in the answer for {since:.0f} s; it is given up.")
        if self.ready and self.turns.active_id is not None:
            self._send(c.ResponseCancel())
        self.turns.lost()
        self.turns.forget_wishes()

    def _end_when_quiet(self, at: float) -> None:
        """The input ended: so does the session, once nothing has been going on for a while."""
        quiet_since = max(self._last_activity, self._hearing_ended_at or 0.0)
        if self.idle and at >= quiet_since + QUIET_S - 0.001:
            self._close(ExitCode.OK)
        else:
            self._do(WakeAt(max(at + 0.1, quiet_since + QUIET_S), "quiet"))

    def _received(self, happened: inputs.Received) -> None:
        event = happened.event
        self._last_activity = happened.at
        self.cost.fold(Entry(happened.at, "received", happened))
        handler = _EVENTS.get(type(event))
        if handler:
            handler(self, happened, event)


def _at(tree: Any, *path: str) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _wire(model: Any) -> dict[str, Any]:
    if model is None:
        return {}
    return model if isinstance(model, dict) else model.model_dump(mode="json", exclude_unset=True)


def _image(url: str, detail: str | None) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, **({"detail": detail} if detail else {})}


def _reason(response: Any) -> str:
    details = response.status_details
    return details if isinstance(details, str) else getattr(details, "reason", None) or "no reason given"


def _failure(response: Any) -> tuple[str | None, str]:
    details = response.status_details
    if isinstance(details, str):
        return details, details
    error = getattr(details, "error", None)
    return getattr(error, "code", None), getattr(error, "message", None) or ""


_HANDLERS: dict[type, Callable[[ClientSession, Any], None]] = {
    inputs.Connected: ClientSession._connected,
    inputs.Received: ClientSession._received,
    inputs.Garbled: ClientSession._garbled,
    inputs.Heard: ClientSession._heard,
    inputs.HearingEnded: ClientSession._hearing_ended,
    inputs.Pressed: ClientSession._pressed,
    inputs.Typed: ClientSession._typed,
    inputs.Asked: ClientSession._asked,
    inputs.Patched: ClientSession._patched,
    inputs.Played: ClientSession._played,
    inputs.PlaybackStopped: ClientSession._playback_stopped,
    inputs.ToolFinished: ClientSession._tool_finished,
    inputs.ApprovalAnswered: ClientSession._approval_answered,
    inputs.Woke: ClientSession._woke,
    inputs.Disconnected: ClientSession._disconnected,
}

_EVENTS: dict[type, Callable[[ClientSession, inputs.Received, Any], None]] = {
    s.SessionCreated: ClientSession._session_created,
    s.SessionUpdated: ClientSession._session_updated,
    s.InputAudioBufferSpeechStarted: ClientSession._speech_started,
    s.InputAudioBufferSpeechStopped: ClientSession._speech_stopped,
    s.InputAudioBufferCommitted: ClientSession._committed,
    s.ConversationItemAdded: ClientSession._item_added,
    s.ConversationItemDone: ClientSession._item_added,
    s.ConversationItemDeleted: ClientSession._item_deleted,
    s.ConversationItemInputAudioTranscriptionDelta: ClientSession._user_delta,
    s.ConversationItemInputAudioTranscriptionCompleted: ClientSession._user_completed,
    s.ResponseCreated: ClientSession._response_created,
    s.ResponseOutputItemAdded: ClientSession._output_item_added,
    s.ResponseOutputItemDone: ClientSession._output_item_done,
    s.ResponseOutputAudioDelta: ClientSession._audio_delta,
    s.ResponseOutputAudioDone: ClientSession._audio_done,
    s.ResponseOutputAudioTranscriptDelta: ClientSession._text_delta,
    s.ResponseOutputAudioTranscriptDone: ClientSession._transcript_done,
    s.ResponseOutputTextDelta: ClientSession._text_delta,
    s.ResponseOutputTextDone: ClientSession._text_done,
    s.ResponseFunctionCallArgumentsDone: ClientSession._arguments_done,
    s.ResponseMcpCallCompleted: ClientSession._hosted_call_over,
    s.ResponseMcpCallFailed: ClientSession._hosted_call_over,
    s.McpListToolsFailed: ClientSession._hosted_list_failed,
    s.ResponseDone: ClientSession._response_done,
    s.ErrorEvent: ClientSession._error,
}

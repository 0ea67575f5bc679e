"""What a conversation shows of each turn of its script: a pure fold over entries.

A reply belongs to the turn in which its response was created, however long it lasts; an interruption to
the turn that caused it. Times are session seconds, and those of the agent's voice are the times at which
samples were played.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import Prices, Tokens, load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import server_events as s
from realtime_cli.script.annotations import read_mark
from realtime_cli.untrusted_json import parse_json

PAUSE_S = 0.3  # a longer silence between two items is the end of what the agent says


@dataclass(slots=True)
class CallSeen:
    """A tool call and what came of it."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    at: float
    output: str | None = None
    failed: bool = False


@dataclass(slots=True)
class TurnSeen:
    """All that is known of one turn."""

    number: int
    began_at: float
    by_voice: bool = False
    spoke_at: float | None = None
    """When the first sound of the user's turn was sent, or its message."""
    ended_at: float | None = None
    """When the last sound of it was sent, or its message."""
    first_text_at: float | None = None
    first_played_at: float | None = None
    done_at: float | None = None
    spans: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    parts: dict[tuple[str, int], str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    calls: list[CallSeen] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    interrupted_at: float | None = None
    interrupted_heard_ms: float = 0.0
    statuses: dict[str, str | None] = field(default_factory=dict)
    """Response id -> status; None while it runs."""
    tokens: Tokens = field(default_factory=Tokens)
    usd: float | None = 0.0
    late_ms: float = 0.0
    cut_off: bool = False
    """The agent's last response was cut, or its sound."""
    timed_out: str = ""
    """What was waited for in vain."""

    @property
    def reply(self) -> str:
        """All that the agent said or wrote, in order."""
        return " ".join(text.strip() for text in self.parts.values() if text.strip())

    @property
    def answered(self) -> bool:
        """A response came to its end other than by being cut."""
        return any(status not in (None, "cancelled") for status in self.statuses.values())


class Observed:
    """``fold`` entries in order. ``aloud``: the agent speaks; otherwise its text counts as its voice."""

    def __init__(self, *, aloud: bool = True, prices: Prices | None = None, model: str | None = None) -> None:
        self.aloud = aloud
        self.turns: list[TurnSeen] = [TurnSeen(0, 0.0)]  # what is ahead of the first turn
        self.model = model
        self._prices = prices or load_prices()
        self._turn_of: dict[str, TurnSeen] = {}  # response or item id -> turn
        self._call_of: dict[str, CallSeen] = {}
        self._sounding_until = 0.0

    @property
    def now(self) -> TurnSeen:
        """The turn that is going on."""
        return self.turns[-1]

    def observe(self, entry: Entry) -> None:
        """The same as ``fold``: a running conversation can be watched."""
        self.fold(entry)

    def fold(self, entry: Entry) -> None:
        if (marked := read_mark(entry)) is not None:
            self._mark(entry.at, marked)
            return
        value = entry.value
        if isinstance(value, inputs.Received):
            self._received(entry.at, value.event)
            return
        handler = _LOCAL.get(type(value))
        if handler:
            handler(self, entry.at, value)

    def _note(self, at: float, name: str) -> None:
        self.now.events.append((at, name))

    # -- the user -----------------------------------------------------------------------------

    def _mark(self, at: float, data: dict[str, Any]) -> None:
        match data["mark"]:
            case "turn":
                self.turns.append(TurnSeen(int(data["turn"]), at))
                self._note(at, "turn")
            case "speaking":
                self.now.by_voice = True
                self.now.spoke_at = at if self.now.spoke_at is None else self.now.spoke_at
            case "said":
                self.now.ended_at = at
            case "late":
                self.now.late_ms = max(self.now.late_ms, float(data["ms"]))
            case "delivered" if self.now.ended_at is None:
                self.now.ended_at = at
            case "over":
                self.now.timed_out = str(data.get("waited_for", ""))

    def _typed(self, at: float, value: inputs.Typed) -> None:
        self.now.spoke_at = self.now.ended_at = at

    # -- the wire -----------------------------------------------------------------------------

    def _received(self, at: float, event: s.ServerEvent) -> None:
        self._note(at, event.type)
        handler = _RECEIVED.get(type(event))
        if handler:
            handler(self, at, event)

    def _settings(self, at: float, event: Any) -> None:
        self.model = self.model or getattr(event.session, "model", None)

    def _speech_started(self, at: float, event: Any) -> None:
        self._note(at, "user.speech_started")

    def _speech_stopped(self, at: float, event: Any) -> None:
        self._note(at, "user.speech_stopped")

    def _committed(self, at: float, event: s.InputAudioBufferCommitted) -> None:
        if event.item_id:
            self._turn_of[event.item_id] = self.now

    def _transcribed(self, at: float, event: Any) -> None:
        turn = self._turn_of.get(event.item_id or "", self.now)
        turn.heard.append(event.transcript or "")
        turn.events.append((at, "user.transcribed"))

    def _response_created(self, at: float, event: s.ResponseCreated) -> None:
        if event.response.id:
            self._turn_of[event.response.id] = self.now
            self.now.statuses[event.response.id] = None
            self.now.cut_off = False

    def _turn(self, event: Any) -> TurnSeen:
        """The turn of something in a response; its item is remembered as the turn's."""
        known = self._turn_of.get(event.response_id or "") or self._turn_of.get(event.item_id or "")
        turn = known or self.now
        if event.item_id:
            self._turn_of[event.item_id] = turn
        return turn

    def _text(self, at: float, event: Any) -> None:
        turn = self._turn(event)
        part = (event.item_id or "", event.content_index or 0)
        turn.parts[part] = turn.parts.get(part, "") + (event.delta or "")
        if turn.first_text_at is None and event.delta:
            turn.first_text_at = at
            if not self.aloud:
                self._note(at, "agent.speech_started")

    def _whole_text(self, at: float, event: Any) -> None:
        text = getattr(event, "transcript", None) or getattr(event, "text", None)
        if text:
            turn = self._turn(event)
            turn.parts[(event.item_id or "", event.content_index or 0)] = text
            turn.first_text_at = at if turn.first_text_at is None else turn.first_text_at

    def _audio(self, at: float, event: Any) -> None:
        self._turn(event)

    def _response_done(self, at: float, event: s.ResponseDone) -> None:
        response = event.response
        turn = self._turn_of.get(response.id or "", self.now)
        turn.statuses[response.id or ""] = response.status or "completed"
        turn.done_at = at
        turn.cut_off = turn.cut_off or response.status == "cancelled"
        if any(getattr(item, "type", "") == "message" for item in response.output or ()):
            self._note(at, "agent.replied")
        if not self.aloud:
            self._note(at, "agent.speech_stopped")
            if response.status == "cancelled" and turn is not self.now:
                self._interrupted(at, 0.0)
        tokens = Tokens.of(response.usage)
        turn.tokens += tokens
        usd = self._prices.usd(self.model, tokens) if tokens else 0.0
        turn.usd = None if usd is None or turn.usd is None else turn.usd + usd

    def _error(self, at: float, event: s.ErrorEvent) -> None:
        error = event.error
        self.now.errors.append((error.code or error.type or "error", error.message or ""))

    # -- tools --------------------------------------------------------------------------------

    def _called(self, at: float, value: effects.CallTool) -> None:
        try:
            arguments = parse_json(value.arguments or "{}")
        except ValueError:
            arguments = {}
        call = CallSeen(value.call_id, value.name, arguments if isinstance(arguments, dict) else {}, at)
        self._call_of[value.call_id] = call
        self.now.calls.append(call)
        self._note(at, "tool.called")

    def _finished(self, at: float, value: inputs.ToolFinished) -> None:
        if call := self._call_of.get(value.call_id):
            call.output, call.failed = value.output, value.failed
        self._note(at, "tool.finished")

    # -- the loudspeaker ----------------------------------------------------------------------

    def _played(self, at: float, value: inputs.Played) -> None:
        turn = self._turn_of.get(value.item_id, self.now)
        begin = at - value.heard_ms / 1000
        part = (value.item_id, value.content_index)
        if value.heard_ms > 0 and part not in turn.spans:
            paused = begin > self._sounding_until + PAUSE_S or not self._sounding_until
            if paused or turn.first_played_at is None:  # another turn's answer begins anew, pause or none
                self._note(begin, "agent.speech_started")
            turn.first_played_at = begin if turn.first_played_at is None else turn.first_played_at
            turn.spans[part] = (begin, at)
        elif part in turn.spans:
            turn.spans[part] = (turn.spans[part][0], at)
        self._sounding_until = max(self._sounding_until, at)
        if value.finished:
            self._note(at, "agent.speech_stopped")

    def _stopped(self, at: float, value: inputs.PlaybackStopped) -> None:
        cut = [item for item in value.items if not item.finished]
        for item in cut:
            turn = self._turn_of.get(item.item_id, self.now)
            turn.cut_off = True
            part = (item.item_id, item.content_index)
            if item.heard_ms > 0:
                turn.spans[part] = (turn.spans.get(part, (at - item.heard_ms / 1000, 0))[0], at)
        if cut:
            self._interrupted(at, sum(item.heard_ms for item in cut))
            self._sounding_until = 0.0  # whatever is heard next is said anew
            self._note(at, "agent.speech_stopped")

    def _interrupted(self, at: float, heard_ms: float) -> None:
        if self.now.interrupted_at is None:
            self.now.interrupted_at, self.now.interrupted_heard_ms = at, heard_ms
        self._note(at, "interrupted")


_LOCAL: dict[type, Any] = {
    inputs.Typed: Observed._typed,
    inputs.Played: Observed._played,
    inputs.PlaybackStopped: Observed._stopped,
    inputs.ToolFinished: Observed._finished,
    effects.CallTool: Observed._called,
}
_RECEIVED: dict[type, Any] = {
    s.SessionCreated: Observed._settings,
    s.SessionUpdated: Observed._settings,
    s.InputAudioBufferSpeechStarted: Observed._speech_started,
    s.InputAudioBufferSpeechStopped: Observed._speech_stopped,
    s.InputAudioBufferCommitted: Observed._committed,
    s.ConversationItemInputAudioTranscriptionCompleted: Observed._transcribed,
    s.ResponseCreated: Observed._response_created,
    s.ResponseOutputTextDelta: Observed._text,
    s.ResponseOutputAudioTranscriptDelta: Observed._text,
    s.ResponseOutputTextDone: Observed._whole_text,
    s.ResponseOutputAudioTranscriptDone: Observed._whole_text,
    s.ResponseOutputAudioDelta: Observed._audio,
    s.ResponseDone: Observed._response_done,
    s.ErrorEvent: Observed._error,
}

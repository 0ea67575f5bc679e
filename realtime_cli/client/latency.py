"""How fast and how well each turn went: a pure fold over the entries of a session.

The user's speech ends where the server says so: ``speech_stopped.audio_end_ms`` counts the sound that
was appended (the configured silence included), and the fold knows when that sound was sent. Turns
without voice detection end at the commit; typed ones when they were sent.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import Tokens
from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s

_BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}
_REMEMBERED_FRAMES = 6_000  # two minutes: longer than any server takes to say that speech has ended


@dataclass(slots=True)
class ToolRun:
    """One tool call of a turn; ``seconds`` is None while it runs, or when the recording does not know."""

    call_id: str
    name: str
    arguments: str = ""
    began_at: float | None = None
    seconds: float | None = None
    failed: bool = False
    output: str = ""


@dataclass(slots=True)
class LatencyTurn:
    """What the user said and all that the agent did about it. Times are session seconds."""

    number: int
    began_at: float
    by: str = "agent"
    """Who began: ``voice``, ``text``, or ``agent`` (a greeting)."""
    ended_at: float | None = None
    """When the user was done; for the agent's own turns, when the response was asked for or began."""
    first_audio_at: float | None = None
    first_played_at: float | None = None
    response_began_at: float | None = None
    response_ended_at: float | None = None
    interrupted_ms: float | None = None
    tools: list[ToolRun] = field(default_factory=list)
    tokens: Tokens = field(default_factory=Tokens)
    user_items: list[str] = field(default_factory=list)
    agent_items: list[str] = field(default_factory=list)

    @property
    def received_ms(self) -> float | None:
        """End of the user's turn to the first sound received."""
        return _span_ms(self.ended_at, self.first_audio_at)

    @property
    def played_ms(self) -> float | None:
        """End of the user's turn to the first sample played."""
        return _span_ms(self.ended_at, self.first_played_at)

    @property
    def response_ms(self) -> float | None:
        """First response begun to last one done (tool rounds included)."""
        return _span_ms(self.response_began_at, self.response_ended_at)

    @property
    def latency_ms(self) -> float | None:
        """What the user waited: until sound was played, or received where nothing tells of playing."""
        return self.played_ms if self.played_ms is not None else self.received_ms


def _span_ms(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else (end - begin) * 1000


class LatencyFold:
    """``fold(entry)`` in order; ``turns`` are the figures so far, the last one still growing."""

    def __init__(self) -> None:
        self.turns: list[LatencyTurn] = []
        self.speech: dict[str, tuple[float, float]] = {}
        """When the sound of a user's item began and ended, by item id."""
        self._sent: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED_FRAMES)
        self._sent_ms = 0.0
        self._bytes_per_ms = 48
        self._turn_of: dict[str, LatencyTurn] = {}  # item or response id -> turn
        self._tool_of: dict[str, ToolRun] = {}
        self._speech_began: float | None = None
        self._speech_ended: float | None = None
        self._counted: set[str] = set()

    # -- figures ------------------------------------------------------------------------------

    @property
    def waits_ms(self) -> list[float]:
        """What the user waited in each turn that was answered aloud; greetings are not waits."""
        return [turn.latency_ms for turn in self.turns if turn.by != "agent" and turn.latency_ms is not None]

    @property
    def median_ms(self) -> float | None:
        return statistics.median(self.waits_ms) if self.waits_ms else None

    @property
    def p95_ms(self) -> float | None:
        """The 95th percentile (nearest rank): of a few turns, the slowest."""
        waits = sorted(self.waits_ms)
        return waits[-(-95 * len(waits) // 100) - 1] if waits else None

    # -- folding ------------------------------------------------------------------------------

    def fold(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, Received):
            handler = _ON_RECEIVED.get(type(value.event))
            if handler:
                handler(self, entry.at, value.event)
        elif isinstance(value, Send):
            handler = _ON_SENT.get(type(value.event))
            if handler:
                handler(self, entry.at, value.event)
        else:
            local = _ON_LOCAL.get(type(value))
            if local:
                local(self, entry.at, value)

    def _users_turn(self, began_at: float, by: str) -> LatencyTurn:
        """The turn of what the user says now: a new one once the last was answered."""
        if self.turns and self.turns[-1].response_began_at is None and self.turns[-1].by != "agent":
            return self.turns[-1]
        return self._new_turn(began_at, by)

    def _new_turn(self, began_at: float, by: str) -> LatencyTurn:
        turn = LatencyTurn(len(self.turns) + 1, began_at, by)
        self.turns.append(turn)
        return turn

    # -- the user -----------------------------------------------------------------------------

    def _connected(self, at: float, value: inputs.Connected) -> None:
        """A new socket counts its sound from 0."""
        self._sent.clear()
        self._sent_ms = 0.0

    def _settings(self, at: float, event: s.SessionCreated | s.SessionUpdated) -> None:
        audio = getattr(event.session, "audio", None)
        kind = getattr(getattr(getattr(audio, "input", None), "format", None), "type", None)
        self._bytes_per_ms = _BYTES_PER_MS.get(kind or "", 48)

    def _appended(self, at: float, event: c.InputAudioBufferAppend) -> None:
        audio = event.audio or ""
        self._sent_ms += (len(audio) * 3 // 4 - audio.count("=", -2)) / self._bytes_per_ms
        self._sent.append((self._sent_ms, at))

    def _when_sent(self, ms: float | None, at: float) -> float:
        """When the sound at ``ms`` of all that was appended went out; ``at`` where nothing tells."""
        if ms is None:
            return at
        found = at
        for sent_ms, sent_at in reversed(self._sent):
            if sent_ms < ms:
                break
            found = sent_at
        return min(found, at)

    def _speech_started(self, at: float, event: s.InputAudioBufferSpeechStarted) -> None:
        self._speech_began = self._when_sent(event.audio_start_ms, at)

    def _speech_stopped(self, at: float, event: s.InputAudioBufferSpeechStopped) -> None:
        self._speech_ended = self._when_sent(event.audio_end_ms, at)

    def _commit(self, at: float, event: c.InputAudioBufferCommit) -> None:
        self._speech_ended = at

    def _committed(self, at: float, event: s.InputAudioBufferCommitted) -> None:
        ended = at if self._speech_ended is None else self._speech_ended
        began = ended if self._speech_began is None else self._speech_began
        if event.item_id:
            self.speech[event.item_id] = (began, ended)
        self._said(began, ended, "voice", event.item_id)
        self._speech_began = self._speech_ended = None

    def _item_sent(self, at: float, event: c.ConversationItemCreate) -> None:
        if getattr(event.item, "role", None) == "user":
            self._said(at, at, "text", getattr(event.item, "id", None))

    def _typed(self, at: float, value: inputs.Typed) -> None:
        self._said(at, at, "text", None)

    def _said(self, began: float, ended: float, by: str, item_id: str | None) -> None:
        turn = self._users_turn(began, by)
        turn.by, turn.ended_at = by, ended
        if item_id:
            turn.user_items.append(item_id)
            self._turn_of[item_id] = turn

    # -- the agent ----------------------------------------------------------------------------

    def _response_created(self, at: float, event: s.ResponseCreated) -> None:
        response = event.response
        if response is None or _is_aside(response):
            return
        turn = self.turns[-1] if self.turns else self._new_turn(at, "agent")
        if turn.by == "agent" and turn.ended_at is None:
            turn.ended_at = at
        if turn.response_began_at is None:
            turn.response_began_at = at
        if response.id:
            self._turn_of[response.id] = turn

    def _response_done(self, at: float, event: s.ResponseDone) -> None:
        response = event.response
        if response is None or response.id in self._counted:
            return
        self._counted.add(response.id or "")
        turn = self._turn_of.get(response.id or "")
        if turn:
            turn.response_ended_at = at
            turn.tokens += Tokens.of(response.usage)

    def _audio(self, at: float, event: s.ResponseOutputAudioDelta) -> None:
        turn = self._claim(event)
        if turn and turn.first_audio_at is None:
            turn.first_audio_at = at

    def _claim(self, event: Any) -> LatencyTurn | None:
        """The turn of a delta; its item is noted as the turn's."""
        turn = self._turn_of.get(event.response_id or "") or (self.turns[-1] if self.turns else None)
        if turn and event.item_id and event.item_id not in self._turn_of:
            self._turn_of[event.item_id] = turn
            turn.agent_items.append(event.item_id)
        return turn

    def _text(self, at: float, event: Any) -> None:
        self._claim(event)

    def _played(self, at: float, value: inputs.Played) -> None:
        turn = self._turn_of.get(value.item_id)
        if turn and turn.first_played_at is None and value.heard_ms > 0:
            began = at - value.heard_ms / 1000
            # A speaker that is a file may be faster than sound is, but never ahead of what it was sent.
            turn.first_played_at = began if turn.first_audio_at is None else max(began, turn.first_audio_at)

    def _stopped(self, at: float, value: inputs.PlaybackStopped) -> None:
        for item in value.items:
            turn = self._turn_of.get(item.item_id)
            if turn and not item.finished:
                turn.interrupted_ms = (turn.interrupted_ms or 0.0) + item.heard_ms

    def _truncated(self, at: float, event: c.ConversationItemTruncate) -> None:
        """In a log of another tool there is no ``PlaybackStopped``, but the truncation says the same."""
        turn = self._turn_of.get(event.item_id or "")
        if turn and turn.interrupted_ms is None:
            turn.interrupted_ms = float(event.audio_end_ms or 0)

    # -- tools --------------------------------------------------------------------------------

    def _tool(self, call_id: str, name: str, arguments: str, at: float) -> None:
        if not call_id or call_id in self._tool_of or not self.turns:
            return
        run = ToolRun(call_id, name, arguments, at)
        self._tool_of[call_id] = run
        self.turns[-1].tools.append(run)

    def _tool_called(self, at: float, value: effects.CallTool) -> None:
        self._tool(value.call_id, value.name, value.arguments, at)

    def _arguments_done(self, at: float, event: s.ResponseFunctionCallArgumentsDone) -> None:
        if event.name:
            self._tool(event.call_id or "", event.name, event.arguments or "", at)

    def _item_done(self, at: float, event: s.ResponseOutputItemDone) -> None:
        item: Any = event.item
        if getattr(item, "type", None) == "function_call":
            self._tool(item.call_id or "", item.name or "", item.arguments or "", at)

    def _tool_finished(self, at: float, value: inputs.ToolFinished) -> None:
        run = self._tool_of.get(value.call_id)
        if run:
            run.seconds, run.failed, run.output = value.seconds, value.failed, value.output


def _is_aside(response: Any) -> bool:
    """Out-of-band: ``conversation_id`` is null there; servers that leave it out mean nothing by it."""
    return "conversation_id" in response.model_fields_set and response.conversation_id is None


_ON_RECEIVED: dict[type, Any] = {
    s.SessionCreated: LatencyFold._settings,
    s.SessionUpdated: LatencyFold._settings,
    s.InputAudioBufferSpeechStarted: LatencyFold._speech_started,
    s.InputAudioBufferSpeechStopped: LatencyFold._speech_stopped,
    s.InputAudioBufferCommitted: LatencyFold._committed,
    s.ResponseCreated: LatencyFold._response_created,
    s.ResponseDone: LatencyFold._response_done,
    s.ResponseOutputAudioDelta: LatencyFold._audio,
    s.ResponseOutputAudioTranscriptDelta: LatencyFold._text,
    s.ResponseOutputTextDelta: LatencyFold._text,
    s.ResponseFunctionCallArgumentsDone: LatencyFold._arguments_done,
    s.ResponseOutputItemDone: LatencyFold._item_done,
}
_ON_SENT: dict[type, Any] = {
    c.InputAudioBufferAppend: LatencyFold._appended,
    c.InputAudioBufferCommit: LatencyFold._commit,
    c.ConversationItemCreate: LatencyFold._item_sent,
    c.ConversationItemTruncate: LatencyFold._truncated,
}
_ON_LOCAL: dict[type, Any] = {
    inputs.Connected: LatencyFold._connected,
    inputs.Typed: LatencyFold._typed,
    inputs.Played: LatencyFold._played,
    inputs.PlaybackStopped: LatencyFold._stopped,
    inputs.ToolFinished: LatencyFold._tool_finished,
    effects.CallTool: LatencyFold._tool_called,
}

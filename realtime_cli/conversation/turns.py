"""The turns of a conversation, each with its times, tokens, cost and tools: a fold of conversation events.

The latency of a turn is what the agent took to answer. It has parts, each measured once:

- end-pointing: from the user's last sound to the server's word that the turn is over (the sound of the
  silence that the server waits for counts as the user's, for the server tells the end so)
- tools: while a tool ran and the answer had not begun to sound
- server: all the rest until the first sound came
- playout: from there until its first sample was played

While a tool waits for the user's permission the user is not kept waiting by the agent: that is a part of
its own, ``waiting``, and no part of the latency. Where nothing is spoken, words count as sound.
"""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import NamedTuple

from realtime_cli.client.cost import Tokens
from realtime_cli.conversation import events as e

NO_TIMES = "no times"  # the topic of the notice that a log has no times
MIN_FOR_P95 = 20  # with fewer samples a 95th percentile means nothing
Span = tuple[float, float]


def percentile(samples: Iterable[float], percent: float, *, min_count: int = 1) -> float | None:
    """The nearest-rank percentile: the smallest sample that ``percent`` of all are not above.

    It is always one of the samples. None where there are fewer than ``min_count``.
    """
    ordered = sorted(samples)
    if len(ordered) < max(1, min_count):
        return None
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(0, int(rank) - 1)]


@dataclass(frozen=True, slots=True)
class LatencyParts:
    """What a latency is made of; ``playout_ms`` is None where nothing tells of playing."""

    end_pointing_ms: float
    server_ms: float
    tool_ms: float
    waiting_ms: float
    playout_ms: float | None


@dataclass(slots=True)
class ToolUse:
    """One tool call of a turn; ``seconds`` it ran is None while it runs, or when nothing tells.

    ``ended`` is its status; empty while it is going on.
    """

    call_id: str
    name: str
    arguments: str
    called_at: float
    hosted: bool = False
    ended_at: float | None = None
    ended: str = ""
    seconds: float | None = None
    output: str = ""
    waited_ms: float = 0.0

    @property
    def failed(self) -> bool:
        return self.ended == "failed"


@dataclass(slots=True)
class ConversationTurn:
    """What the user said and all that the agent did about it. Times are session seconds."""

    number: int
    began_at: float
    by: e.TurnBy = "agent"
    """Who began: ``voice``, ``text``, or ``agent`` (a greeting)."""
    ended_at: float | None = None
    """When the user was done; for the agent's own turns, when the response began."""
    noticed_at: float | None = None
    """When the server knew that the user was done."""
    response_began_at: float | None = None
    response_ended_at: float | None = None
    first_sound_at: float | None = None
    first_text_at: float | None = None
    """Of what the agent writes; transcripts do not count."""
    first_played_at: float | None = None
    interrupted_ms: float | None = None
    """How much was heard of the answer that was cut."""
    tools: list[ToolUse] = field(default_factory=list)
    tokens: Tokens = field(default_factory=Tokens)
    usd: float | None = 0.0
    """None: something of it has no known price."""
    user_items: list[str] = field(default_factory=list)
    agent_items: list[str] = field(default_factory=list)
    waits: dict[str, Span] = field(default_factory=dict)
    """By call id: since when the user was asked, and when the answer came (infinity: it did not yet).

    Calls are asked about one after the other: one that comes while another is asked about waits from then on.
    """
    timed: bool = True
    """Whether the times are known; where they are not, no duration is."""

    # -- durations --------------------------------------------------------------------------------

    @property
    def answered_at(self) -> float | None:
        """When the first sound of the answer came, or its first word where nothing is spoken."""
        return self.first_sound_at if self.first_sound_at is not None else self.first_text_at

    @property
    def written(self) -> bool:
        """It was answered in words alone."""
        return self.first_sound_at is None and self.first_text_at is not None

    @property
    def waiting_ms(self) -> float:
        """How long a tool waited for the user before the answer began."""
        return _total_ms(self._before_answer(self.waits.values()))

    @property
    def tool_ms(self) -> float:
        """How long tools ran before the answer began, waiting for the user not counted."""
        runs = ((run.called_at, run.ended_at or float("inf")) for run in self.tools)
        both = [*self._before_answer(runs), *self._before_answer(self.waits.values())]
        return _total_ms(both) - self.waiting_ms

    @property
    def received_ms(self) -> float | None:
        """End of the user's turn to the first sound received, waiting for the user not counted."""
        return self._span_ms(self.answered_at)

    @property
    def played_ms(self) -> float | None:
        """End of the user's turn to the first sample played, waiting for the user not counted."""
        return self._span_ms(self.first_played_at)

    @property
    def latency_ms(self) -> float | None:
        """What the user waited: until sound was played, or received where nothing tells of playing."""
        return self.played_ms if self.played_ms is not None else self.received_ms

    @property
    def done_ms(self) -> float | None:
        """End of the user's turn to the end of the last response, waiting for the user not counted."""
        return self._span_ms(self.response_ended_at)

    @property
    def response_ms(self) -> float | None:
        """First response begun to last one done (tool rounds and waiting included)."""
        if not self.timed or self.response_began_at is None or self.response_ended_at is None:
            return None
        return (self.response_ended_at - self.response_began_at) * 1000

    @property
    def parts(self) -> LatencyParts | None:
        """The latency in parts; None until the answer began."""
        answered_at, ended_at = self.answered_at, self.ended_at
        if not self.timed or answered_at is None or ended_at is None:
            return None
        noticed_at = min(answered_at, ended_at if self.noticed_at is None else self.noticed_at)
        to_answer_ms = (answered_at - noticed_at) * 1000
        played_at = self.first_played_at
        return LatencyParts(
            end_pointing_ms=max(0.0, (noticed_at - ended_at) * 1000),  # a server may be early
            server_ms=max(0.0, to_answer_ms - self.tool_ms - self.waiting_ms),
            tool_ms=self.tool_ms,
            waiting_ms=self.waiting_ms,
            playout_ms=None if played_at is None else max(0.0, (played_at - answered_at) * 1000),
        )

    def _span_ms(self, end: float | None) -> float | None:
        """From the end of the user's turn; 0 for an answer that began before it."""
        if not self.timed or self.ended_at is None or end is None:
            return None
        return max(0.0, (end - self.ended_at) * 1000 - self.waiting_ms)

    def _before_answer(self, spans: Iterable[Span]) -> list[Span]:
        begin = self.ended_at or self.began_at
        end = self.answered_at
        if end is None:
            return []
        return [(max(begin, since), min(end, until)) for since, until in spans]


def _total_ms(spans: Sequence[Span]) -> float:
    """How long at least one of them lasted."""
    total, covered_until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, covered_until))
        covered_until = max(covered_until, end)
    return total * 1000


CHANGING_TURNS = 20  # older ones no longer change: their figures are computed once
KEPT_TURNS = 100  # of a session that goes on, whose past nobody asks for but in figures


class AnsweredTurn(NamedTuple):
    """What one turn adds to the figures of a session. ``written``: in words alone."""

    latency_ms: float
    parts: LatencyParts | None
    written: bool


class PastFigures:
    """The figures of turns that change no more, as numbers: an hour of them takes no room."""

    def __init__(self) -> None:
        self._numbers = array("d")

    def add(self, turn: AnsweredTurn) -> None:
        parts = turn.parts or LatencyParts(nan, 0.0, 0.0, 0.0, None)
        playout_ms = nan if parts.playout_ms is None else parts.playout_ms
        of_parts = (parts.end_pointing_ms, parts.server_ms, parts.tool_ms, parts.waiting_ms, playout_ms)
        self._numbers.extend((turn.latency_ms, turn.written, *of_parts))

    def __iter__(self) -> Iterator[AnsweredTurn]:
        numbers = iter(self._numbers)
        for latency_ms, written, end_ms, server_ms, tool_ms, waiting_ms, playout_ms in zip(
            *[numbers] * 7, strict=True
        ):
            playout = None if isnan(playout_ms) else playout_ms
            parts = LatencyParts(end_ms, server_ms, tool_ms, waiting_ms, playout)
            yield AnsweredTurn(latency_ms, None if isnan(end_ms) else parts, bool(written))


def _measured(turns: Iterable[ConversationTurn]) -> list[AnsweredTurn]:
    """Those that the user waited for."""
    waits = [(turn, turn.latency_ms) for turn in turns if turn.by != "agent"]
    return [AnsweredTurn(ms, turn.parts, turn.written) for turn, ms in waits if ms is not None]


class TurnLog:
    """``observe`` events in order; ``turns`` are the figures so far, the last one still growing.

    ``forgets``: of a session that goes on only the last ``KEPT_TURNS`` are kept, and the latencies of all.
    """

    def __init__(self, *, forgets: bool = False) -> None:
        self.turns: list[ConversationTurn] = []
        self._forgets = forgets
        self._forgotten = 0
        self.speech: dict[str, Span] = {}
        """When the sound of a user's item began and ended, by item id."""
        self._tools: dict[str, ToolUse] = {}
        self._asked: set[str] = set()  # calls that the user is asked about
        self._timed = True
        self._past = PastFigures()  # of the turns that change no more
        self._measured = 0  # how many of ``turns`` those are
        self._spoken = False
        self._spoken_in: dict[str, ConversationTurn] = {}  # by the id of a spoken item
        self._may_have_words: set[str] = (
            set()
        )  # spoken items that were understood, or that nobody transcribes

    # -- figures ----------------------------------------------------------------------------------

    @property
    def answered(self) -> list[AnsweredTurn]:
        """The turns whose latency counts; greetings are not waited for.

        Words come sooner than sound: where any turn is spoken, those that are only written do not count.
        """
        self._measure_past()
        found = [*self._past, *_measured(self.turns[self._measured :])]
        return [turn for turn in found if not (self._spoken and turn.written)]

    def _measure_past(self) -> None:
        past = max(len(self.turns) - CHANGING_TURNS, self._measured)
        for answered in _measured(self.turns[self._measured : past]):
            self._past.add(answered)
        self._spoken = self._spoken or any(
            turn.first_sound_at is not None for turn in self.turns[self._measured :]
        )
        self._measured = past

    @property
    def waits_ms(self) -> list[float]:
        """What the user waited in each turn that was answered."""
        return [turn.latency_ms for turn in self.answered]

    @property
    def median_ms(self) -> float | None:
        waits_ms = self.waits_ms
        return statistics.median(waits_ms) if waits_ms else None

    @property
    def p95_ms(self) -> float | None:
        return percentile(self.waits_ms, 95, min_count=MIN_FOR_P95)

    @property
    def tools(self) -> list[tuple[ConversationTurn, ToolUse]]:
        return [(turn, run) for turn in self.turns for run in turn.tools]

    def is_users(self, item_id: str) -> bool:
        """Whether a spoken item is a turn of the user.

        A door may slam, and servers commit that, too: it has no words, and nothing answers it.
        """
        if item_id in self._may_have_words:
            return True
        turn = self._spoken_in.get(item_id)
        if turn is None or turn.response_began_at is None:
            return False
        return turn.user_items[-1] == item_id and self._may_have_words.isdisjoint(turn.user_items)

    @property
    def worth_counting(self) -> list[ConversationTurn]:
        """The turns in which somebody said something."""
        return [
            turn
            for turn in self.turns
            if turn.by != "voice"
            or turn.response_began_at is not None
            or not turn.user_items
            or any(item_id not in self._spoken_in or self.is_users(item_id) for item_id in turn.user_items)
        ]

    # -- folding ----------------------------------------------------------------------------------

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.UserTurnCommitted():
                self._committed(event)
            case e.UserTextPartial() | e.UserTextFinal() if event.text:
                self._may_have_words.add(event.item_id)
            case e.UserTextMissing() if event.why != e.NOT_UNDERSTOOD:
                self._may_have_words.add(event.item_id)
            case e.AgentResponseBegan() if not event.out_of_band:
                self._response_began(event)
            case e.AgentResponseEnded() if turn := self._turn(event.turn):
                turn.response_ended_at = event.at
                turn.tokens += event.tokens
                spent = event.usd if event.tokens else 0.0
                turn.usd = None if spent is None or turn.usd is None else turn.usd + spent
            case e.AgentMessageBegan() if turn := self._turn(event.turn):
                turn.agent_items.append(event.item_id)
            case e.AgentSoundReceived() if event.first and (turn := self._turn(event.turn)):
                turn.first_sound_at = event.at if turn.first_sound_at is None else turn.first_sound_at
            case e.AgentTextPartial() if not event.voice and (turn := self._turn(event.turn)):
                turn.first_text_at = event.at if turn.first_text_at is None else turn.first_text_at
            case e.AgentHeard() if event.first and (turn := self._turn(event.turn)):
                turn.first_played_at = (
                    event.began_at if turn.first_played_at is None else turn.first_played_at
                )
            case e.AgentInterrupted():
                for part in event.parts:
                    if not part.finished and (turn := self._turn(part.turn)):
                        turn.interrupted_ms = (turn.interrupted_ms or 0.0) + part.heard_ms
            case e.ToolCalled() | e.ToolWaiting() | e.ToolAnswered() | e.ToolRunning() | e.ToolEnded():
                self._wait(event)
                self._tool(event)
            case e.NoticeIssued() if event.topic == NO_TIMES:
                self._timed = False

    def _turn(self, number: int) -> ConversationTurn | None:
        place = number - 1 - self._forgotten
        return self.turns[place] if 0 <= place < len(self.turns) else None

    def _known(self, number: int, began_at: float) -> ConversationTurn:
        while len(self.turns) + self._forgotten < number:
            next_number = len(self.turns) + self._forgotten + 1
            self.turns.append(ConversationTurn(next_number, began_at, timed=self._timed))
            if self._forgets and len(self.turns) > KEPT_TURNS:
                self._forget_oldest()
        return self.turns[number - 1 - self._forgotten]

    def _forget_oldest(self) -> None:
        self._measure_past()
        oldest = self.turns.pop(0)
        self._measured -= 1
        self._forgotten += 1
        for item_id in oldest.user_items:
            self.speech.pop(item_id, None)
            self._spoken_in.pop(item_id, None)
            self._may_have_words.discard(item_id)
        for run in oldest.tools:
            self._tools.pop(run.call_id, None)

    def _committed(self, event: e.UserTurnCommitted) -> None:
        turn = self._known(event.turn, event.began_at)
        turn.by, turn.ended_at = event.by, event.ended_at
        turn.noticed_at = event.at if event.ended_by == "server" else event.ended_at
        if event.item_id:
            turn.user_items.append(event.item_id)
            if event.by == "voice":
                self.speech[event.item_id] = (event.began_at, event.ended_at)
                self._spoken_in[event.item_id] = turn

    def _response_began(self, event: e.AgentResponseBegan) -> None:
        turn = self._known(event.turn, event.at)
        if turn.by == "agent" and turn.ended_at is None:
            turn.ended_at = event.at
        if turn.response_began_at is None:
            turn.response_began_at = event.at

    def _wait(
        self, event: e.ToolCalled | e.ToolWaiting | e.ToolAnswered | e.ToolRunning | e.ToolEnded
    ) -> None:
        """Since when, and until when, a call waits for the user."""
        turn = self._turn(event.turn)
        begins = isinstance(event, e.ToolWaiting) or (isinstance(event, e.ToolCalled) and bool(self._asked))
        match event:
            case e.ToolWaiting():
                self._asked.add(event.call_id)
            case e.ToolAnswered() | e.ToolEnded():
                self._asked.discard(event.call_id)
        if turn and begins:
            turn.waits.setdefault(event.call_id, (event.at, float("inf")))
        elif turn and event.call_id in turn.waits:
            since, until = turn.waits[event.call_id]
            turn.waits[event.call_id] = (since, min(until, event.at))

    def _tool(
        self, event: e.ToolCalled | e.ToolWaiting | e.ToolAnswered | e.ToolRunning | e.ToolEnded
    ) -> None:
        turn = self._turn(event.turn)
        run = self._tools.get(event.call_id)
        match event:
            case e.ToolCalled() if turn:
                run = ToolUse(event.call_id, event.name, event.arguments, event.at, event.hosted)
                self._tools[event.call_id] = run
                turn.tools.append(run)
            case e.ToolAnswered() if run:
                run.waited_ms += event.waited_ms
            case e.ToolEnded() if run:
                run.ended_at, run.ended = event.at, event.status
                run.seconds, run.output = event.seconds, event.output

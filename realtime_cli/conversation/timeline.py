"""Who said what when: a conversation's transcript on the clock of what was heard."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from realtime_cli.conversation import events as e
from realtime_cli.conversation.blocks import AgentTurn, Block, UserTurn
from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.reveal import word_end
from realtime_cli.conversation.transcript import Transcript
from realtime_cli.conversation.turns import ConversationTurn, ToolUse, TurnLog

READING_CHARACTERS_PER_S = 15.0  # how long a subtitle of a typed message stands
MIN_SUBTITLE_S = 0.8
MAX_PICTURES = 300
MAX_LOGGED, MAX_FIELDS = 20_000, 300  # events, and characters of one
STREAMED = (
    e.ServerEventSeen,
    e.UserTextPartial,
    e.AgentTextPartial,
    e.AgentSoundReceived,
    e.AgentSoundQueued,
    e.AgentHeard,
    e.LevelsMeasured,
)


@dataclass(slots=True)
class SpokenLine:
    """One message with the time in which it was heard. ``cut_ms``: heard of it when it was interrupted."""

    speaker: Literal["user", "agent"]
    text: str
    begin_s: float
    end_s: float
    item_id: str = ""
    aloud: bool = True
    cut_ms: float | None = None
    unheard_ms: float = 0.0
    """What was received of it and never played, because it was cut."""


@dataclass(slots=True)
class LoggedEvent:
    """An event for the list of all events: its name, and its fields as JSON."""

    at_s: float
    name: str
    fields: str


@dataclass(slots=True)
class TimelineMark:
    """Something worth a mark on the clock: an interruption, an error, a lost connection, a note."""

    at_s: float
    kind: str
    text: str


@dataclass(slots=True)
class ShownPicture:
    """An image that the agent was shown: a data URI, or its name in the recording (``$image:NAME``)."""

    at_s: float
    image: str


@dataclass(slots=True)
class SoundGap:
    """Between two reports playback ran dry, this many times."""

    begin_s: float
    end_s: float
    count: int


class Timeline:
    """What exports and ``sessions show`` tell: ``observe`` all events of a conversation, then ``close``."""

    def __init__(self, model: str | None = None) -> None:
        self.said: list[SpokenLine] = []
        self.pictures: list[ShownPicture] = []
        self.events: list[TimelineMark] = []
        self.log: list[LoggedEvent] = []
        self.gaps: list[SoundGap] = []
        self.seconds = 0.0
        self.latency = TurnLog()
        self.cost = Spending(model)
        self._transcript = Transcript()
        self._heard = _HeardSpans()
        self._sound_at, self._underruns = 0.0, 0

    @property
    def blocks(self) -> list[Block]:
        return self._transcript.order.blocks

    @property
    def turns(self) -> list[ConversationTurn]:
        return self.latency.worth_counting

    @property
    def turn_usd(self) -> list[float | None]:
        return [turn.usd for turn in self.turns]

    @property
    def tools(self) -> list[tuple[ConversationTurn, ToolUse]]:
        return self.latency.tools

    def observe(self, event: e.ConversationEvent) -> None:
        self.seconds = max(self.seconds, event.at)
        for part in (self._transcript, self.latency, self.cost, self._heard):
            part.observe(event)
        if mark := self._mark(event):
            self.events.append(mark)
        if not isinstance(event, STREAMED) and len(self.log) < MAX_LOGGED:
            values = {key: value for key, value in e.as_dict(event).items() if key not in ("type", "at")}
            self.log.append(
                LoggedEvent(event.at, e.EVENT_NAMES[type(event)], json.dumps(values)[:MAX_FIELDS])
            )
        if isinstance(event, e.SoundMeasured):
            self._count_gaps(event)
        if isinstance(event, e.ImageShown) and event.image.startswith(("data:image/", "$image:")):
            self.pictures.append(ShownPicture(event.at, event.image))

    def _count_gaps(self, event: e.SoundMeasured) -> None:
        """Reports come once a second, while there is something new."""
        count = event.underruns - self._underruns
        if count > 0:
            self.gaps.append(SoundGap(max(self._sound_at, event.at - 1.0), event.at, count))
        self._sound_at, self._underruns = event.at, event.underruns

    def close(self) -> None:
        """The conversation is over: put it in the order of time."""
        self._transcript.order.close()
        self._place_late_words()
        self.blocks[:] = [block for block in self.blocks if not self._is_noise(block)]
        self.pictures = _most(self.pictures)
        self.said = sorted(self._said(), key=lambda said: said.begin_s)
        self.seconds = max([self.seconds, *(said.end_s for said in self.said if said.aloud)])

    def _place_late_words(self) -> None:
        """Put a transcript that came late where it was said, which the screen could not do."""
        turns = [block for block in self.blocks if isinstance(block, UserTurn)]
        late = {turn.item_id: turn for turn in turns if turn.late}
        for turn in turns:
            if not turn.late and turn.missing and (words := late.get(turn.item_id)):
                turn.text, turn.missing = words.text, ""
                self.blocks.remove(words)

    def _is_noise(self, block: Block) -> bool:
        """Whether it is sound that turned out not to be a turn of the user."""
        return isinstance(block, UserTurn) and block.spoken and not self.latency.is_users(block.item_id)

    def _said(self) -> Iterable[SpokenLine]:
        free_at = 0.0
        for block in self.blocks:
            if isinstance(block, UserTurn):
                yield _user_said(block, self.latency)
            elif isinstance(block, AgentTurn):
                said = _agent_said(block, self._heard, free_at)
                free_at = max(free_at, said.end_s)
                yield said

    def _mark(self, event: e.ConversationEvent) -> TimelineMark | None:
        match event:
            case e.AgentInterrupted() if event.cause:
                return TimelineMark(event.at, "interruption", _interruption(event))
            case e.NoticeIssued(topic="barge_in"):
                return TimelineMark(event.at, "interruption", event.text)
            case e.ConnectionLost():
                text = f"connection closed ({event.code} {event.reason}".rstrip() + ")"
                return TimelineMark(event.at, "connection", text)
            case e.NoteTaken():
                return TimelineMark(event.at, "note", event.text)
            case e.NoticeIssued(level="warning" | "error") if event.topic != "note":
                if event.topic == "server" and self.events and self.events[-1].at_s == event.at:
                    return None  # the error itself has its mark
                return TimelineMark(event.at, event.level, f"{event.topic}: {event.text}")
            case e.ErrorReported():
                return TimelineMark(event.at, "error", event.message or "error")
        return None


def _interruption(event: e.AgentInterrupted) -> str:
    levels = f", microphone {event.near_dbfs:.0f} dBFS" if event.near_dbfs is not None else ""
    levels += f", echo left {event.residual_dbfs:.0f} dBFS" if event.residual_dbfs is not None else ""
    return f"interrupted after {event.heard_ms:.0f} ms ({event.cause}{levels})"


class _HeardSpans:
    """When each item began to sound and when it was silent again."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[float, float]] = {}
        self.cut_ms: dict[str, float] = {}

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentHeard() if event.heard_ms > 0:
                begin, end = self.spans.get(event.item_id, (event.began_at, event.at))
                self.spans[event.item_id] = (begin, event.at if event.finished else max(end, event.at))
            case e.AgentInterrupted():
                cut = {part.item_id: part.heard_ms for part in event.parts if not part.finished}
                self.cut_ms |= cut
                if event.cause is None:  # another tool's log: only this shows when it was heard
                    for item_id, heard_ms in cut.items():
                        self.spans[item_id] = (max(0.0, event.at - heard_ms / 1000), event.at)


def _user_said(turn: UserTurn, latency: TurnLog) -> SpokenLine:
    text = turn.text or (
        f"[{turn.images} image(s)]" if turn.images else f"[{turn.missing or 'no transcript'}]"
    )
    span = latency.speech.get(turn.item_id) if turn.spoken else None
    if span is None:
        return SpokenLine("user", text, turn.at, turn.at + _reading_s(text), turn.item_id, aloud=False)
    return SpokenLine("user", text, span[0], max(span[1], span[0]), turn.item_id)


def _agent_said(turn: AgentTurn, heard: _HeardSpans, free_at: float) -> SpokenLine:
    text = turn.shown_text
    span = heard.spans.get(turn.item_id)
    cut_ms = turn.cut_ms if turn.cut_ms is not None else heard.cut_ms.get(turn.item_id)
    received_s = sum(part.received_ms for part in turn.parts.values()) / 1000
    if span:
        if turn.cut_ms is None and cut_ms is not None and received_s:  # a log without what was heard
            text = text[: word_end(text, round(len(text) * min(1.0, cut_ms / 1000 / received_s)))]
        unheard_ms = 0.0 if cut_ms is None else max(0.0, 1000 * received_s - cut_ms)
        return SpokenLine("agent", text, *span, turn.item_id, cut_ms=cut_ms, unheard_ms=unheard_ms)
    if not received_s or cut_ms is not None:
        return SpokenLine(
            "agent", text, turn.at, turn.at + _reading_s(text), turn.item_id, aloud=False, cut_ms=cut_ms
        )
    # A log that does not tell what was played: sound begins when it comes, or behind what still sounds.
    begin = max(turn.at, free_at)
    return SpokenLine("agent", text, begin, begin + received_s, turn.item_id)


def _most(pictures: list[ShownPicture]) -> list[ShownPicture]:
    """An hour of video would make a page that no browser opens: then one of every few."""
    step = -(-len(pictures) // MAX_PICTURES)
    return pictures[:: max(1, step)]


def _reading_s(text: str) -> float:
    return max(MIN_SUBTITLE_S, len(text) / READING_CHARACTERS_PER_S)

"""A whole recording as who said what when: the conversation's blocks on the clock of what was heard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from realtime_cli.client import inputs
from realtime_cli.client.cost import CostFold, Prices, load_prices
from realtime_cli.client.entry import Entry
from realtime_cli.client.latency import LatencyFold, LatencyTurn
from realtime_cli.conversation.blocks import AgentTurn, Block, ToolCard, UserTurn
from realtime_cli.recording.reader import Recording
from realtime_cli.tui.view import View

READING_CHARACTERS_PER_S = 15.0  # how long a subtitle of a typed message stands
MIN_SUBTITLE_S = 0.8
MAX_PICTURES = 300


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


@dataclass
class Timeline:
    """What the exports and ``sessions show`` tell of a recording. Made by :func:`timeline`."""

    blocks: list[Block] = field(default_factory=list)
    said: list[SpokenLine] = field(default_factory=list)
    pictures: list[ShownPicture] = field(default_factory=list)
    turns: list[LatencyTurn] = field(default_factory=list)
    turn_usd: list[float | None] = field(default_factory=list)
    tools: list[tuple[LatencyTurn, Any]] = field(default_factory=list)
    events: list[TimelineMark] = field(default_factory=list)
    seconds: float = 0.0
    latency: LatencyFold = field(default_factory=LatencyFold)
    cost: CostFold = field(default_factory=lambda: CostFold(load_prices()))


def timeline(recording: Recording, prices: Prices | None = None) -> Timeline:
    """Fold a recording once. Raises ConfigError when it cannot be read."""
    session = recording.header.session
    made = Timeline(cost=CostFold(prices or load_prices(session.get("prices")), session.get("model")))
    view, heard = View(), _Heard()
    for entry in recording.entries():
        for fold in (view.fold, made.latency.fold, made.cost.fold, heard.fold):
            fold(entry)
        made.events += _events(entry)
        made.pictures += _pictures(entry)
        made.seconds = max(made.seconds, entry.at)
    made.pictures = _most(made.pictures)
    view.close()
    made.blocks = view.blocks
    made.turns = made.latency.turns
    made.said = sorted(_said(made, heard), key=lambda said: said.begin_s)
    made.tools = [(turn, run) for turn in made.turns for run in turn.tools]
    made.turn_usd = [made.cost.prices.usd(made.cost.model, turn.tokens) for turn in made.turns]
    made.seconds = max([made.seconds, *(said.end_s for said in made.said if said.aloud)])
    return made


class _Heard:
    """When each item began to sound and when it was silent again."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[float, float]] = {}
        self.cut_ms: dict[str, float] = {}

    def fold(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Played) and value.heard_ms > 0:
            self._span(value.item_id, entry.at - value.heard_ms / 1000, entry.at)
        elif isinstance(value, inputs.PlaybackStopped):
            for item in value.items:
                if item.heard_ms > 0:
                    self._span(item.item_id, entry.at - item.heard_ms / 1000, entry.at)
                if not item.finished:
                    self.cut_ms[item.item_id] = item.heard_ms

    def _span(self, item_id: str, begin: float, end: float) -> None:
        """The first report fixes the beginning: later ones would push it by every underrun."""
        known = self.spans.get(item_id)
        self.spans[item_id] = (known[0], max(known[1], end)) if known else (max(0.0, begin), end)


def _said(made: Timeline, heard: _Heard) -> Iterable[SpokenLine]:
    free_at = 0.0
    for block in made.blocks:
        if isinstance(block, UserTurn):
            yield _user_said(block, made.latency)
        elif isinstance(block, AgentTurn):
            said = _agent_said(block, heard, free_at)
            free_at = max(free_at, said.end_s)
            yield said


def _user_said(turn: UserTurn, latency: LatencyFold) -> SpokenLine:
    text = turn.text or (
        f"[{turn.images} image(s)]" if turn.images else f"[{turn.missing or 'no transcript'}]"
    )
    span = latency.speech.get(turn.item_id) if turn.spoken else None
    if span is None:
        return SpokenLine("user", text, turn.at, turn.at + _reading_s(text), turn.item_id, aloud=False)
    return SpokenLine("user", text, span[0], max(span[1], span[0]), turn.item_id)


def _agent_said(turn: AgentTurn, heard: _Heard, free_at: float) -> SpokenLine:
    text = turn.shown_text
    span = heard.spans.get(turn.item_id)
    cut_ms = turn.cut_ms if turn.cut_ms is not None else heard.cut_ms.get(turn.item_id)
    if span:
        return SpokenLine("agent", text, *span, turn.item_id, cut_ms=cut_ms)
    received_s = sum(part.received_ms for part in turn.parts.values()) / 1000
    if not received_s or cut_ms is not None:
        return SpokenLine(
            "agent", text, turn.at, turn.at + _reading_s(text), turn.item_id, aloud=False, cut_ms=cut_ms
        )
    # A log that does not tell what was played: sound begins when it comes, or behind what still sounds.
    begin = max(turn.at, free_at)
    return SpokenLine("agent", text, begin, begin + received_s, turn.item_id)


def _pictures(entry: Entry) -> Iterable[ShownPicture]:
    """What was sent, not what was offered."""
    if entry.kind != "sent":
        return
    item = getattr(getattr(entry.value, "event", None), "item", None)
    for part in getattr(item, "content", None) or ():
        url = getattr(part, "image_url", None) or ""
        if url.startswith(("data:image/", "$image:")):
            yield ShownPicture(entry.at, url)


def _most(pictures: list[ShownPicture]) -> list[ShownPicture]:
    """An hour of video would make a page that no browser opens: then one of every few."""
    step = -(-len(pictures) // MAX_PICTURES)
    return pictures[:: max(1, step)]


def _reading_s(text: str) -> float:
    return max(MIN_SUBTITLE_S, len(text) / READING_CHARACTERS_PER_S)


def _events(entry: Entry) -> Iterable[TimelineMark]:
    value: Any = entry.value
    if isinstance(value, inputs.PlaybackStopped) and any(not item.finished for item in value.items):
        heard = sum(item.heard_ms for item in value.items if not item.finished)
        levels = f", microphone {value.near_dbfs:.0f} dBFS" if value.near_dbfs is not None else ""
        levels += f", echo left {value.residual_dbfs:.0f} dBFS" if value.residual_dbfs is not None else ""
        yield TimelineMark(
            entry.at, "interruption", f"interrupted after {heard:.0f} ms ({value.cause}{levels})"
        )
    elif isinstance(value, inputs.Disconnected):
        yield TimelineMark(
            entry.at, "connection", f"connection closed ({value.code} {value.reason}".rstrip() + ")"
        )
    elif isinstance(value, inputs.Noted) and value.topic == "note":
        yield TimelineMark(entry.at, "note", value.text)
    elif isinstance(value, inputs.Noted) and value.level in ("warning", "error"):
        yield TimelineMark(entry.at, value.level, f"{value.topic}: {value.text}")
    elif isinstance(value, inputs.Received) and value.event.type == "error":
        error = getattr(value.event, "error", None)
        yield TimelineMark(entry.at, "error", str(getattr(error, "message", "") or "error"))


__all__ = ["SpokenLine", "Timeline", "TimelineMark", "ToolCard", "timeline"]

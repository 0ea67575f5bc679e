"""A conversation line by line, for people who look at a failure: who said, called or cut what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from realtime_cli.conversation.turns import LatencyParts, ToolUse
from realtime_cli.script.turn_collector import TurnCollector, TurnRecord
from realtime_cli.script.turn_metrics import tool_call

MAX_CHARACTERS = 300  # of one line

MomentKind = Literal["user", "agent", "tool", "error", "interruption", "latency"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: what happened in which turn of the script, at which second of the session."""

    turn: int
    at_s: float
    kind: MomentKind
    text: str


def moments(collected: TurnCollector, words: dict[int, str]) -> tuple[Moment, ...]:
    """All of them in order. ``words``: what the user says, by turn, where the script knows it."""
    found = [moment for turn in collected.turns for moment in _of_turn(turn, words.get(turn.number, ""))]
    return tuple(sorted(found, key=lambda moment: (moment.turn, moment.at_s)))


def _of_turn(turn: TurnRecord, words: str) -> Iterator[Moment]:
    def at(seconds: float, kind: MomentKind, text: str) -> Moment:
        return Moment(turn.number, round(seconds, 3), kind, _brief(text))

    begin = turn.timing.began_at
    if turn.number and (said := _said(words, turn.transcript)):
        yield at(begin if turn.spoke_at is None else turn.spoke_at, "user", said)
    for use in turn.timing.tools:
        yield at(use.called_at, "tool", _call(use))
    for part, text in turn.texts.items():
        spans = turn.spans.get(part)
        if text.strip():
            yield at(spans[0][0] if spans else turn.text_at.get(part, begin), "agent", text.strip())
    if turn.timing.parts and turn.timing.answered_at is not None:
        heard_at = turn.timing.first_played_at or turn.timing.answered_at
        yield at(heard_at, "latency", _latency(turn.timing.latency_ms, turn.timing.parts))
    if turn.interrupted_at is not None:
        heard = f" after {turn.interrupted_heard_ms:.0f} ms" if turn.interrupted_heard_ms else ""
        yield at(turn.interrupted_at, "interruption", f"the agent was cut off{heard}")
    seen_at = [seconds for seconds, name in turn.events if name == "error"]
    for place, (code, message) in enumerate(turn.errors):
        yield at(seen_at[place] if place < len(seen_at) else begin, "error", f"{code}: {message}")


def _said(words: str, heard: str) -> str:
    return f"{words}  (understood: {heard})" if words and heard and words != heard else words or heard


def _call(use: ToolUse) -> str:
    took = "" if use.seconds is None else f" ({use.seconds * 1000:.0f} ms)"
    outcome = {"": "no result", "done": use.output}.get(use.ended, f"{use.ended}: {use.output}")
    return f"{tool_call(use)} -> {outcome}{took}"


def _latency(total_ms: float | None, parts: LatencyParts) -> str:
    from realtime_cli.tui.latency import PARTS  # a run without failures has no use for it

    values = [(name, getattr(parts, field)) for name, _, field, _ in PARTS]
    each = " · ".join(f"{name} {ms:.0f}" for name, ms in values if ms is not None)
    return f"{total_ms or 0.0:.0f} ms: {each}"


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 3]}..."

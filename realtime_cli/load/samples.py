"""Turns what an engine reports of a session into rows of Locust's tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Rows of turns, and the figure behind each.
TURN_ROWS = {"first audio": "within_ms", "response": "done_ms", "interruption stop": "interrupted_ms"}


@dataclass(frozen=True)
class Sample:
    """One request, as Locust counts them; ``failure`` names the kind of failure, or is empty."""

    kind: str
    name: str
    ms: float
    failure: str = ""


def turn_samples(turn: Mapping[str, Any]) -> Iterator[Sample]:
    """Of one turn, the moment it was measured: a session that is cut later has been counted by then."""
    for kind, figure in TURN_ROWS.items():
        if turn.get(figure) is not None:
            yield Sample(kind, f"{turn['script']}, turn {turn['turn']}", turn[figure])


def samples(over: Mapping[str, Any]) -> Iterator[Sample]:
    """Of one session that is over; one that was broken off at the end counts as cut, with what it had."""
    script = over["script"]
    if over.get("open_ms") is not None:
        yield Sample("open", script, over["open_ms"])
    for ms in over["tool_ms"]:
        yield Sample("tool", script, ms)
    if over["status"] != "stopped":
        yield Sample("session", script, over["session_ms"], over["kind"])
    elif over.get("open_ms") is not None:
        yield Sample("cut", script, over["session_ms"])

"""From a session's end to rows of a table."""

from __future__ import annotations

from typing import Any

from realtime_cli.load.samples import samples, turn_samples

OVER: dict[str, Any] = {
    "event": "over",
    "id": "s1",
    "script": "call",
    "status": "failed",
    "kind": "failed: contains",
    "error": "...",
    "open_ms": 12.0,
    "session_ms": 9000.0,
    "tool_ms": [3.0, 4.0],
    "usd": None,
    "turns": [
        {"within_ms": 200.0, "done_ms": 600.0, "interrupted_ms": None},
        {"within_ms": None, "done_ms": None, "interrupted_ms": 80.0},
    ],
}


def test_only_the_session_can_fail_and_its_turns_were_counted_before() -> None:
    assert [(row.kind, row.name, row.ms, row.failure) for row in samples(OVER)] == [
        ("open", "call", 12.0, ""),
        ("tool", "call", 3.0, ""),
        ("tool", "call", 4.0, ""),
        ("session", "call", 9000.0, "failed: contains"),
    ]


def test_every_figure_of_a_turn_that_there_is_is_a_row() -> None:
    turn = {"event": "turn", "script": "call", "turn": 2, **OVER["turns"][0]}
    assert [(row.kind, row.name, row.ms) for row in turn_samples(turn)] == [
        ("first audio", "call, turn 2", 200.0),
        ("response", "call, turn 2", 600.0),
    ]


def test_a_session_that_we_broke_off_is_cut_and_one_that_was_never_open_is_nothing() -> None:
    over = {**OVER, "status": "stopped", "kind": "", "turns": [], "tool_ms": []}
    assert [(row.kind, row.ms) for row in samples(over)] == [("open", 12.0), ("cut", 9000.0)]
    assert list(samples({**over, "open_ms": None})) == []

"""From a session's end to rows of a table."""

from __future__ import annotations

from typing import Any

from realtime_cli.load.samples import samples

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


def test_every_figure_that_there_is_is_a_row_and_only_the_session_can_fail() -> None:
    assert [(row.kind, row.name, row.ms, row.failure) for row in samples(OVER)] == [
        ("open", "call", 12.0, ""),
        ("first audio", "call, turn 1", 200.0, ""),
        ("response", "call, turn 1", 600.0, ""),
        ("interruption stop", "call, turn 2", 80.0, ""),
        ("tool", "call", 3.0, ""),
        ("tool", "call", 4.0, ""),
        ("session", "call", 9000.0, "failed: contains"),
    ]


def test_a_session_that_we_broke_off_has_no_length() -> None:
    over = {**OVER, "status": "stopped", "kind": "", "turns": [], "tool_ms": []}
    assert [row.kind for row in samples(over)] == ["open"]

"""What is timed beside the turns: opening, tools, and limits that run out."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import codec
from realtime_cli.script.stopwatch import Stopwatch


class Watched:
    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.watch = Stopwatch(self.pauses.append)

    def received(self, at: float, type: str, **fields: Any) -> None:
        event = codec.decode_server_event(json.dumps({"type": type, **fields}))
        self.watch.observe(Entry(at, "received", inputs.Received(at, event)))

    def local(self, at: float, value: Any) -> None:
        self.watch.observe(Entry(at, "local", value))


def test_a_session_is_open_when_the_server_first_says_so() -> None:
    watched = Watched()
    watched.received(0.25, "session.created", session={})
    watched.received(9.0, "session.created", session={})
    assert watched.watch.open_ms == 250.0


def test_tools_are_timed_from_call_to_result_in_any_order() -> None:
    watched = Watched()
    watched.local(1.0, effects.CallTool("a", "clock", "{}"))
    watched.local(1.1, effects.CallTool("b", "clock", "{}"))
    watched.local(1.3, inputs.ToolFinished(1.3, "b", "noon"))
    watched.local(2.0, inputs.ToolFinished(2.0, "a", "noon"))
    assert watched.watch.tool_ms == [200.0, 1000.0]


def test_only_a_limit_that_runs_out_is_told() -> None:
    watched = Watched()
    plenty = {"name": "tokens", "limit": 1000, "remaining": 500, "reset_seconds": 9.0}
    little = {"name": "requests", "limit": 100, "remaining": 2, "reset_seconds": 4.5}
    watched.received(1.0, "rate_limits.updated", rate_limits=[plenty, little])
    assert watched.pauses == [4.5]

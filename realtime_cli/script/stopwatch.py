"""What a session of a load test is timed by, beside the figures of its turns: opening and tools."""

from __future__ import annotations

from collections.abc import Callable

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import server_events as s
from realtime_cli.script.throttle import scarce


class Stopwatch:
    """Observes one session. ``on_scarce(seconds)``: a limit of the account is nearly used up for so long."""

    def __init__(self, on_scarce: Callable[[float], None]) -> None:
        self.open_ms: float | None = None
        self.tool_ms: list[float] = []
        self._on_scarce = on_scarce
        self._called: dict[str, float] = {}

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Received):
            self._received(entry.at, value.event)
        elif isinstance(value, effects.CallTool):
            self._called[value.call_id] = entry.at
        elif isinstance(value, inputs.ToolFinished) and value.call_id in self._called:
            self.tool_ms.append(round(1000 * (entry.at - self._called.pop(value.call_id)), 1))

    def _received(self, at: float, event: s.ServerEvent) -> None:
        if isinstance(event, s.SessionCreated) and self.open_ms is None:
            self.open_ms = round(1000 * at, 1)
        elif isinstance(event, s.RateLimitsUpdated):
            for limit in event.rate_limits or ():
                if scarce(limit.limit, limit.remaining) and limit.reset_seconds:
                    self._on_scarce(limit.reset_seconds)

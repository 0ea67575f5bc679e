"""Context appends on their way to a place in the session's time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from realtime_cli.protocol.live.client_events import LiveContextAppend
from realtime_cli.protocol.live.limits import CONTEXT_INCOMPLETE, TRANSCRIPT_GRID_MS
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.event_queue import EventQueue


@dataclass(slots=True)
class PlacedAppend:
    """An append, and the cell of the grid that it falls into."""

    event: LiveContextAppend
    start_ms: int
    taken: bool = False

    @property
    def end_ms(self) -> int:
        return self.start_ms + TRANSCRIPT_GRID_MS


class AppendQueue:
    """Gives each append to the agent where its cell begins, and acknowledges it where the cell ends."""

    def __init__(self, events: EventQueue) -> None:
        self._events = events
        self._waiting: deque[PlacedAppend] = deque()

    def put(self, event: LiveContextAppend, position_ms: float) -> None:
        """Without sound that carries the session on, it waits."""
        cell = math.ceil(position_ms / TRANSCRIPT_GRID_MS)
        self._waiting.append(PlacedAppend(event, cell * TRANSCRIPT_GRID_MS))

    def due(self, position_ms: float) -> list[LiveContextAppend]:
        """Those whose time has come; acknowledges those whose cell is over."""
        found = [each for each in self._waiting if not each.taken and each.start_ms < position_ms]
        for placed in found:
            placed.taken = True
        while self._waiting and self._waiting[0].end_ms <= position_ms:
            self._acknowledge(self._waiting.popleft())
        return [placed.event for placed in found]

    def _acknowledge(self, placed: PlacedAppend) -> None:
        event = placed.event
        answered = {"client_event_id": event.event_id} if event.event_id else {}
        self._events.emit(f"{event.type}ed", start_ms=placed.start_ms, end_ms=placed.end_ms, **answered)

    def leftovers(self) -> list[tuple[ApiError, str | None]]:
        """At the end: what never found a place, with the ids of the commands."""
        text = "The session ended before this context was injected."
        return [(ApiError(CONTEXT_INCOMPLETE, text), placed.event.event_id) for placed in self._waiting]

"""The clock of a Live session: it runs on the client's sound, and never faster than real time."""

from __future__ import annotations

LEAD_MS = 100.0  # sound that may be used ahead of real time: one block that comes in one piece
MAX_CATCH_UP_MS = 1_000.0  # what comes late may go through at once up to here; more becomes delay


class SoundClock:
    """How much of the sound that came is due. All positions are ms of sound since the session started."""

    def __init__(self) -> None:
        self.received_ms = 0.0
        self.position_ms = 0.0
        self._base_at: float | None = None  # real time (s) at which ``_base_ms`` was due
        self._base_ms = 0.0

    def receive(self, at: float, ms: float) -> None:
        """Count more sound that has arrived."""
        starved = self.received_ms <= self.position_ms
        late_ms = self._allowed_ms(at) - self.received_ms
        if self._base_at is None or (starved and late_ms > MAX_CATCH_UP_MS):
            caught_up_ms = MAX_CATCH_UP_MS if self._base_at is not None else LEAD_MS
            self._base_at, self._base_ms = at, self.received_ms + caught_up_ms - LEAD_MS
        self.received_ms += ms

    def advance(self, at: float) -> float:
        """Move on to what is due at ``at``; returns by how many ms."""
        before = self.position_ms
        self.position_ms = max(before, min(self.received_ms, self._allowed_ms(at)))
        return self.position_ms - before

    def due_at(self, position_ms: float) -> float | None:
        """When that position is due (s); None as long as its sound has not come."""
        if self._base_at is None or self.received_ms < position_ms:
            return None
        return self._base_at + (position_ms - self._base_ms - LEAD_MS) / 1000

    def _allowed_ms(self, at: float) -> float:
        if self._base_at is None:
            return 0.0
        return self._base_ms + (at - self._base_at) * 1000 + LEAD_MS

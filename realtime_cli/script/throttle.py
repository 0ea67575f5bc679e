"""When the next session may begin after a server has refused one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_GAP_S = 0.25
MAX_GAP_S = 30.0
UNNAMED_PAUSE_S = 5.0  # when the server refuses but does not say for how long
SCARCE = 0.1  # less than this share of a limit is left


@dataclass
class Throttle:
    """A pause after each refusal, and behind it sessions one by one.

    They come half as often after every refusal, and a little more often after every session that was let in.
    Times are seconds of any one clock.
    """

    closed_until: float = 0.0
    gap_s: float = 0.0
    _next: float = 0.0

    def refused(self, at: float, pause_s: float | None = None) -> None:
        """HTTP 429, with its Retry-After. What was under way when the first was refused counts with it."""
        if at >= self.closed_until:
            self.gap_s = min(MAX_GAP_S, max(FIRST_GAP_S, self.gap_s * 2))
        self.hold(at, UNNAMED_PAUSE_S if pause_s is None else pause_s)

    def hold(self, at: float, pause_s: float) -> None:
        """Nothing begins for this long."""
        self.closed_until = max(self.closed_until, at + pause_s)

    def welcomed(self) -> None:
        """A session was let in."""
        self.gap_s = self.gap_s * 0.9 if self.gap_s > FIRST_GAP_S / 4 else 0.0

    def wait_s(self, at: float) -> float:
        """How long to wait for a place from ``at`` on; the place is taken."""
        begin = max(at, self.closed_until, self._next)
        self._next = begin + self.gap_s
        return begin - at


def scarce(limit: int | None, remaining: int | None) -> bool:
    """Whether ``rate_limits.updated`` says that little is left."""
    return bool(limit) and remaining is not None and remaining < SCARCE * (limit or 0)

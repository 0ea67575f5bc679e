"""Limits that the user set on a session: money, minutes, minutes without a word.

Each warns once at 80 % and ends the session at 100 %. Of the cost, what has a known price counts; the user is
told once of a model that has none.
"""

from __future__ import annotations

from collections.abc import Sequence

from realtime_cli.client.options import SessionOptions
from realtime_cli.value import value

WARNING_SHARE = 0.8
IDLE = "limits.idle_minutes"


@value
class Limit:
    """One limit: how much of it is used, in its own unit."""

    name: str
    unit: str
    most: float

    def sentence(self, used: float) -> str:
        if self.unit == "USD":
            digits = 2 if self.most >= 0.1 else 4
            return f"${used:.{digits}f} of {self.name} = ${self.most:.{digits}f} spent"
        how = "without a word" if self.name == IDLE else "used"
        return f"{round(used, 2):g} of {self.name} = {self.most:g} minutes {how}"


class SessionLimits:
    """What is used up, as of a moment in session seconds."""

    @classmethod
    def of(cls, options: SessionOptions) -> SessionLimits:
        """Those of a session."""
        return cls(
            cost_usd=options.limit_cost_usd,
            minutes=options.limit_minutes,
            idle_minutes=options.limit_idle_minutes,
        )

    def __init__(
        self,
        *,
        cost_usd: float | None = None,
        minutes: float | None = None,
        idle_minutes: float | None = None,
    ) -> None:
        self._cost = Limit("limits.cost", "USD", cost_usd) if cost_usd else None
        self._minutes = Limit("limits.minutes", "min", minutes) if minutes else None
        self._idle = Limit(IDLE, "min", idle_minutes) if idle_minutes else None
        self._warned: set[str] = set()
        self._cost_unknown = False
        self.reached: str | None = None

    def check(self, at: float, active_at: float, known_usd: float, unpriced: Sequence[str] = ()) -> list[str]:
        """New warnings; ``reached`` is set when a limit is used up.

        ``active_at``: when a word of either side was last heard. ``known_usd``: what was spent on all but
        ``unpriced`` models.
        """
        warnings = []
        for limit, used in self._used(at, active_at, known_usd):
            if used >= limit.most:
                self.reached = self.reached or f"Limit reached: {limit.sentence(used)}."
            elif used < WARNING_SHARE * limit.most:
                self._warned.discard(limit.name)
            elif limit.name not in self._warned:
                self._warned.add(limit.name)
                warnings.append(f"Limit almost reached: {limit.sentence(used)}.")
        if self._cost and unpriced and not self._cost_unknown:
            self._cost_unknown = True
            without = " and ".join(unpriced)
            warnings.append(
                f"limits.cost leaves out {without}: no price is known. Add one under [prices.MODEL]."
            )
        return warnings

    def _used(self, at: float, active_at: float, known_usd: float) -> list[tuple[Limit, float]]:
        used: list[tuple[Limit, float]] = []
        if self._cost:
            used.append((self._cost, known_usd))
        if self._minutes:
            used.append((self._minutes, at / 60))
        if self._idle:
            used.append((self._idle, (at - active_at) / 60))
        return used

    def next_at(self, at: float, active_at: float) -> float | None:
        """When a limit of time is next near or reached; None without one."""
        times = []
        for limit, since in ((self._minutes, 0.0), (self._idle, active_at)):
            if limit:
                times += [since + share * limit.most * 60 for share in (WARNING_SHARE, 1.0)]
        return min((time for time in times if time > at), default=None)

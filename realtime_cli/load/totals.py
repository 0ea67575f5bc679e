"""What is counted beside Locust's tables: lateness, CPU and money, over all workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.script.pacing_histogram import PacingHistogram


@dataclass
class Totals:
    """``cpu_s`` of the engines, over ``session_s`` seconds of sessions."""

    lateness: PacingHistogram = field(default_factory=PacingHistogram)
    cpu_s: float = 0.0
    session_s: float = 0.0
    usd: float = 0.0
    unpriced: int = 0
    """Sessions whose cost is not known."""
    _cpu_before_s: float | None = None

    def paced(self, pace: Mapping[str, Any]) -> None:
        """A ``pace`` event of the one engine of this process."""
        self.lateness.add(pace["late"])
        if self._cpu_before_s is not None:
            self.cpu_s += pace["cpu_s"] - self._cpu_before_s
            self.session_s += pace["sessions"] * pace["seconds"]
        self._cpu_before_s = pace["cpu_s"]

    def paid(self, usd: float | None) -> None:
        self.usd += usd or 0.0
        self.unpriced += usd is None

    def taken(self) -> dict[str, Any]:
        """Lateness and CPU since the last time, for the master; counting begins anew."""
        taken = {"late": self.lateness.taken(), "cpu_s": self.cpu_s, "session_s": self.session_s}
        self.cpu_s = self.session_s = 0.0
        return taken

    def add(self, taken: Mapping[str, Any]) -> None:
        """Add what a worker has sent."""
        self.lateness.add(taken["late"])
        self.cpu_s += taken["cpu_s"]
        self.session_s += taken["session_s"]

    @property
    def cpu_ms_per_session_s(self) -> float:
        """How many milliseconds of one core a session costs in a second."""
        return 1000 * self.cpu_s / self.session_s if self.session_s else 0.0

    def sentences(self) -> list[str]:
        """For the end of a run, beside its verdict."""
        lines = []
        if self.session_s:
            lines.append(
                f"Engines: {self.cpu_ms_per_session_s:.1f} ms of one core per second of session, "
                f"over {self.session_s:.0f} s of sessions."
            )
        if self.usd:
            lines.append(f"Cost: ${self.usd:.4f}, and {self.unpriced} sessions of unknown cost.")
        return lines

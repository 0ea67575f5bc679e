"""The rows of a load test, one for each kind and script, and sums of one kind. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("open", "first audio", "response", "interruption stop", "tool", "session", "cut", "pace", "engine")
PERCENTILES = (50, 90, 95, 99)


@dataclass
class Figures:
    """How often each time in ms was measured; ``failures`` among them. ``name``: empty for a whole kind."""

    kind: str
    name: str = ""
    times: Counter[int] = field(default_factory=Counter)
    failures: int = 0

    @property
    def count(self) -> int:
        return self.times.total()

    def percentile_ms(self, percent: float) -> int | None:
        """The nearest-rank percentile; None where so few samples have none: p95 takes 20, p99 a hundred."""
        carried = percent <= 50 or self.count * (100 - percent) >= 100
        if not self.count or not carried:
            return None
        requested, seen = percent * self.count / 100, 0
        for ms, times in sorted(self.times.items()):
            seen += times
            if seen >= requested:
                return ms
        return None


def rows_of(entries: Iterable[Any]) -> list[Figures]:
    """The rows of Locust's statistics, in the order of what happens in a session."""
    rows = [
        Figures(entry.method, entry.name, Counter(entry.response_times), entry.num_failures)
        for entry in entries
    ]
    return sorted(rows, key=lambda row: (_place(row.kind), row.name))


def _place(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def sums(rows: Iterable[Figures]) -> dict[str, Figures]:
    """Each kind over all scripts and turns. Kinds are never mixed: an open is no session, and no pace."""
    made: dict[str, Figures] = {}
    for row in rows:
        whole = made.setdefault(row.kind, Figures(row.kind))
        whole.times.update(row.times)
        whole.failures += row.failures
    return made


def since(now: Mapping[int, int], before: Mapping[int, int]) -> Counter[int]:
    """What was measured between two looks at the same times."""
    return Counter({ms: times - before.get(ms, 0) for ms, times in now.items() if times > before.get(ms, 0)})

"""All runs of one script: how many pass, how long they take, what goes wrong."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from realtime_cli.conversation.turns import MIN_FOR_P95, percentile
from realtime_cli.script.failure_kind import kind_of
from realtime_cli.script.result import CaseResult

SHOWN = (("within_ms", "first sound"), ("done_ms", "response"))
SHOWN_K = (2, 3, 5, 10)


@dataclass(frozen=True)
class Group:
    """All runs of one case."""

    name: str
    results: tuple[CaseResult, ...]

    @property
    def passed(self) -> int:
        return sum(result.status == "passed" for result in self.results)

    @property
    def pass_rate(self) -> float:
        """The same as pass@1: the share of runs that pass."""
        return self.passed / len(self.results)

    def pass_power(self, k: int) -> float:
        """pass^k, the chance that ``k`` runs all pass, as tau-bench has it: C(passed, k) / C(runs, k)."""
        return math.comb(self.passed, k) / math.comb(len(self.results), k)

    @property
    def pass_powers(self) -> dict[int, float]:
        """pass^k for the k that these runs can tell."""
        return {k: self.pass_power(k) for k in SHOWN_K if k <= len(self.results)}

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of failure came, the most frequent first."""
        return dict(Counter(kind for result in self.results if (kind := kind_of(result))).most_common())

    def samples(self, figure: str) -> list[float]:
        """A timing of all turns of all runs."""
        values = [turn.figures.get(figure) for result in self.results for turn in result.turns]
        return [value for value in values if value is not None]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; a p95 is null where there are too few samples."""
        return {
            "name": self.name,
            "runs": len(self.results),
            "pass@1": round(self.pass_rate, 4),
            **{f"pass^{k}": round(power, 4) for k, power in self.pass_powers.items()},
            "failures": self.kinds,
            **{figure: spread(self.samples(figure)) for figure, _ in SHOWN},
        }


def groups(results: Iterable[CaseResult]) -> list[Group]:
    """Results by case, in order."""
    by_name: dict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        by_name[result.case.name].append(result)
    return [Group(name, tuple(runs)) for name, runs in by_name.items()]


def spread(samples: Sequence[float]) -> dict[str, float | int | None]:
    """How many there are, the least, the median and the 95th percentile."""
    return {
        "samples": len(samples),
        "min": min(samples, default=None),
        "median": round(statistics.median(samples), 1) if samples else None,
        "p95": percentile(samples, 95, min_count=MIN_FOR_P95),
    }


def spread_text(samples: Sequence[float]) -> str:
    """``120 / 340 / 900 ms``: least, median, 95th percentile; a dash where there are too few for it."""
    if not samples:
        return "-"
    figures = spread(samples)
    values = (figures["min"], figures["median"], figures["p95"])
    return " / ".join("-" if value is None else f"{value:.0f}" for value in values) + " ms"


def group_lines(found: Iterable[Group]) -> list[str]:
    """One line for each script that ran several times."""
    lines = []
    for group in found:
        if len(group.results) < 2:
            continue
        powers = "".join(f", pass^{k} {power:.0%}" for k, power in group.pass_powers.items())
        times = "".join(f", {words} {spread_text(group.samples(name))}" for name, words in SHOWN)
        kinds = "".join(f"; {count} x {kind}" for kind, count in group.kinds.items())
        lines.append(
            f"{group.name}: pass@1 {group.pass_rate:.0%} of {len(group.results)}{powers}{times}{kinds}"
        )
    if lines:
        lines.append("(times: min / median / p95 over all turns)")
    return lines

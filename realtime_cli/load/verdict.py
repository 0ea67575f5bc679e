"""The verdict of a load test: whether its figures are reliable, why, and which conditions failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from realtime_cli.load.figures import Figures, sums
from realtime_cli.load.thresholds import threshold_of
from realtime_cli.load.totals import Totals


@dataclass(frozen=True)
class Verdict:
    """``conditions``: each with whether the load fails by it, and what was found."""

    reliable: bool
    why: str
    conditions: tuple[tuple[str, bool, str], ...] = ()

    @property
    def failed(self) -> bool:
        return any(failed for _, failed, _ in self.conditions)

    @property
    def lines(self) -> list[str]:
        """For people, one each."""
        word = "Reliable" if self.reliable else "UNRELIABLE"
        told = [
            f"{'FAILED' if failed else 'Passed'}: --fail-if {text!r}: {found}"
            for text, failed, found in self.conditions
        ]
        return [f"{word}: {self.why}", *told]

    def as_dict(self) -> dict[str, Any]:
        conditions = [
            {"condition": text, "failed": failed, "found": found} for text, failed, found in self.conditions
        ]
        return {"reliable": self.reliable, "why": self.why, "fail_if": conditions}


def verdict_of(rows: Iterable[Figures], tally: Totals, fail_if: Iterable[str]) -> Verdict:
    """Of the whole run."""
    kinds: Mapping[str, Figures] = sums(rows)
    p99, frames = tally.lateness.percentile_ms(0.99), tally.lateness.frames
    if not frames:
        why = "no sound was sent, so the client's own pace does not count."
    elif tally.lateness.reliable:
        why = f"the client's own frames were at most {p99} ms late at p99 ({frames} frames of 20 ms)."
    else:
        why = (
            f"the client's own frames were {p99} ms late at p99, more than one frame of 20 ms: the "
            "latencies are too high. Use fewer users or more machines; --users auto finds how many this "
            "machine can run."
        )
    judged = tuple((one.text, *one.verdict(kinds)) for one in map(threshold_of, fail_if))
    return Verdict(tally.lateness.reliable, why, judged)

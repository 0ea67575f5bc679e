"""How likely a difference between a few runs and a few others is chance: two well-known one-sided tests.

``slower`` is the rank test of Mann and Whitney (1947): the exact distribution of U by their recurrence where
no two values are alike, else the normal approximation with the correction for ties. ``fewer`` is Fisher's
exact test (1922) of passed and failed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache

MAX_EXACT = 400  # pairs; more are near enough to the normal distribution


def slower(before: Sequence[float], now: Sequence[float]) -> float:
    """The probability that ``now`` looks at least so much larger than ``before`` by chance."""
    if not before or not now:
        return 1.0
    u = sum((new > old) + 0.5 * (new == old) for new in now for old in before)
    pairs = len(before) * len(now)
    ties = [count for count in Counter([*before, *now]).values() if count > 1]
    if not ties and pairs <= MAX_EXACT:
        total = math.comb(len(before) + len(now), len(now))
        return sum(_ways(len(before), len(now), k) for k in range(int(u), pairs + 1)) / total
    n = len(before) + len(now)
    spread = pairs / 12 * (n + 1 - sum(count**3 - count for count in ties) / (n * (n - 1)))
    if spread <= 0:
        return 1.0
    return 0.5 * math.erfc((u - 0.5 - pairs / 2) / math.sqrt(2 * spread))


@cache
def _ways(before: int, now: int, u: int) -> int:
    """In how many orders of this many values there are ``u`` pairs in which the one of ``now`` is larger."""
    if u < 0 or u > before * now:
        return 0
    if before == 0 or now == 0:
        return 1
    return _ways(before, now - 1, u - before) + _ways(before - 1, now, u)


def fewer(passed_before: int, before: int, passed_now: int, now: int) -> float:
    """The probability that so few of ``now`` pass by chance, if they are as good as before."""
    passed, total = passed_before + passed_now, before + now
    if not before or not now:
        return 1.0
    ways = (math.comb(now, k) * math.comb(before, passed - k) for k in range(passed_now + 1) if k <= passed)
    return sum(ways) / math.comb(total, passed)

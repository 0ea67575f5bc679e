"""Whether a run is worse than an earlier one: distributions against each other, with how sure that is."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime_cli.script.rank_test import fewer, slower
from realtime_cli.script.result import CaseResult

NOTICED_MS = 50.0  # a timing that grew by less is no regression, whatever the margin
SURE = 0.05  # the accepted probability that a regression is chance

Samples = dict[str, list[float]]


@dataclass(frozen=True)
class Worse:
    """Something that got worse. ``sure``: it counts; else it may be chance."""

    text: str
    sure: bool


def compare(results: Iterable[CaseResult], baseline: Mapping[str, Any], margin: float) -> list[Worse]:
    """What got worse since ``baseline`` (a JSON report), in sentences.

    ``margin`` is how much longer a median may be, as a share: 0.2 allows 20 %. Beyond it a timing counts
    when the rank test is sure; passing less often counts when Fisher's test is, or when a script that always
    passed never does.
    """
    now, before = (
        samples_of([result.to_dict() for result in results]),
        samples_of(baseline.get("results", [])),
    )
    found: list[Worse] = []
    for name in now.keys() & before.keys():
        found += _worse(name, before[name], now[name], margin)
    return sorted(found, key=lambda worse: worse.text)


def samples_of(results: Iterable[Mapping[str, Any]]) -> dict[str, Samples]:
    """Case -> figure -> its values over the repeats; ``passed`` is 1 or 0.

    Raises KeyError, TypeError, ValueError or AttributeError for what are no results.
    """
    gathered: dict[str, Samples] = defaultdict(lambda: defaultdict(list))
    for result in results:
        case = gathered[result["name"]]
        if result["status"] != "unreliable":  # figures that say something about the machine, not the agent
            case["passed"].append(float(result["status"] == "passed"))
        for turn in result["turns"]:
            for figure, value in turn["figures"].items():
                if value is not None:
                    case[f"turn {turn['number']} {figure}"].append(_finite(value))
    return gathered


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not a time")
    return number


def _worse(
    name: str, before: Mapping[str, list[float]], now: Mapping[str, list[float]], margin: float
) -> Iterator[Worse]:
    old, new = before.get("passed", []), now.get("passed", [])
    was, is_now = _share(old), _share(new)
    if old and new and is_now < was:
        p = fewer(int(sum(old)), len(old), int(sum(new)), len(new))
        text = f"{name}: passes {is_now:.0%} of {len(new)}, was {was:.0%} of {len(old)}"
        yield Worse(f"{text} ({_how_sure(p, 'Fisher', old, new)})", p <= SURE or (was, is_now) == (1.0, 0.0))
    for figure in now.keys() & before.keys() - {"passed"}:
        old, new = before[figure], now[figure]
        then, median = statistics.median(old), statistics.median(new)
        if median > then * (1 + margin) and median - then > NOTICED_MS:
            p = slower(old, new)
            text = f"{name}: {figure} is {median:.0f} ms over {len(new)}, was {then:.0f} ms over {len(old)}"
            yield Worse(f"{text} ({_how_sure(p, 'Mann-Whitney', old, new)})", p <= SURE)


def _share(passed: Sequence[float]) -> float:
    return statistics.fmean(passed) if passed else 0.0


def _how_sure(p: float, test: str, old: Sequence[float], new: Sequence[float]) -> str:
    few = "; too few runs to be sure, use --repeat" if p > SURE and min(len(old), len(new)) < 3 else ""
    return f"by chance with p = {p:.2g}, {test}{few}"

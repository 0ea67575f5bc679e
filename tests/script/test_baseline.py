"""Whether a run is worse than an earlier one, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_cli.script.baseline import compare
from realtime_cli.script.result import CaseResult
from tests.script.runs import run_of


def runs(name: str, times: Sequence[float | None], failed: int = 0) -> list[CaseResult]:
    return [
        run_of(name, "failed" if place < failed else "passed", within_ms=ms, repeat=place + 1)
        for place, ms in enumerate(times)
    ]


def compared(before: Sequence[CaseResult], now: Sequence[CaseResult]) -> list[tuple[str, bool]]:
    written = {"results": [result.to_dict() for result in before]}
    return [(worse.text, worse.sure) for worse in compare(now, written, 0.2)]


def test_a_distribution_that_moved_is_a_regression_with_its_chance() -> None:
    [(text, sure)] = compared(runs("a", [400, 410, 420, 430]), runs("a", [700, 650, 720, 690]))
    assert sure
    assert text == (
        "a: turn 1 within_ms is 695 ms over 4, was 415 ms over 4 (by chance with p = 0.014, Mann-Whitney)"
    )


def test_one_slow_sample_is_no_regression() -> None:
    [(text, sure)] = compared(runs("a", [500]), runs("a", [700]))
    assert not sure
    assert text.endswith("(by chance with p = 0.5, Mann-Whitney; too few runs to be sure, use --repeat)")
    assert compared(runs("a", [400, 410, 420, 430]), runs("a", [405, 412, 1900, 425])) == []


def test_what_is_within_the_margin_or_not_measured_is_not_worse() -> None:
    assert compared(runs("a", [500] * 5), runs("a", [560] * 5)) == []
    assert compared(runs("a", [20, 21, 22, 23]), runs("a", [40, 41, 42, 43])) == [], "nobody notices"
    assert compared(runs("a", [500]), runs("a", [None])) == []
    assert compared(runs("a", [500]), runs("new", [900], failed=1)) == []


def test_passing_less_often_counts_when_it_is_no_chance() -> None:
    [(text, sure)] = compared(runs("a", [1] * 10), runs("a", [1] * 10, failed=2))
    assert (text, sure) == ("a: passes 80% of 10, was 100% of 10 (by chance with p = 0.24, Fisher)", False)
    [(_, sure)] = compared(runs("a", [1] * 10), runs("a", [1] * 10, failed=5))
    assert sure
    [(_, sure)] = compared(runs("a", [1]), runs("a", [1], failed=1))
    assert sure, "always before, never now"
    unreliable = [run_of("a", "unreliable", within_ms=1.0)]
    assert compared(runs("a", [1]), unreliable) == [], "that says something about the machine"

"""The variants of a matrix side by side."""

from __future__ import annotations

from dataclasses import replace

from realtime_cli.script.comparison import comparison
from realtime_cli.script.result import CaseResult
from tests.script.runs import run_of

REALTIME, LIVE = (("connection.protocol", "realtime"),), (("connection.protocol", "live"),)


def _run(
    variant: tuple[tuple[str, str], ...], within_ms: float, usd: float | None, **details: float | None
) -> CaseResult:
    run = run_of("a", "passed", within_ms=within_ms)
    turns = (replace(run.turns[0], details=details),)
    return replace(run, case=replace(run.case, variant=variant), turns=turns, usd=usd)


def test_one_variant_is_not_compared():
    assert comparison([run_of("a", "passed"), run_of("b", "failed")]) == ([], [])


def test_figures_are_medians_and_counts_are_sums():
    head, rows = comparison(
        [
            _run(REALTIME, 400, 0.01, server_ms=300, talk_over_ms=50, interrupted=1, calls=0),
            _run(REALTIME, 600, 0.02, server_ms=500, talk_over_ms=70, interrupted=1, calls=0),
            _run(LIVE, 900, 0.1, server_ms=700, talk_over_ms=0, interrupted=0, calls=1, tool_ms=250),
        ]
    )
    assert head == ["", "protocol=realtime", "protocol=live"]
    assert {row[0].strip(): row[1:] for row in rows} == {
        "passed": ["2 of 2", "1 of 1"],
        "first sound": ["500 ms", "900 ms"],
        "server": ["400 ms", "700 ms"],
        "tools": ["-", "250 ms"],
        "interruptions": ["2", "0"],
        "talk-over": ["120 ms", "0 ms"],
        "cost": ["$0.0300", "$0.1000"],
    }


def test_a_cost_that_is_not_known_is_not_shown_as_a_number():
    _, rows = comparison([_run(REALTIME, 400, None), _run(LIVE, 900, 0.1)])
    assert rows[-1] == ["cost", "-", "$0.1000"]

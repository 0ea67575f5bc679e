"""All runs of one script: how many pass, how long they take, what goes wrong."""

from __future__ import annotations

import pytest

from realtime_cli.script.repeats import group_lines, groups
from tests.script.runs import run_of


def test_a_case_is_as_good_as_its_worst_verdict() -> None:
    assert run_of("a", "passed", "skipped").status == "passed"
    assert run_of("a", "passed", "unreliable").status == "unreliable"
    assert run_of("a", "unreliable", "failed").status == "failed"


def test_pass_at_one_and_to_the_power_of_k_and_kinds_of_failure() -> None:
    statuses = ["passed"] * 6 + ["failed"] * 4
    runs = [run_of("a", status, within_ms=100.0 + n, repeat=n + 1) for n, status in enumerate(statuses)]
    [a, b] = groups([*runs, run_of("b", "passed")])
    assert (a.pass_rate, b.pass_rate) == (0.6, 1.0)
    assert a.pass_powers == pytest.approx({2: 15 / 45, 3: 20 / 120, 5: 6 / 252, 10: 0.0})
    assert a.kinds == {"failed: contains": 4}
    assert a.to_dict()["within_ms"] == {"samples": 10, "min": 100.0, "median": 104.5, "p95": None}
    [line, legend] = group_lines([a, b])
    assert line.startswith("a: pass@1 60% of 10, pass^2 33%, pass^3 17%, pass^5 2%, pass^10 0%, first sound ")
    assert line.endswith("; 4 x failed: contains")
    assert legend == "(times: min / median / p95 over all turns)"


def test_a_p95_needs_twenty_samples() -> None:
    [group] = groups(run_of("a", "passed", within_ms=float(n), repeat=n) for n in range(1, 21))
    assert group.to_dict()["within_ms"]["p95"] == 19.0

"""The table of the rivals: figures, ratios to the floor, ours over the best rival."""

from __future__ import annotations

from typing import Any

from tests.bench.rivals_table import table


def listening(cpu_s: float) -> dict[str, Any]:
    return {"listening": {"cpu_s_per_min": cpu_s}}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_line_a_measure_and_a_column_a_client():
    head, line = table({"floor": listening(2.0), "ours, canceller": listening(3.0), "them": listening(5.0)})
    assert cells(head) == ["floor", "ours, canceller", "them", "ours / best rival"]
    assert cells(line) == ["listening, CPU s/min", "2.0", "3.0 1.50×", "5.0 2.50×", "0.60× them"]


def test_the_best_rival_is_the_one_with_the_smallest_figure():
    _, line = table({"ours, canceller": listening(3), "a": listening(4), "b": listening(2), "failed": {}})
    assert cells(line)[-2:] == ["-", "1.50× b"]


def test_without_a_floor_or_with_one_of_nothing_there_are_figures_only():
    _, line = table({"floor": listening(0), "ours, canceller": listening(3)})
    assert cells(line) == ["listening, CPU s/min", "0.0", "3.0"]


def test_a_client_that_failed_early_has_no_figures():
    _, start, listened = table({"floor": {"start_ms": 126, **listening(2)}, "them": {"start_ms": 800}})
    assert cells(start) == ["start, ms", "126", "800 6.35×"]
    assert cells(listened) == ["listening, CPU s/min", "2.0", "-"]


def test_the_late_wire_has_a_line_for_each_half():
    late = {"late": {"silent_ms_per_min": [300, 30], "delay_ms": {"median": 224.5}}}
    assert [cells(line) for line in table({"floor": late})[1:]] == [
        ["late wire, silent ms/min", "300"],
        ["the same later", "30.0"],
        ["late wire, delay ms", "224"],
    ]

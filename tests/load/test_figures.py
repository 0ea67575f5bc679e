"""Rows of a load test: no percentile that the samples cannot carry, and no kinds mixed."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from realtime_cli.load.figures import Figures, rows_of, since, sums


def of(*times: int) -> Figures:
    return Figures("first audio", "call, turn 1", Counter(times))


def test_percentiles_are_samples_and_stand_only_where_enough_were_measured() -> None:
    assert of().percentile_ms(50) is None
    assert of(30, 10, 20).percentile_ms(50) == 20
    assert of(*range(1, 20)).percentile_ms(95) is None
    assert of(*range(1, 21)).percentile_ms(95) == 19
    assert of(*range(1, 100)).percentile_ms(99) is None
    assert of(*range(1, 101)).percentile_ms(99) == 99


def test_rows_come_in_the_order_of_a_session_and_kinds_are_summed_apart() -> None:
    entries = [
        SimpleNamespace(method=kind, name=name, response_times={100: 2}, num_failures=failures)
        for kind, name, failures in (("session", "call", 1), ("first audio", "b", 0), ("first audio", "a", 0))
    ]
    rows = rows_of(entries)
    assert [(row.kind, row.name) for row in rows] == [
        ("first audio", "a"),
        ("first audio", "b"),
        ("session", "call"),
    ]
    kinds = sums(rows)
    assert (kinds["first audio"].count, kinds["session"].count, kinds["session"].failures) == (4, 2, 1)


@pytest.mark.parametrize(("now", "new"), [({100: 3, 200: 1}, {100: 1, 200: 1}), ({100: 2}, {})])
def test_what_is_new_since_a_look(now: dict[int, int], new: dict[int, int]) -> None:
    assert since(now, {100: 2}) == new

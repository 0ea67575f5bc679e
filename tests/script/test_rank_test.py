"""The two tests against published values, and against counting every order."""

from __future__ import annotations

import itertools

import pytest

from realtime_cli.script.rank_test import fewer, slower


def test_every_order_of_few_values_is_as_likely() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    now, before = (3.0, 5.0, 6.0), [1.0, 2.0, 4.0]

    def u(chosen: tuple[float, ...]) -> int:
        return sum(new > old for new in chosen for old in values if old not in chosen)

    orders = list(itertools.combinations(values, 3))
    as_large = sum(u(order) >= u(now) for order in orders)
    assert slower(before, now) == pytest.approx(as_large / len(orders))


def test_small_samples_cannot_be_sure_and_a_clear_difference_is() -> None:
    assert slower([1.0], [2.0]) == 0.5
    assert slower([1, 2, 3], [4, 5, 6]) == pytest.approx(1 / 20)
    assert slower([4, 5, 6], [1, 2, 3]) == 1.0
    assert slower([], [1.0]) == 1.0
    assert slower([2, 2, 2], [2, 2, 2]) == 1.0


def test_the_normal_distribution_is_near_the_exact_one() -> None:
    few, more = [float(n) for n in range(20)], [n + 4.5 for n in range(20)]
    exact = slower(few, more)
    tied = slower([*few, 9.0], [*more, 9.0])
    assert exact == pytest.approx(tied, rel=0.35)
    assert 0.001 < exact < 0.05


def test_fishers_tea() -> None:
    """The lady who tastes tea: three of four right (Fisher 1935)."""
    assert fewer(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fewer(5, 5, 0, 5) == pytest.approx(1 / 252)
    assert fewer(1, 1, 0, 1) == 0.5
    assert fewer(0, 3, 3, 3) == 1.0

"""The search finds what a machine carries, whatever that is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.load.search import Search


@given(st.integers(0, 5000))
def test_it_comes_within_a_tenth_in_few_steps(carries: int) -> None:
    search, steps = Search(), 0
    while not search.done:
        search.tried(search.users <= carries)
        steps += 1
    assert steps <= 20
    assert search.carried <= carries
    assert carries - search.carried <= max(1, 0.1 * (search.too_many or 0))

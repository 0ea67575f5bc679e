"""Refusals slow the sessions that follow, and welcomes bring the pace back."""

from __future__ import annotations

from realtime_cli.script.throttle import FIRST_GAP_S, MAX_GAP_S, UNNAMED_PAUSE_S, Throttle, scarce


def test_nothing_waits_where_nothing_was_refused() -> None:
    throttle = Throttle()
    assert [throttle.wait_s(at) for at in (0.0, 0.0, 0.1)] == [0.0, 0.0, 0.0]


def test_after_a_refusal_sessions_wait_as_long_as_was_said_and_then_come_one_by_one() -> None:
    throttle = Throttle()
    throttle.refused(10.0, 3.0)
    assert [throttle.wait_s(10.0) for _ in range(3)] == [3.0, 3.0 + FIRST_GAP_S, 3.0 + 2 * FIRST_GAP_S]


def test_a_refusal_that_names_no_time_is_a_pause_of_ours() -> None:
    throttle = Throttle()
    throttle.refused(0.0)
    assert throttle.wait_s(1.0) == UNNAMED_PAUSE_S - 1.0


def test_each_refusal_halves_the_pace_to_an_end() -> None:
    throttle = Throttle()
    gaps = []
    for _ in range(9):
        throttle.refused(0.0, 0.0)
        gaps.append(throttle.gap_s)
    assert gaps[:3] == [FIRST_GAP_S, 2 * FIRST_GAP_S, 4 * FIRST_GAP_S]
    assert gaps[-1] == MAX_GAP_S


def test_a_crowd_that_is_refused_at_once_is_one_refusal() -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.refused(1.0, 2.0)
    assert throttle.gap_s == FIRST_GAP_S
    assert throttle.wait_s(1.0) == 2.0


def test_welcomes_bring_back_the_full_pace() -> None:
    throttle = Throttle()
    throttle.refused(0.0, 0.0)
    welcomes = 0
    while throttle.gap_s:
        throttle.welcomed()
        welcomes += 1
    assert 5 < welcomes < 50


def test_a_limit_is_scarce_below_a_tenth() -> None:
    assert scarce(1000, 99)
    assert not scarce(1000, 100)
    assert not scarce(None, 5)
    assert not scarce(1000, None)

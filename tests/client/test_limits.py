"""Money, minutes, minutes without a word."""

from __future__ import annotations

import pytest

from realtime_cli.client.limits import SessionLimits


def test_warns_once_at_80_percent_and_ends_at_all():
    limits = SessionLimits(minutes=10)
    assert limits.check(60, 0, 0.0) == []
    assert limits.check(481, 0, 0.0) == ["Limit almost reached: 8.02 of limits.minutes = 10 minutes used."]
    assert limits.check(500, 0, 0.0) == []
    assert limits.reached is None
    limits.check(600, 0, 0.0)
    assert limits.reached == "Limit reached: 10 of limits.minutes = 10 minutes used."


def test_a_word_starts_the_idle_minutes_again():
    limits = SessionLimits(idle_minutes=1)
    assert limits.check(50, 0, 0.0) != []
    assert limits.check(52, 51, 0.0) == []
    assert limits.check(100, 51, 0.0) != []
    limits.check(111, 51, 0.0)
    assert limits.reached


def test_money():
    limits = SessionLimits(cost_usd=1.0)
    assert limits.check(0, 0, 0.85) == ["Limit almost reached: $0.85 of limits.cost = $1.00 spent."]
    limits.check(0, 0, 1.02)
    assert limits.reached == "Limit reached: $1.02 of limits.cost = $1.00 spent."


def test_small_change_keeps_its_digits():
    limits = SessionLimits(cost_usd=0.002)
    limits.check(0, 0, 0.009)
    assert limits.reached == "Limit reached: $0.0090 of limits.cost = $0.0020 spent."


def test_what_has_no_price_is_said_once_and_the_rest_still_counts():
    limits = SessionLimits(cost_usd=1.0)
    (warning,) = limits.check(0, 0, 0.1, ["whisper-9"])
    assert warning.startswith("limits.cost leaves out whisper-9")
    assert limits.check(0, 0, 0.2, ["whisper-9"]) == []
    limits.check(0, 0, 1.0, ["whisper-9"])
    assert limits.reached


@pytest.mark.parametrize(("at", "next_at"), [(0.0, 480.0), (480.0, 600.0), (600.0, None)])
def test_knows_when_to_look_again(at, next_at):
    assert SessionLimits(minutes=10).next_at(at, 0.0) == next_at

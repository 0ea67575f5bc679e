"""Places that people name, and the days in words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest

from realtime_cli.server.engine.dialogue.clock import date_sentence, find_place, places, time_sentence

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("in san francisco", "America/Los_Angeles"),
        ("new york city please", "America/New_York"),
        ("germany's time", "Europe/Berlin"),
        ("in auckland", "Pacific/Auckland"),
        ("in mumbai", "Asia/Kolkata"),
    ],
)
def test_places(text: str, zone: str) -> None:
    found = find_place(text)
    assert found is not None
    assert found[1] == zone


def test_every_place_has_a_zone_that_exists() -> None:
    assert set(places().values()) <= available_timezones()
    assert find_place("nowhere at all") is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("what time is it", "It is 11:30 PM."),
        ("what time is it in berlin", "It is 12:30 AM in Berlin."),
        (
            "what time is it in atlantis right now",
            "I do not know which time zone Atlantis is in. Here it is 11:30 PM.",
        ),
    ],
)
def test_time(asked: str, told: str) -> None:
    assert time_sentence(asked, NOW) == told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("what day is it", "Today is Thursday, December 31st, 2026."),
        ("what day is tomorrow", "Tomorrow is Friday, January 1st, 2027."),
        ("what was the date yesterday", "Yesterday was Wednesday, December 30th, 2026."),
        ("what is the date in tokyo", "Today is Friday, January 1st, 2027 in Tokyo."),
    ],
)
def test_date(asked: str, told: str) -> None:
    assert date_sentence(asked, NOW) == told

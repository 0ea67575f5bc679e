"""What was learned of rooms, as it is kept from session to session."""

from __future__ import annotations

import json
import os
import stat
from datetime import date, timedelta
from typing import Any

import pytest

from realtime_cli.audio import room
from realtime_cli.audio.room import Room, keep

TODAY = date(2026, 11, 29)


def heard(microphone: str = "Mic", loudspeaker: str = "Box", erl_db: float = 17.3, day: date = TODAY) -> Room:
    return Room(microphone=microphone, loudspeaker=loudspeaker, erl_db=erl_db, heard_on=day)


def told() -> tuple[list[Room], list[str]]:
    """The rooms of the file, and what is said of it."""
    complaints: list[str] = []
    return room.known_rooms(TODAY, complaints.append), complaints


def test_a_room_is_known_by_its_two_devices_the_one_that_was_heard_last_first() -> None:
    assert told() == ([], [])
    yesterday = TODAY - timedelta(1)
    assert keep(("Mic", "Box"), 17.34, 40, yesterday)
    assert keep(("Mic", "Headphones"), 38, 40, TODAY)
    assert told() == ([heard(loudspeaker="Headphones", erl_db=38), heard(day=yesterday)], [])


def test_what_was_heard_last_takes_the_place_of_what_was_kept() -> None:
    keep(("Mic", "Box"), 10, 40, TODAY - timedelta(1))
    keep(("Mic", "Box"), 20, 40, TODAY)
    assert told() == ([heard(erl_db=20)], [])


def test_after_thirty_days_it_is_no_longer_known_and_from_tomorrow_it_is_not_known_yet() -> None:
    keep(("Mic", "Box"), 17.3, 40, TODAY)
    assert room.known_rooms(TODAY + timedelta(30)) == [heard()]
    assert room.known_rooms(TODAY + timedelta(31)) == []
    assert room.known_rooms(TODAY - timedelta(1)) == []


def test_the_room_that_was_heard_longest_ago_goes_first() -> None:
    for number in range(20):
        keep((f"Mic {number}", "Box"), 17.3, 40, TODAY + timedelta(number))
    known = room.known_rooms(TODAY + timedelta(20))
    assert [each.microphone for each in known] == [f"Mic {number}" for number in range(19, 3, -1)]


@pytest.mark.parametrize(("erl_db", "heard_s"), [(17, 1.9), (45, 40), (-31, 40), (float("nan"), 40)])
def test_chance_and_headphones_are_not_kept(erl_db: float, heard_s: float) -> None:
    assert not keep(("Mic", "Box"), erl_db, heard_s, TODAY)
    assert not room.file().exists()


GOOD = {"microphone": "Mic", "loudspeaker": "Box", "erl_db": 17.3, "heard_on": "2026-11-29"}
BAD: list[Any] = [
    {**GOOD, "erl_db": "loud"},
    {**GOOD, "erl_db": 1e9},
    {**GOOD, "heard_on": "yesterday"},
    {**GOOD, "microphone": 1},
    {**GOOD, "more": 1},
    {},
    None,
]


@pytest.mark.parametrize(
    "written", ["", "{", "{}", "null", "\xff", "[" * 999, *(json.dumps([GOOD, bad]) for bad in BAD)]
)
def test_a_damaged_file_holds_no_room_and_is_written_anew(written: str) -> None:
    room.file().parent.mkdir(parents=True)
    room.file().write_text(written, encoding="latin-1")
    assert told() == ([], [f"{room.file()} is damaged, or others can write to it: ignored."])
    keep(("Mic", "Box"), 17.3, 40, TODAY)
    assert told() == ([heard()], [])


def test_where_nothing_can_be_written_nothing_is_kept() -> None:
    room.file().parent.parent.mkdir(parents=True, exist_ok=True)
    room.file().parent.write_text("a file where the folder should be")
    assert not keep(("Mic", "Box"), 17.3, 40, TODAY)
    assert told() == ([], [])


def test_it_is_the_owners_business() -> None:
    before = os.umask(0)
    try:
        keep(("Mic", "Box"), 17.3, 40, TODAY)
    finally:
        os.umask(before)
    assert stat.S_IMODE(room.file().stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other rights")
def test_what_somebody_else_could_have_written_is_not_believed() -> None:
    keep(("Mic", "Box"), 17.3, 40, TODAY)
    room.file().chmod(0o622)
    rooms, complaints = told()
    assert rooms == []
    assert len(complaints) == 1

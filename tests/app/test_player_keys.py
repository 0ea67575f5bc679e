"""The bar of a replay, and its keys."""

from __future__ import annotations

import pytest
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from rich.text import Text

from realtime_cli.app.player_keys import Key, Position, ReplayKeyMap, ReplaySurface, bar_row
from realtime_cli.tui.theme import PRETTY


@pytest.mark.parametrize(
    ("position", "row"),
    [
        (Position(0, 100), "0:00 ●" + "─" * 21 + " 1:40"),
        (Position(50, 100, paused=True), "0:50 " + "━" * 11 + "●" + "─" * 10 + " 1:40  paused"),
        (Position(100, 100, at_end=True), "1:40 " + "━" * 21 + "● 1:40  end"),
        (Position(50, 100, (0, 25, 75), (90,)), "0:50 ┼━━┼━━━●──┼┃─ 1:40  turn 2 of 3"),
        (Position(30, 0), "0:30 " + "━" * 21 + "● 0:30"),
    ],
)
def test_position_total_turns_and_notes(position: Position, row: str) -> None:
    shown = bar_row(position, 40, PRETTY).plain
    if not position.turn_starts:
        assert shown == row
    else:
        assert (shown.count("┼"), shown.count("┃"), shown.count("●")) == (3, 1, 1)
        assert shown.endswith(" 1:40  turn 2 of 3")


def test_the_bar_stays_as_long_as_it_is() -> None:
    lengths = set()
    for position in (
        Position(5, 600, (0,)),
        Position(500, 3700, (0,), paused=True),
        Position(600, 600, (0,), at_end=True),
        Position(5, 600, (0,), speed=4),
    ):
        shown = bar_row(position, 60, PRETTY).plain
        if position.total == 600:
            lengths.add(len([letter for letter in shown if letter in "━─┼●"]))
        assert len(shown) <= 60
    assert len(lengths) == 1


def test_before_the_first_turn_no_turn_is_counted() -> None:
    assert bar_row(Position(0, 100, (5, 25)), 40, PRETTY).plain.endswith(" 1:40  2 turns")


def test_what_is_too_narrow_for_a_bar_has_the_figures() -> None:
    assert bar_row(Position(50, 100, (0,)), 24, PRETTY).plain == "0:50 1:40  turn 1 of 1"


async def test_keys_are_notified_and_panels_open_and_close() -> None:
    came: list[Key] = []
    surface = ReplaySurface(PRETTY, Position, lambda name, width: [Text(f"about {name}")])
    keys = ReplayKeyMap(came.append, surface)
    for name in (" ", Keys.Left, Keys.End, "N", "q"):
        keys.feed([KeyPress(name)])
    assert came == ["pause", "back", "end", "next", "quit"]
    keys.feed([KeyPress("l")])
    assert "about latency" in [row.plain for row in keys.rows(60, 12)]
    keys.feed([KeyPress("?")])
    assert any("10 seconds back" in row.plain for row in keys.rows(60, 12))
    keys.feed([KeyPress(Keys.Escape)])
    keys.flush()
    assert len(keys.rows(60, 12)) == 2

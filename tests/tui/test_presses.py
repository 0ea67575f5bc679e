"""Keys and lines -> presses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.text import Text

from realtime_cli.tui.keys import Board
from realtime_cli.tui.kitty import KittyFilter
from realtime_cli.tui.look import PRETTY
from realtime_cli.tui.presses import Command, KeyPress, Press, TypedLine, parse_line
from realtime_cli.tui.typed_lines import TypedLines


def pressed(board: Board, *names: str) -> list[Press]:
    return [press for name in names for press in board.key(name)]


@pytest.mark.parametrize(
    ("line", "press"),
    [
        ("hello", TypedLine("hello")),
        ("  ", None),
        ("/mute", Command("mute")),
        ("/set session.audio.output.voice=cedar", Command("set", "session.audio.output.voice=cedar")),
        ("/int", Command("interrupt")),
        ("//usr is a folder", TypedLine("/usr is a folder")),
    ],
)
def test_lines(line: str, press: Press | None) -> None:
    assert parse_line(line) == press


def test_a_command_that_is_none_names_those_there_are() -> None:
    assert "/mute" in str(parse_line("/foo"))
    assert parse_line("/sa") == "/sa may be /save or /say."


def test_single_keys_have_meanings() -> None:
    names = [" ", "i", "escape", "v", "n", "r", "l", "e", "?", "q", "Q", "x", "left"]
    meanings = [p.meaning for p in pressed(Board(), *names) if isinstance(p, KeyPress)]
    assert meanings == [
        "mute", "interrupt", "interrupt", "video", "note", "reload", "latency", "echo", "help", "quit", "quit",
    ]  # fmt: skip


def test_typing_takes_the_keys_until_enter_or_escape() -> None:
    board = Board()
    assert pressed(board, "t", *"quit", "c-m") == [KeyPress("type"), TypedLine("quit")]
    assert pressed(board, "c-m", *"x", "escape", "q") == [KeyPress("type"), KeyPress("quit")]
    assert pressed(board, "/", *"mu", "c-i", "c-m") == [KeyPress("type"), Command("mute")]
    assert board.key("t") == [KeyPress("type")]
    assert board.key("<bracketed-paste>", "two\nlines") == []
    assert board.key("c-m") == [TypedLine("two lines")]


class Asking:
    """A surface with a question open."""

    look = PRETTY
    question = "run"

    def __init__(self) -> None:
        self.bottom: Callable[[int], Text] = lambda width: Text()

    def refresh(self) -> None: ...

    def say(self, text: str) -> None: ...

    def toggle_detail(self) -> None: ...


def test_an_open_question_is_answered_by_one_key() -> None:
    asking = Asking()
    board = Board(asking)
    assert asking.bottom(80).plain.startswith("y yes")
    assert pressed(board, "y", "a", "n") == [Command("approve", a) for a in ("yes", "session", "no")]
    asking.question = ""
    assert pressed(board, "y", "n") == [KeyPress("note")]


def test_push_to_talk_by_tapping() -> None:
    board = Board(push_to_talk=True)
    assert "space to talk" in board.row(80).plain
    assert pressed(board, " ") == [KeyPress("talk")]
    assert "space to send" in board.row(80).plain
    assert pressed(board, " ") == [KeyPress("release")]


def test_push_to_talk_by_holding() -> None:
    board = Board(push_to_talk=True)
    board.holds = True
    assert "hold space" in board.row(80).plain
    assert [*pressed(board, " ", " "), *board.released(), *board.released()] == [
        KeyPress("talk"),
        KeyPress("release"),
    ]


def test_the_hints_fit_the_row() -> None:
    assert all(Board().row(width).cell_len <= width for width in range(10, 120, 7))


def test_plain_lines_mean_the_same() -> None:
    said: list[str] = []
    lines = TypedLines(said.append, push_to_talk=True)
    assert [lines.press_of(line) for line in ("hi", "", "", "/quit", "/nonsense")] == [
        TypedLine("hi"), KeyPress("talk"), KeyPress("release"), Command("quit"), None,
    ]  # fmt: skip
    assert "no command /nonsense" in said[0]
    assert TypedLines(said.append).press_of("") == KeyPress("interrupt")


# -- the kitty protocol ---------------------------------------------------------------------------


def test_the_answers_to_the_probe_are_kept_out_of_the_keys() -> None:
    knows, knows_not = KittyFilter(), KittyFilter()
    assert knows.feed("a\x1b[?0u\x1b[?62;c") == "a"
    assert knows_not.feed("\x1b[?1;2cb") == "b"
    assert (knows.known, knows_not.known, KittyFilter().known) == (True, False, None)


def test_keys_come_in_the_old_form() -> None:
    kitty = KittyFilter()
    press = "\x1b[97u\x1b[97;1:3u\x1b[98;2u\x1b[99;5u\x1b[27u\x1b[13;1:1u\x1b[1;1:1A\x1b[1;1:3A\x1b[3;1:1~\x1b[57441;2u"
    assert kitty.feed(press) == "aB\x03\x1b\r\x1b[A\x1b[3~"
    assert not kitty.released_space


def test_the_space_bar_tells_when_it_is_let_go() -> None:
    kitty = KittyFilter()
    assert kitty.feed("\x1b[32u\x1b[32;1:2u") == " "
    assert not kitty.released_space
    assert kitty.feed("\x1b[32;1:3u") == ""
    assert kitty.released_space


def test_a_sequence_cut_in_two_is_put_together_and_a_lone_escape_passes() -> None:
    kitty = KittyFilter()
    assert [kitty.feed(part) for part in ("x\x1b[9", "7u", "\x1b", "[?1u")] == ["x", "a", "\x1b", "[?1u"]

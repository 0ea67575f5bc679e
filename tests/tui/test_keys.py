"""Keys -> presses: the board as a table of keys, and the keyboard of a (pseudo) terminal."""

from __future__ import annotations

import io
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.text import Text

from realtime_cli.tui import kitty
from realtime_cli.tui.key_events import KeyEvent, KeyPress, SlashCommand, TypedLine
from realtime_cli.tui.keys import KeyMap, Keys
from realtime_cli.tui.terminal import Terminal
from realtime_cli.tui.theme import PRETTY
from tests.tui.pseudo_terminal import PseudoTerminal, pseudo_terminal, until


class Bare:
    """A face with nothing on it but the bottom row."""

    look = PRETTY

    def __init__(self, question: str = "") -> None:
        self.question = question
        self.bottom: Callable[[int], Text] = lambda width: Text()
        self.said: list[str] = []
        self.detail = False

    def refresh(self) -> None: ...

    def say(self, text: str) -> None:
        self.said.append(text)

    def toggle_detail(self) -> None:
        self.detail = not self.detail


def pressed(board: KeyMap, *names: str) -> list[KeyEvent]:
    return [press for name in names for press in board.key(name)]


def test_single_keys_have_meanings() -> None:
    names = [" ", "i", "escape", "v", "n", "r", "l", "e", "?", "q", "Q", "x", "left"]
    meanings = [p.meaning for p in pressed(KeyMap(), *names) if isinstance(p, KeyPress)]
    assert meanings == [
        "mute", "interrupt", "interrupt", "video", "note", "reload", "latency", "echo", "help", "quit", "quit",
    ]  # fmt: skip


def test_typing_takes_the_keys_until_enter_or_escape() -> None:
    board = KeyMap()
    assert pressed(board, "t", *"quit", "c-m") == [KeyPress("type"), TypedLine("quit")]
    assert pressed(board, "c-m", *"x", "escape", "q") == [KeyPress("type"), KeyPress("quit")]
    assert pressed(board, "/", *"mu", "c-i", "c-m") == [KeyPress("type"), SlashCommand("mute")]
    assert board.key("t") == [KeyPress("type")]
    assert board.key("<bracketed-paste>", "two\nlines") == []
    assert board.key("c-m") == [TypedLine("two lines")]


def test_an_open_question_is_answered_by_one_key() -> None:
    asking = Bare("run")
    board = KeyMap(asking)
    assert asking.bottom(80).plain.startswith("y yes")
    assert pressed(board, "y", "a", "n") == [SlashCommand("approve", a) for a in ("yes", "session", "no")]
    asking.question = ""
    assert pressed(board, "y", "n") == [KeyPress("note")]


def test_push_to_talk_by_tapping() -> None:
    board = KeyMap(push_to_talk=True)
    assert "space to talk" in board.row(80).plain
    assert pressed(board, " ") == [KeyPress("talk")]
    assert "space to send" in board.row(80).plain
    assert pressed(board, " ") == [KeyPress("release")]


def test_push_to_talk_by_holding() -> None:
    board = KeyMap(push_to_talk=True)
    board.holds = True
    assert "hold space" in board.row(80).plain
    assert [*pressed(board, " ", " "), *board.released(), *board.released()] == [
        KeyPress("talk"),
        KeyPress("release"),
    ]


def test_the_hints_fit_the_row() -> None:
    assert all(KeyMap().row(width).cell_len <= width for width in range(10, 120, 7))


def test_a_question_for_a_result_is_answered_by_a_line() -> None:
    asking = Bare("output")
    board = KeyMap(asking)
    assert board.row(80).plain == "/approve RESULT · /approve no REASON"
    assert pressed(board, "y") == []
    assert pressed(board, "/", *"approve 42", "enter") == [KeyPress("type"), SlashCommand("approve", "42")]


def test_what_only_concerns_the_screen_is_shown_there() -> None:
    bare = Bare()
    board = KeyMap(bare)
    assert pressed(board, "?") == [KeyPress("help")]
    assert bare.said[-1].startswith("keys: space mute")
    pressed(board, "l")
    assert bare.detail
    assert pressed(board, "t", *"/latency", "enter")[-1] == SlashCommand("latency")
    assert not bare.detail
    assert pressed(board, "t", *"/nonsense", "enter") == [KeyPress("type")]
    assert "no command /nonsense" in bare.said[-1]


def test_typing_shows_the_line_and_an_emptied_one_ends_it() -> None:
    board = KeyMap()
    pressed(board, "t", *"hi")
    assert "hi" in board.row(40).plain
    pressed(board, "backspace", "backspace")
    assert board.typing
    pressed(board, "backspace")
    assert not board.typing


# -- the keyboard of a terminal -------------------------------------------------------------------


@asynccontextmanager
async def keyboard(
    surface: Bare | None = None, *, push_to_talk: bool = False
) -> AsyncIterator[tuple[PseudoTerminal, Keys, list[KeyEvent]]]:
    """Keys on a terminal of their own, closed behind."""
    came: list[KeyEvent] = []
    async with pseudo_terminal() as terminal:
        keys = Keys(
            surface,
            push_to_talk=push_to_talk,
            stdin=terminal.stdin,
            stdout=terminal.stdout,
            terminal=Terminal(),
        )
        keys.start(came.append)
        await terminal.until("\x1b[?2004h")  # pastes come in brackets
        yield terminal, keys, came
        await keys.close()


async def test_keys_come_one_by_one_and_the_terminal_is_as_it_was() -> None:
    async with pseudo_terminal() as terminal:
        before = terminal.settings()
        came: list[KeyEvent] = []
        keys = Keys(stdin=terminal.stdin, stdout=terminal.stdout, terminal=Terminal())
        keys.start(came.append)
        await terminal.until("\x1b[?2004h")
        assert not terminal.settings()[3] & (termios.ECHO | termios.ICANON)
        assert terminal.settings()[3] & termios.ISIG  # Ctrl+C stays a signal
        terminal.type("v")
        await until(lambda: came == [KeyPress("video")])
        await keys.close()
        await terminal.until("\x1b[?2004l")
        assert terminal.settings() == before


async def test_a_line_is_typed_and_a_paste_is_one_line() -> None:
    async with keyboard() as (terminal, _, came):
        terminal.type("tso \x1b[200~it\ris\x1b[201~\r")
        await until(lambda: came[1:] == [TypedLine("so it is")])


async def test_a_lone_escape_is_a_key_although_sequences_begin_with_it() -> None:
    async with keyboard() as (terminal, _, came):
        terminal.type("\x1b")
        await until(lambda: came == [KeyPress("interrupt")])
        terminal.type("\x1b[A")
        terminal.type("q")
        await until(lambda: came[1:] == [KeyPress("quit")])


async def test_a_terminal_that_tells_when_a_key_is_let_go_is_asked_to() -> None:
    bare = Bare()
    async with keyboard(bare, push_to_talk=True) as (terminal, keys, came):
        await terminal.until(kitty.PROBE)
        terminal.type("\x1b[?0u\x1b[?62;c")
        await terminal.until(kitty.ENABLE)
        assert bare.bottom(80).plain.startswith("hold space to talk")
        terminal.type("\x1b[32;1:1;32u\x1b[32;1:3u")
        await until(lambda: came == [KeyPress("talk"), KeyPress("release")])
        await keys.close()
        assert kitty.DISABLE in await terminal.until(kitty.DISABLE)


async def test_without_a_terminal_there_are_no_keys_and_no_hints_of_them() -> None:
    bare = Bare()
    keys = Keys(bare, stdin=io.StringIO(), stdout=io.StringIO())
    keys.start(lambda press: None)
    assert bare.bottom(80).plain == "Ctrl+C ends"
    await keys.close()


async def test_closing_may_come_before_anything_is_open_and_twice() -> None:
    async with pseudo_terminal() as terminal:
        before = terminal.settings()
        keys = Keys(stdin=terminal.stdin, stdout=terminal.stdout, terminal=Terminal())
        await keys.close()
        keys.start(lambda press: None)
        await keys.close()
        await keys.close()
        assert terminal.settings() == before

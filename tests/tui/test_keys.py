"""The keyboard of a (pseudo) terminal."""

from __future__ import annotations

import io
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from realtime_cli.tui import kitty
from realtime_cli.tui.key_events import KeyEvent, KeyPress, TypedLine
from realtime_cli.tui.key_map import KeyMap
from realtime_cli.tui.keys import Keys, Rows
from realtime_cli.tui.terminal import Terminal
from tests.tui.pseudo_terminal import PseudoTerminal, pseudo_terminal, until
from tests.tui.test_key_map import Surface


class Connected(Surface):
    """A screen with nothing on it but the rows of the keyboard."""

    rows: Rows

    def connect(self, rows: Rows, *, asks: bool, covers: Callable[[], bool] = bool) -> None:
        self.rows = rows

    @property
    def shown(self) -> str:
        return "\n".join(row.plain for row in self.rows(80, 20))


def keys_of(terminal: PseudoTerminal, surface: Connected, *, push_to_talk: bool = False) -> Keys:
    return Keys(
        surface,
        partial(KeyMap, surface, push_to_talk=push_to_talk),
        push_to_talk=push_to_talk,
        stdin=terminal.stdin,
        stdout=terminal.stdout,
        terminal=Terminal(),
    )


@asynccontextmanager
async def keyboard(
    *, push_to_talk: bool = False
) -> AsyncIterator[tuple[PseudoTerminal, Keys, Connected, list[KeyEvent]]]:
    """Keys on a terminal of their own, closed behind."""
    came: list[KeyEvent] = []
    async with pseudo_terminal() as terminal:
        surface = Connected()
        keys = keys_of(terminal, surface, push_to_talk=push_to_talk)
        keys.start(came.append)
        await terminal.until("\x1b[?2004h")  # pastes come in brackets
        yield terminal, keys, surface, came
        await keys.close()


async def test_keys_come_one_by_one_and_the_terminal_is_as_it_was() -> None:
    async with pseudo_terminal() as terminal:
        before = terminal.settings()
        came: list[KeyEvent] = []
        keys = keys_of(terminal, Connected())
        keys.start(came.append)
        await terminal.until("\x1b[?2004h")
        assert not terminal.settings()[3] & (termios.ECHO | termios.ICANON)
        assert terminal.settings()[3] & termios.ISIG  # Ctrl+C stays a signal
        terminal.type("v")
        await until(lambda: came == [KeyPress("video")])
        await keys.close()
        await terminal.until("\x1b[?2004l")
        assert terminal.settings() == before


async def test_three_lines_whose_first_letters_are_keys() -> None:
    async with keyboard() as (terminal, _, surface, came):
        terminal.type("tquite so\rindeed\r")
        await until(lambda: came == [TypedLine("quite so"), TypedLine("indeed")])
        terminal.type("very\x1b\rwell\r\x1b")
        await until(lambda: came[2:] == [TypedLine("very\nwell")])
        await until(lambda: surface.shown.startswith("space mute"))
        terminal.type("v")
        await until(lambda: came[3:] == [KeyPress("video")])


async def test_a_paste_opens_the_composer_and_keeps_its_lines() -> None:
    async with keyboard() as (terminal, _, _, came):
        terminal.type("\x1b[200~so \rit is\x1b[201~\r")
        await until(lambda: came == [TypedLine("so \nit is")])


async def test_a_lone_escape_is_a_key_although_sequences_begin_with_it() -> None:
    async with keyboard() as (terminal, _, _, came):
        terminal.type("\x1b")
        await until(lambda: came == [KeyPress("interrupt")])
        terminal.type("\x1b[A")
        terminal.type("qq")
        await until(lambda: came[1:] == [KeyPress("quit")])


async def test_a_terminal_that_reports_when_a_key_is_let_go_is_asked_to() -> None:
    async with keyboard(push_to_talk=True) as (terminal, keys, surface, came):
        await terminal.until(kitty.PROBE)
        terminal.type("\x1b[?0u\x1b[?62;c")
        await terminal.until(kitty.ENABLE)
        assert surface.shown.startswith("hold space to talk")
        terminal.type("\x1b[32;1:1;32u\x1b[32;1:3u")
        await until(lambda: came == [KeyPress("talk"), KeyPress("release")])
        await keys.close()
        assert kitty.DISABLE in await terminal.until(kitty.DISABLE)


async def test_without_a_terminal_there_are_no_keys_and_no_hints_of_them() -> None:
    surface = Connected()
    keys = Keys(surface, partial(KeyMap, surface), stdin=io.StringIO(), stdout=io.StringIO())
    keys.start(lambda event: None)
    assert surface.shown == "Ctrl+C ends"
    await keys.close()


async def test_closing_may_come_before_anything_is_open_and_twice() -> None:
    async with pseudo_terminal() as terminal:
        before = terminal.settings()
        keys = keys_of(terminal, Connected())
        await keys.close()
        keys.start(lambda event: None)
        await keys.close()
        await keys.close()
        assert terminal.settings() == before

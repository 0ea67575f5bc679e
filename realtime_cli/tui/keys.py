"""The keyboard of a terminal: its driver's settings, and what is read from it.

prompt_toolkit reads and parses. Signals stay with the terminal driver, so that Ctrl+C and Ctrl+Z work even
while the loop is busy. A key map decides what a key means.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Protocol, TextIO

from rich.text import Text

from realtime_cli.brief_thread import BriefThread
from realtime_cli.tui import kitty
from realtime_cli.tui.key_events import KeyEvent
from realtime_cli.tui.terminal import TERMINAL, Terminal
from realtime_cli.tui.theme import DIM

with suppress(ImportError):  # Windows reads whole lines only, and makes no ``Keys``
    import termios

ESCAPE_S = 0.05  # an Escape counts as a key of its own if nothing follows within this time
_PASTE_ON, _PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"

Deliver = Callable[[KeyEvent], None]
Rows = Callable[[int, int], list[Text]]


class KeyReader(Protocol):
    """What keys mean (see :class:`~realtime_cli.tui.key_map.KeyMap`)."""

    holds: bool

    def feed(self, keys: Any) -> None: ...

    def flush(self) -> None: ...

    def released(self) -> None: ...

    def rows(self, width: int, room: int) -> list[Text]: ...

    @property
    def covers(self) -> bool:
        """Whether the rows show a panel."""


class KeySurface(Protocol):
    """A screen that lets the keyboard draw its lowest rows."""

    def connect(self, rows: Rows, *, asks: bool, covers: Callable[[], bool] = ...) -> None: ...

    def refresh(self) -> None: ...


class Keys:
    """Reads keys from ``start``, on the running loop, to ``close``, which leaves the terminal as it was.

    ``make_map`` is called after prompt_toolkit has been imported, so it may import from it.
    """

    def __init__(
        self,
        surface: KeySurface,
        make_map: Callable[[Deliver], KeyReader],
        *,
        push_to_talk: bool = False,
        asks: bool = True,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        terminal: Terminal = TERMINAL,
    ) -> None:
        self._surface = surface
        self._make_map = make_map
        self._asks = asks  # the map draws open questions and takes their answers
        self._map: KeyReader | None = None
        self._push_to_talk = push_to_talk
        self._stdin = stdin or sys.stdin
        self._stdout = stdout or sys.__stdout__
        self._terminal = terminal
        self._kitty = kitty.KittyFilter()
        self._kitty_on = False
        self._deliver: Deliver | None = None
        self._input: Any = None
        self._attached = ExitStack()
        self._cooked: list[Any] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._escape: asyncio.TimerHandle | None = None

    def start(self, deliver: Callable[[KeyEvent], None]) -> None:
        """Deliver key events on this loop; without a terminal on stdin there are none, and no hints."""
        if not _is_terminal(self._stdin):
            self._surface.connect(lambda width, room: [Text("Ctrl+C ends", DIM)], asks=False)
            return
        if sys.platform == "win32":  # only whole lines are read there
            return
        self._deliver = deliver
        self._surface.connect(self._rows, asks=self._asks, covers=self._covers)
        self._cooked = termios.tcgetattr(self._stdin.fileno())
        self._terminal.hold(self)
        self._opening = asyncio.create_task(self._open(), name="keys")

    async def _open(self) -> None:
        """Import and attach while the connection is opened: the import alone takes 0.2 s."""
        importing = BriefThread("import").submit(importlib.import_module, "prompt_toolkit.input")
        library = await asyncio.wrap_future(importing)
        self._map = self._make_map(self._hand_on)
        self._input = library.create_input(self._stdin)
        self._input.stdin_reader = _Filtered(self._input.stdin_reader, self._kitty)
        self._attached.enter_context(self._input.attach(self._ready))
        if self._push_to_talk:
            self._emit(kitty.PROBE)

    async def close(self) -> None:
        """Stop reading and restore the terminal; may be called again."""
        if self._opening:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        if self._escape:
            self._escape.cancel()
        self._attached.close()
        self._terminal.release(self)
        self._deliver = None

    # -- a holder of the terminal -------------------------------------------------------------

    def enter(self) -> None:
        """Read keys one by one without echo; ISIG stays on, so that Ctrl+C and Ctrl+Z remain signals."""
        if self._cooked is None:
            return
        if sys.platform == "win32":
            return
        attributes = termios.tcgetattr(self._stdin.fileno())
        attributes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        attributes[6][termios.VMIN] = 1
        with suppress(termios.error):
            termios.tcsetattr(self._stdin.fileno(), termios.TCSANOW, attributes)
        self._emit(_PASTE_ON + (kitty.ENABLE if self._kitty_on else ""))

    def leave(self) -> None:
        if self._cooked is None:
            return
        if sys.platform == "win32":
            return
        self._emit(_PASTE_OFF + (kitty.DISABLE if self._kitty_on else ""))
        with suppress(termios.error):
            # The shell must not get what was typed ahead, nor answers to probes.
            termios.tcsetattr(self._stdin.fileno(), termios.TCSAFLUSH, self._cooked)

    def _emit(self, sequence: str) -> None:
        with suppress(OSError, ValueError, AttributeError):
            os.write(self._stdout.fileno(), sequence.encode())  # type: ignore[union-attr]

    # -- reading ------------------------------------------------------------------------------

    def _rows(self, width: int, room: int) -> list[Text]:
        return self._map.rows(width, room) if self._map else [Text()]

    def _covers(self) -> bool:
        return self._map is not None and self._map.covers

    def _ready(self) -> None:
        self._take(self._input.read_keys())
        if self._escape:
            self._escape.cancel()
        self._escape = asyncio.get_running_loop().call_later(ESCAPE_S, self._flush)
        self._look_at_kitty()

    def _flush(self) -> None:
        self._take(self._input.flush_keys())
        if self._map:
            self._map.flush()

    def _take(self, keys: list[Any]) -> None:
        if sys.platform == "win32":
            return
        for key in keys:
            number = {"c-c": signal.SIGINT, "c-z": signal.SIGTSTP}.get(getattr(key.key, "value", key.key))
            if number:  # with the kitty protocol the terminal driver does not see them
                os.kill(os.getpid(), number)
            elif self._map:
                self._map.feed([key])

    def _look_at_kitty(self) -> None:
        if self._map is None:
            return
        if self._kitty.released_space:
            self._kitty.released_space = False
            self._map.released()
        if self._push_to_talk and self._kitty.known and not self._kitty_on:
            self._kitty_on = self._map.holds = True
            self._emit(kitty.ENABLE)
        self._surface.refresh()

    def _hand_on(self, event: KeyEvent) -> None:
        if self._deliver:
            self._deliver(event)


class _Filtered:
    """prompt_toolkit's reader of stdin, with the kitty protocol filtered out."""

    def __init__(self, reader: Any, filter: kitty.KittyFilter) -> None:
        self._reader = reader
        self._filter = filter

    @property
    def closed(self) -> bool:
        return bool(self._reader.closed)

    def read(self, count: int = 1024) -> str:
        return self._filter.feed(self._reader.read(count))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False

"""A pseudo terminal within the test's own process: the program's streams, and what came out of it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TextIO

TIMEOUT_S = 15.0


class PseudoTerminal:
    """``stdin`` and ``stdout`` are the program's; ``shown`` is what was written and nobody asked for yet."""

    def __init__(self, ours: int, stdin: TextIO, stdout: TextIO) -> None:
        self._ours = ours
        self._came = asyncio.Event()
        self.stdin, self.stdout = stdin, stdout
        self.shown = ""

    def type(self, text: str) -> None:
        """Somebody presses these keys."""
        os.write(self._ours, text.encode())

    async def until(self, text: str) -> str:
        """Wait until this was written; returns all up to its end, and forgets it."""
        await self._wait(lambda: text in self.shown, text)
        end = self.shown.index(text) + len(text)
        told, self.shown = self.shown[:end], self.shown[end:]
        return told

    async def until_plain(self, text: str) -> str:
        """Without colours and movements; returns and forgets all that came."""
        await self._wait(lambda: text in plain(self.shown), text)
        told, self.shown = plain(self.shown), ""
        return told

    async def _wait(self, true: Callable[[], bool], text: str) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not true():
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} did not come: {self.shown!r}") from None

    def settings(self) -> list[Any]:
        """Those of the terminal driver."""
        return termios.tcgetattr(self._ours)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def take(self) -> None:
        """Read what is there."""
        with suppress(OSError):
            self.shown += os.read(self._ours, 65536).decode(errors="replace")
        self._came.set()


def plain(shown: str) -> str:
    """The letters, row by row as they were written."""
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\r", "", shown)


@asynccontextmanager
async def pseudo_terminal(columns: int = 100, rows: int = 30) -> AsyncIterator[PseudoTerminal]:
    """One of this size, whose output is read all the while, so that nobody who writes has to wait."""
    ours, theirs = pty.openpty()
    loop = asyncio.get_running_loop()
    try:
        with open(theirs, encoding="utf-8") as stdin, open(os.dup(theirs), "w", encoding="utf-8") as stdout:
            terminal = PseudoTerminal(ours, stdin, stdout)
            terminal.resize(columns, rows)
            loop.add_reader(ours, terminal.take)
            yield terminal
            loop.remove_reader(ours)
    finally:
        os.close(ours)


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition that somebody else brings about on this loop."""
    async with asyncio.timeout(TIMEOUT_S):
        while not true():
            await asyncio.sleep(0.002)

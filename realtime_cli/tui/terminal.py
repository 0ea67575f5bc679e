"""Restores the terminal: each part that changes it registers here how to undo the change.

On Ctrl+Z, SIGTERM, SIGHUP and at the end of the process every holder leaves, in reverse order. After ``fg``
they enter again.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

MIN_COLUMNS, MIN_ROWS = 40, 8  # live rows need at least this
FRAMES_PER_SECOND = 10.0  # of levels that move while nothing is said

# By name, because Windows does not have all of them.
_DEADLY = ("SIGTERM", "SIGHUP")


class Holder(Protocol):
    """Something that changes the terminal. Both methods are quick, may be repeated and never raise."""

    def enter(self) -> None: ...

    def leave(self) -> None: ...


class Terminal:
    """The holders of one terminal. While there are any, it handles the signals that concern them."""

    def __init__(self) -> None:
        self._holders: list[Holder] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handled: list[signal.Signals] = []

    def hold(self, holder: Holder) -> None:
        """Enter the holder; it leaves when the process stops or dies. Call on the running loop."""
        if not self._holders:
            self._listen()
        self._holders.append(holder)
        holder.enter()

    def release(self, holder: Holder) -> None:
        if holder in self._holders:
            self._holders.remove(holder)
            holder.leave()
        if not self._holders:
            self._unlisten()

    def _listen(self) -> None:
        atexit.register(self._leave)
        self._loop = asyncio.get_running_loop()
        self._handle("SIGTSTP", self._stop)
        self._handle("SIGCONT", self._enter)
        for name in _DEADLY:
            number = getattr(signal, name, None)
            # A handler that is already set ends the session properly, and is kept.
            if number and signal.getsignal(number) is signal.SIG_DFL:
                self._handle(name, partial(self._die, number))

    def _handle(self, name: str, act: Callable[[], None]) -> None:
        number = getattr(signal, name, None)
        if self._loop is None or number is None:
            return
        with suppress(ValueError, RuntimeError, NotImplementedError):  # not on the main thread
            self._loop.add_signal_handler(number, act)
            self._handled.append(number)

    def _unlisten(self) -> None:
        atexit.unregister(self._leave)
        for number in self._handled:
            with suppress(ValueError, RuntimeError):
                if self._loop and not self._loop.is_closed():
                    self._loop.remove_signal_handler(number)
        self._handled.clear()

    def _enter(self) -> None:
        for holder in self._holders:
            holder.enter()

    def _leave(self) -> None:
        for holder in reversed(self._holders):
            holder.leave()

    def _stop(self) -> None:
        """SIGTSTP: restore the terminal, then stop; what follows runs after ``fg``."""
        if sys.platform == "win32":  # it has no such signal
            return
        self._leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._enter()

    def _die(self, number: signal.Signals) -> None:
        self._leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


TERMINAL = Terminal()

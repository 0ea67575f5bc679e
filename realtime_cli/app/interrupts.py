"""Ctrl+C, SIGTERM and SIGHUP: each ends the program in order, from its first import to its last line.

Outside the event loop KeyboardInterrupt is raised wherever the program is. Not all libraries let it through:
a callback from C drops it, and pydantic, building a model, turns it into an error of its own. So it is noted,
too. In the loop nothing is raised: what runs is cancelled, or told to end.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
Handler = Any  # what ``signal.signal`` takes and returns

DEFAULTS: dict[str, Handler] = {
    "SIGINT": signal.default_int_handler,
    "SIGTERM": signal.SIG_DFL,
    "SIGHUP": signal.SIG_DFL,  # Windows has none
}
_ours: dict[int, Handler] = {}
_came: list[int] = []


def catch_signals() -> None:
    """From now on. One that is ignored (``nohup`` ignores SIGHUP) or already handled is left alone."""
    for name, default in DEFAULTS.items():
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is default:
            _ours[number] = default
            signal.signal(number, _interrupt)


def release_signals() -> None:
    """For a caller who goes on, and for Python's own end."""
    for number, default in _ours.items():
        signal.signal(number, default)
    _ours.clear()
    _came.clear()
    exec("")  # Python ends itself with SIGINT if the last exec was left by KeyboardInterrupt


def interrupted() -> bool:
    """Whether a signal has come outside the event loop, whatever has become of the exception."""
    return bool(_came)


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run``, in which each of the signals cancels ``main`` until it asks for something else.

    Raises KeyboardInterrupt then, at a second Ctrl+C at once, and if a signal came before.
    """
    import asyncio  # takes 60 ms: --help does without

    came: list[int] = []

    async def cancelled_by_signals() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(number: int) -> None:
            came.append(number)
            task.cancel()  # type: ignore[union-attr]

        for number in _ours.keys() - {signal.SIGINT}:
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, cancel, number)
        return await main

    if interrupted():
        main.close()
        raise KeyboardInterrupt
    if signal.SIGINT in _ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio cares for this one
    try:
        return asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in _ours:
            signal.signal(number, _interrupt)


def on_signals(end: Callable[[], object]) -> None:
    """Let each of the signals call ``end`` in the running loop; a second Ctrl+C raises KeyboardInterrupt.

    SIGHUP is left alone where it is ignored. On Windows Ctrl+C raises KeyboardInterrupt the first time.
    """
    import asyncio

    came: list[int] = []

    def heard(number: int) -> None:
        if number == signal.SIGINT and came:
            raise KeyboardInterrupt
        came.append(number)
        end()

    for name in DEFAULTS:
        number = getattr(signal, name, None)
        if number and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, heard, number)


def _interrupt(number: int, frame: object) -> NoReturn:
    _came.append(number)
    sys.unraisablehook = _say_nothing
    raise KeyboardInterrupt


def _say_nothing(lost: object) -> None:
    """Of an interrupt that could not be raised: it is noted."""

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
    """Raise KeyboardInterrupt at each of the signals, and note it.

    A signal that is ignored (``nohup`` ignores SIGHUP) or already handled is left alone.
    """
    for name, default in DEFAULTS.items():
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is default:
            _ours[number] = default
            signal.signal(number, _interrupt)


def release_signals() -> None:
    """Restore what the signals did before :func:`catch_signals`, and forget those that came."""
    for number, default in _ours.items():
        signal.signal(number, default)
    _ours.clear()
    _came.clear()
    exec("")  # CPython kills itself with SIGINT at exit if KeyboardInterrupt has left the last exec


def interrupted() -> bool:
    """Whether a signal has come outside the event loop, whatever became of the exception."""
    return bool(_came)


def run(main: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run``, but a signal that is caught cancels ``main``, unless that calls :func:`on_signals`.

    Raises KeyboardInterrupt after such an end, and if a signal came before.
    """
    import asyncio  # takes 60 ms: --help does without

    cancelled = False

    async def cancelled_by_signals() -> T:
        task = asyncio.current_task()

        def cancel() -> None:
            nonlocal cancelled
            cancelled = True
            task.cancel()  # type: ignore[union-attr]

        if _ours:
            on_signals(cancel)
        return await main

    if interrupted():
        main.close()
        raise KeyboardInterrupt
    try:
        return asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        if cancelled:
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
    """Print nothing about an interrupt that could not be raised: it is noted."""

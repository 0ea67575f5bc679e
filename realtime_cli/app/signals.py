"""What a session does when it owns the process: signals, uncaught errors of the loop, garbage collection."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import suppress
from typing import Any, Protocol

from realtime_cli.errors import ExitCode
from realtime_cli.loop import Outcome


class Endable(Protocol):
    """What a signal, or an error that nobody caught, ends: a conversation, or several."""

    def finish(self, outcome: Outcome) -> None: ...

    def fail(self, error: BaseException) -> None: ...


def own_the_process(loop: Endable) -> None:
    """Ctrl+C, SIGTERM and SIGHUP end the session cleanly, a second one at once; no error is swallowed."""
    _watch_signals(loop)
    asyncio.get_running_loop().set_exception_handler(_failing(loop))
    gc.freeze()  # a full collection over all imported objects would be audible
    gc.enable()  # off while they were loaded, see ``cli``


def _watch_signals(loop: Endable) -> None:
    asked: list[int] = []

    def interrupted() -> None:
        if asked:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt
        asked.append(1)
        loop.finish(Outcome(ExitCode.INTERRUPTED))

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with suppress(NotImplementedError, AttributeError):  # Windows: Ctrl+C raises KeyboardInterrupt there
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), interrupted)


def _failing(loop: Endable) -> Any:
    def surprise(events: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None:
            events.default_exception_handler(context)
        else:
            loop.fail(error)

    return surprise

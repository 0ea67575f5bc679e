"""What a session does when it owns the process: signals, uncaught errors of the loop, garbage collection."""

from __future__ import annotations

import asyncio
import gc
from functools import partial
from typing import Any, Protocol

from realtime_cli.app.interrupts import on_signals
from realtime_cli.errors import ExitCode
from realtime_cli.loop import Outcome


class Endable(Protocol):
    """What a signal, or an error that nobody caught, ends: a conversation, or several."""

    def finish(self, outcome: Outcome) -> None: ...

    def fail(self, error: BaseException) -> None: ...


def own_the_process(loop: Endable) -> None:
    """Ctrl+C, SIGTERM and SIGHUP end the session cleanly, a second Ctrl+C at once; no error is swallowed."""
    on_signals(partial(loop.finish, Outcome(ExitCode.INTERRUPTED)))
    asyncio.get_running_loop().set_exception_handler(_failing(loop))
    gc.freeze()  # a full collection over all imported objects would be audible
    gc.enable()  # off while they were loaded, see ``cli``


def _failing(loop: Endable) -> Any:
    def surprise(events: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None:
            events.default_exception_handler(context)
        else:
            loop.fail(error)

    return surprise

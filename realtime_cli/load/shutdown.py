"""How a load test ends: at a signal in order, and a master with ``--processes`` without its workers."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Callable

import gevent
import psutil
from locust import events

from realtime_cli.errors import ExitCode

SAME_SIGNAL_S = 1.0  # two signals within it are one: timeout(1) and terminals send them so
GRACE_S = 4.0  # for a worker with its engine


exit_codes: list[int] = []
"""What this process ends with: the last of them."""


def end_on_signals(end: Callable[[], None], *, is_child: bool) -> None:
    """Ctrl+C, SIGTERM and SIGHUP call ``end`` once; one more after ``SAME_SIGNAL_S`` kills the process.

    Locust sums up at each SIGTERM, dies at SIGHUP, and raises KeyboardInterrupt wherever it just is. A worker
    that is a child of its master leaves Ctrl+C and SIGHUP, which the whole terminal gets, to that.
    """
    asked_at: list[float] = []

    def asked() -> None:
        if not asked_at:
            asked_at.append(time.monotonic())
            end()
        elif time.monotonic() - asked_at[0] > SAME_SIGNAL_S:
            os._exit(ExitCode.INTERRUPTED)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            leave_it = is_child and name != "SIGTERM"
            gevent.signal_handler(number, (lambda: None) if leave_it else asked)
    gevent.signal_handler = lambda *_, **__: None  # Locust's own for SIGTERM comes later


def end_workers_at_exit() -> None:
    """Wait for the workers, end what is left, and leave.

    Locust's own wait fails when a child was killed.
    """
    events.quit.add_listener(lambda exit_code, **_: exit_codes.append(exit_code))

    def leave() -> None:  # registered after Locust's, and so called before it
        children = psutil.Process().children()
        _, left = psutil.wait_procs(children, GRACE_S)
        for child in left:
            child.kill()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_codes[-1] if exit_codes else 1)

    atexit.register(leave)

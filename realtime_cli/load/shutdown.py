"""The end of a master with ``--processes``: no worker is left, and one that was killed makes no trouble."""

from __future__ import annotations

import atexit
import os
import sys

import psutil
from locust import events

GRACE_S = 4.0  # for a worker with its engine


def end_workers_at_exit() -> None:
    """Wait for the workers, end what is left, and leave.

    Locust's own wait fails when a child was killed.
    """
    codes: list[int] = []
    events.quit.add_listener(lambda exit_code, **_: codes.append(exit_code))

    def leave() -> None:  # registered after Locust's, and so called before it
        children = psutil.Process().children()
        _, left = psutil.wait_procs(children, GRACE_S)
        for child in left:
            child.kill()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(codes[-1] if codes else 1)

    atexit.register(leave)

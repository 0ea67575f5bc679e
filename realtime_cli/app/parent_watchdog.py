"""End a child process when its parent ends, even if the parent was killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from contextlib import suppress

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
GRACE_S = 4.0


def end_with_parent() -> None:
    """Linux sends SIGTERM when the parent's thread ends; elsewhere the end of stdin has to do."""
    if sys.platform == "linux":
        parent = os.getppid()
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            os.kill(os.getpid(), signal.SIGTERM)


def end_soon(code: int) -> None:
    """End this process within ``GRACE_S`` seconds, whatever still runs in it."""
    timer = threading.Timer(GRACE_S, os._exit, (code,))
    timer.daemon = True
    timer.start()

"""A limit of CPU time for one input, which a busy machine does not shorten."""

from __future__ import annotations

import signal
from collections.abc import Callable


class TooSlow(BaseException):
    """Not an ``Exception``, so that no handler in the code under test takes it for trouble of its own."""


def within_cpu_time(limit_s: float, run: Callable[[], object]) -> None:
    """Raises TooSlow, where it is, in a run that has used more CPU time than the limit."""

    def end(number: int, frame: object) -> None:
        raise TooSlow(f"more than {limit_s:g} s of CPU time")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        run()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)

"""Progress of a command on stderr, at a terminal, once it takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

QUIET_S = 2.0  # anything shorter needs no progress line
EVERY_S = 0.1
T = TypeVar("T")


class ProgressLine:
    """Called with each thing that is done, and gives it back."""

    def __init__(self, what: str, total: int, stream: TextIO, quiet_s: float) -> None:
        self._what, self._total, self._stream = what, total, stream
        self._count = 0
        self._begun = time.monotonic()
        self._next = self._begun + quiet_s
        self.shown = False

    def __call__(self, done: T) -> T:
        self._count += 1
        now = time.monotonic()
        if now >= self._next and self._stream.isatty():
            self._next, self.shown = now + EVERY_S, True
            share = min(1.0, self._count / max(1, self._total))
            left_s = (now - self._begun) * (1 / share - 1)
            self._stream.write(f"\r\x1b[K{self._what}: {share:.0%}, about {left_s:.0f} s left")
            self._stream.flush()
        return done

    def over(self, what: str, steps: Sequence[T]) -> Iterable[T]:
        """These steps of about the same length, one after the other, as a phase of its own."""
        self._what, self._total, self._count, self._begun = what, len(steps), 0, time.monotonic()
        for step in steps:
            yield step
            self(step)

    def phase(self, what: str) -> None:
        """Start a step whose length is not known."""
        if self._stream.isatty():
            self.shown = True
            self._stream.write(f"\r\x1b[K{what} ...")
            self._stream.flush()


@contextmanager
def progress(
    what: str, total: int, *, stream: TextIO | None = None, quiet_s: float = QUIET_S
) -> Iterator[ProgressLine]:
    """``total`` steps of about the same length; the line goes away at the end."""
    step = ProgressLine(what, total, stream or sys.stderr, quiet_s)
    try:
        yield step
    finally:
        if step.shown:
            (stream or sys.stderr).write("\r\x1b[K")

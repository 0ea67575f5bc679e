"""Threads that serve many sessions in turn, so that a greedy one cannot starve the others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
Piece = tuple[Future[Any], Callable[[], Any]]


class FairPool:
    """Runs one piece of work of each owner in turn, each owner's in the order in which they came.

    With several threads no owner has all of them, so that the next owner need not wait for a piece of work to
    end.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._most = max(1, threads - 1)
        self._waiting: dict[int, deque[Piece]] = {}
        self._running: Counter[int] = Counter()
        self._lock = Lock()

    def submit(self, owner: object, work: Callable[[], T]) -> Future[T]:
        """Queue ``work`` behind what this owner has waiting. Raises RuntimeError once it is closed."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.setdefault(id(owner), deque()).append((future, work))
        self._threads.submit(self._run)
        return future

    def _run(self) -> None:
        """Runs in a thread: take work that may run now, until there is none."""
        while taken := self._next():
            owner, (future, work) = taken
            try:
                if future.set_running_or_notify_cancel():
                    future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
            finally:
                with self._lock:
                    self._running -= Counter((owner,))

    def _next(self) -> tuple[int, Piece] | None:
        """Take the next owner's work, and move that owner to the back."""
        with self._lock:
            owner = next((each for each in self._waiting if self._running[each] < self._most), None)
            if owner is None:
                return None
            queue = self._waiting.pop(owner)
            piece = queue.popleft()
            if queue:
                self._waiting[owner] = queue
            self._running[owner] += 1
            return owner, piece

    def close(self) -> None:
        """Start nothing more."""
        with self._lock:
            self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

"""Threads that serve many sessions in turn, so that a greedy one cannot starve the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class FairPool:
    """Runs one piece of work of each owner in turn, each owner's in the order in which they came."""

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._waiting: dict[int, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
        self._lock = Lock()

    def submit(self, owner: object, work: Callable[[], T]) -> Future[T]:
        """Queue ``work`` behind what this owner has waiting. Raises RuntimeError once it is closed."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.setdefault(id(owner), deque()).append((future, work))
        self._threads.submit(self._run_next)
        return future

    def _run_next(self) -> None:
        """In a thread: the work of the owner whose turn it is, who then goes to the back."""
        with self._lock:
            owner = next(iter(self._waiting))
            queue = self._waiting.pop(owner)
            future, work = queue.popleft()
            if queue:
                self._waiting[owner] = queue
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    def close(self) -> None:
        """Start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

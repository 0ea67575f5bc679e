"""``--finish``: at the end no session begins any more, and those that are held may end; at Ctrl+C not.

Locust's own --stop-timeout does not do: its master leaves half a second after it told the workers to quit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

LOOK_S = 0.2
FOR_EVER_S = 1e6
REPORTED_S = 3.5  # workers report every 3 s

_closed, _hurried = Event(), Event()
_finished: set[str] = set()


def may_begin() -> None:
    """For a user that wants to begin a session: returns at once, or never."""
    if _closed.is_set():
        gevent.sleep(FOR_EVER_S)


def install(environment: Environment, finish_s: float, held: Callable[[], int]) -> None:
    """``held``: how many sessions this process holds."""
    runner, hear = environment.runner, environment.events
    assert runner is not None
    _closed.clear()
    if not isinstance(runner, MasterRunner):
        runner.register_message("finish", lambda **_: gevent.spawn(_close, environment, held))
    if not isinstance(runner, WorkerRunner) and finish_s:
        runner.register_message("finished", lambda msg, **_: _finished.add(msg.node_id))
        hear.quitting.add_listener(lambda **_: _hurried.set())
        hear.test_start.add_listener(_open)
        hear.test_stopping.add_listener(lambda **_: _let_finish(environment, finish_s))


def _open(**_: Any) -> None:
    _closed.clear()
    _finished.clear()


def _close(environment: Environment, held: Callable[[], int]) -> None:
    _closed.set()
    while held():
        gevent.sleep(LOOK_S)
    _send(environment, "finished")


def _let_finish(environment: Environment, finish_s: float) -> None:
    runner = environment.runner
    if _hurried.is_set():
        return
    workers = runner.worker_count if isinstance(runner, MasterRunner) else 1
    _send(environment, "finish")
    with gevent.Timeout(finish_s, False):
        while len(_finished) < workers and not _hurried.is_set():
            gevent.sleep(LOOK_S)
    if isinstance(runner, MasterRunner):
        gevent.sleep(REPORTED_S)


def _send(environment: Environment, name: str) -> Any:
    return environment.runner.send_message(name) if environment.runner else None

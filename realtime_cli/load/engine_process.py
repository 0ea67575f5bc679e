"""The engine as a child of a Locust worker: lines in, events out, and its end in any case."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore
from gevent.subprocess import PIPE, Popen, TimeoutExpired

from realtime_cli.own_python import own_python

END_S = 3.0  # how long it may take to end its sessions
GONE: dict[str, Any] = {"event": "gone"}


class EngineChild:
    """``hold`` a session in each greenlet; ``notify`` gets all other events, ``died`` an unexpected end."""

    def __init__(
        self,
        arguments: Sequence[str],
        notify: Callable[[Mapping[str, Any]], None],
        died: Callable[[int], None],
    ) -> None:
        command = own_python("-m", "realtime_cli", "engine", *arguments)
        # A session of its own: Ctrl+C reaches it through us, when its sessions have been reported.
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        self._notify, self._died = notify, died
        self._ready = Event()
        self._writing = BoundedSemaphore(1)
        self._sessions: dict[str, AsyncResult] = {}
        self._closing = False
        self._count = 0
        self._reader = gevent.spawn(self._read)

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def held(self) -> int:
        """Sessions that are being held."""
        return len(self._sessions)

    def hold(self) -> Mapping[str, Any]:
        """Hold a session to its end, or stop it if this greenlet is killed; its ``over`` event or GONE."""
        self._ready.wait()
        self._count += 1
        name = f"s{self._count}"
        over = self._sessions[name] = AsyncResult()
        try:
            self._say({"begin": name})
            event: Mapping[str, Any] = over.get()
            return event
        finally:
            if self._sessions.pop(name, None) and not over.ready():
                self._say({"stop": name})

    def close(self) -> None:
        """Let it end; within ``END_S`` or by force."""
        self._closing = True
        self._say({"end": True})
        try:
            self._process.wait(END_S)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1)
        with suppress(OSError):
            self._process.stdin.close()

    def _say(self, line: Mapping[str, Any]) -> None:
        with suppress(OSError, ValueError), self._writing:  # it has ended; the reader will notice
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout:
            self._got(json.loads(line))
        self._process.stdout.close()
        code = self._process.wait()
        self._ready.set()
        for over in self._sessions.values():
            over.set(GONE)
        if not self._closing:
            self._died(code)

    def _got(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "ready":
            self._ready.set()
        elif event["event"] == "over" and event["id"] in self._sessions:
            self._sessions.pop(event["id"]).set(event)
        self._notify(event)

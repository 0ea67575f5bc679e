"""The one owner of ``response.create``: never two active responses in the default conversation.

A request made while a response runs waits for its ``response.done``. A request that the server
refuses with ``conversation_already_has_active_response`` (its own voice detection was quicker) waits
in the same way; the refused request gets no ``response.done`` of its own, so it is matched by event id.
Nothing tells whether a ``response.created`` answers our request or was the server's own idea, so a
request is kept until that response is done: only then can it not be refused any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from realtime_cli.protocol.objects import Response


class ResponseQueue:
    """Which response runs, which were cut, and which are still to be asked for."""

    def __init__(self) -> None:
        self.active_id: str | None = None
        self._asked: dict[str, dict[str, Any]] = {}  # event id -> params, not yet created
        self._maybe_overtaken: dict[str, dict[str, Any]] = {}  # event id -> params, a response was created
        self._aside: dict[str, dict[str, Any]] = {}  # the same for out-of-band requests
        self._aside_ids: set[str] = set()
        self._wanted: deque[dict[str, Any]] = deque()
        self._cut: set[str] = set()

    @property
    def busy(self) -> bool:
        """A response of the default conversation runs or was asked for."""
        return self.active_id is not None or bool(self._asked)

    @property
    def idle(self) -> bool:
        """Nothing runs, nothing is awaited, nothing waits."""
        return not (self.busy or self._wanted or self._aside or self._aside_ids)

    def want(self, params: dict[str, Any] | None = None) -> None:
        """Ask for a response as soon as none runs. Wishes without parameters become one."""
        if params is None and any(not waiting for waiting in self._wanted):
            return
        self._wanted.append(params or {})

    def forget_wishes(self) -> None:
        self._wanted.clear()

    def next_request(self) -> dict[str, Any] | None:
        """The parameters of a ``response.create`` that may be sent now, taken off the queue."""
        if not self._wanted:
            return None
        if self._wanted[0].get("conversation") == "none":
            return self._wanted.popleft()
        return None if self.busy else self._wanted.popleft()

    def asked(self, event_id: str, params: dict[str, Any]) -> None:
        (self._aside if params.get("conversation") == "none" else self._asked)[event_id] = params

    def created(self, response: Response) -> None:
        if self._is_aside(response):
            self._aside.pop(next(iter(self._aside)))
            self._aside_ids.add(response.id or "")
            return
        self._maybe_overtaken, self._asked = self._asked, {}
        self.active_id = response.id or ""

    def _is_aside(self, response: Response) -> bool:
        """A null conversation id means out-of-band, but only if one was asked for: clones send null always."""
        return bool(self._aside) and response.conversation_id is None

    def done(self, response: Response) -> None:
        if response.id in self._aside_ids:
            self._aside_ids.discard(response.id or "")
            return
        if self.active_id is None or response.id in (self.active_id, None):
            self.active_id = None
            self._maybe_overtaken.clear()
        self._cut.discard(response.id or "")

    def refused(self, event_id: str, *, retry: bool) -> bool:
        """The server refused a request of ours; with ``retry`` it waits for the running response."""
        if event_id in self._aside:
            del self._aside[event_id]
            return True
        params = self._asked.pop(event_id, None)
        if params is None:
            params = self._maybe_overtaken.pop(event_id, None)
        if params is None:
            return False
        if retry:
            self.active_id = self.active_id or ""
            self._wanted.appendleft(params)
        return True

    def cut(self, response_id: str | None) -> None:
        """Sound and text of this response that still arrive are late."""
        if response_id:
            self._cut.add(response_id)

    def is_cut(self, response_id: str | None) -> bool:
        return response_id in self._cut

    def is_aside(self, response_id: str | None) -> bool:
        return response_id in self._aside_ids

    def lost(self) -> None:
        """The socket is gone: what ran will never be done, what was asked for is asked again."""
        waiting: list[Mapping[str, Any]] = [*self._asked.values()]
        self.active_id = None
        self._asked.clear()
        self._maybe_overtaken.clear()
        self._aside.clear()
        self._aside_ids.clear()
        self._cut.clear()
        self._wanted.extendleft(dict(params) for params in reversed(waiting))

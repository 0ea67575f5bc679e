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

from realtime_cli.client.out_of_band import OutOfBand
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol.objects import Response


class ResponseQueue(SessionPart):
    """Which response runs, which were cut, and which are still to be asked for."""

    def __init__(self) -> None:
        self.active_id: str | None = None
        self._sent: dict[str, dict[str, Any]] = {}  # event id -> params, not yet created
        self._maybe_overtaken: dict[str, dict[str, Any]] = {}  # event id -> params, a response was created
        self._out_of_band = OutOfBand()
        self._pending: deque[dict[str, Any]] = deque()
        self._cut: set[str] = set()

    @property
    def busy(self) -> bool:
        """A response of the default conversation runs or was asked for."""
        return self.active_id is not None or bool(self._sent)

    @property
    def idle(self) -> bool:
        """Nothing runs, nothing is awaited, nothing waits."""
        return self._out_of_band.idle and not (self.busy or self._pending)

    def request(self, params: dict[str, Any] | None = None) -> None:
        """Ask for a response as soon as none runs. Wishes without parameters become one."""
        if params is None and any(not waiting for waiting in self._pending):
            return
        self._pending.append(params or {})

    def clear_pending(self) -> None:
        self._pending.clear()

    def next_request(self) -> dict[str, Any] | None:
        """The parameters of a ``response.create`` that may be sent now, taken off the queue."""
        if not self._pending:
            return None
        if OutOfBand.asks_for_one(self._pending[0]):
            return self._pending.popleft()
        return None if self.busy else self._pending.popleft()

    def sent(self, event_id: str, params: dict[str, Any]) -> None:
        if OutOfBand.asks_for_one(params):
            self._out_of_band.requested(event_id, params)
        else:
            self._sent[event_id] = params

    def created(self, response: Response) -> None:
        if self._out_of_band.created(response):
            return
        self._maybe_overtaken, self._sent = self._sent, {}
        self.active_id = response.id or ""

    def done(self, response: Response) -> None:
        if self._out_of_band.done(response.id):
            return
        if self.active_id is None or response.id in (self.active_id, None):
            self.active_id = None
            self._maybe_overtaken.clear()
        self._cut.discard(response.id or "")

    def refused(self, event_id: str, *, retry: bool) -> bool:
        """The server refused a request of ours; with ``retry`` it waits for the running response."""
        if self._out_of_band.refused(event_id):
            return True
        params = self._sent.pop(event_id, None)
        if params is None:
            params = self._maybe_overtaken.pop(event_id, None)
        if params is None:
            return False
        if retry:
            self.active_id = self.active_id or ""
            self._pending.appendleft(params)
        return True

    def cut(self, response_id: str | None) -> None:
        """Sound and text of this response that still arrive are late."""
        if response_id:
            self._cut.add(response_id)

    def is_cut(self, response_id: str | None) -> bool:
        return response_id in self._cut

    def is_out_of_band(self, response_id: str | None) -> bool:
        return response_id in self._out_of_band

    def on_disconnect(self) -> None:
        """The socket is gone: what ran will never be done, what was asked for is asked again."""
        waiting: list[Mapping[str, Any]] = [*self._sent.values()]
        self.active_id = None
        self._sent.clear()
        self._maybe_overtaken.clear()
        self._out_of_band.on_disconnect()
        self._cut.clear()
        self._pending.extendleft(dict(params) for params in reversed(waiting))

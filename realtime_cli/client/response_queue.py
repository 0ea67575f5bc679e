"""The only place that sends ``response.create``: the default conversation never has two active responses.

A request made while a response runs waits for its ``response.done``. A request that the server refuses with
``conversation_already_has_active_response`` (because its own voice detection was quicker) waits in the same
way; the refused request gets no ``response.done`` of its own, so it is matched by event id. Nothing tells
whether a ``response.created`` answers our request or was the server's own idea, so a request is kept until
that response is done: only then can it not be refused any more.

An interruption also concerns what is on its way: a request that was sent is cut when its response begins.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.client.bounded_set import BoundedSet
from realtime_cli.client.out_of_band import OutOfBand
from realtime_cli.client.session_part import SessionPart
from realtime_cli.protocol.objects import Response

MAX_REMEMBERED_IDS = 64  # responses that are over or cut, for which late events may still come
MAX_BLIND_COLLISIONS = (
    1  # collisions with a response that the server never announces: trying again would go on for ever
)

AfterRefusal = Literal["not ours", "again", "lost"]
"""What to do about a refused request: ask again, or give it up."""


@dataclass(slots=True)
class Request:
    """A ``response.create`` that was sent. ``cut``: the user interrupted before its response began."""

    params: dict[str, Any]
    cut: bool = False


class ResponseQueue(SessionPart):
    """Which response runs, which were cut, and which are still to be asked for."""

    def __init__(self) -> None:
        self.active_id: str | None = None
        """The response that runs; empty where one runs whose id is not known."""
        self._active_params: dict[str, Any] | None = None
        self._sent: dict[str, Request] = {}  # by event id; no response has been created since
        self._maybe_overtaken: dict[str, Request] = {}  # by event id; a response was created since
        self._out_of_band = OutOfBand()
        self._pending: deque[dict[str, Any]] = deque()
        self._cut = BoundedSet(MAX_REMEMBERED_IDS)
        self._over = BoundedSet(MAX_REMEMBERED_IDS)
        self._begun = BoundedSet(MAX_REMEMBERED_IDS)
        self._out_of_band_over = BoundedSet(MAX_REMEMBERED_IDS)
        self._cut_when_created = False
        self._cancels: dict[str, str] = {}  # event id of a response.cancel -> the response it meant
        self.server_answer_due = False
        """The user's turn ended, and the server answers by itself, but has not begun to."""
        self._blind_collisions = 0
        self.answers_lost = 0

    @property
    def busy(self) -> bool:
        """A response of the default conversation runs or was asked for."""
        return self.active_id is not None or bool(self._sent)

    @property
    def awaits_any(self) -> bool:
        """Any response runs or was asked for, out-of-band or not."""
        return self.busy or not self._out_of_band.idle

    @property
    def idle(self) -> bool:
        """Nothing runs, is expected or is queued."""
        return not (self.awaits_any or self._pending)

    # -- requests -----------------------------------------------------------------------------

    def request(self, params: dict[str, Any] | None = None) -> None:
        """Ask for a response as soon as none runs. Requests without parameters become one."""
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
            self._sent[event_id] = Request(params)

    def refused(self, event_id: str | None, *, retry: bool) -> AfterRefusal:
        """The server refused a request of ours; with ``retry`` it waits for the running response.

        A collision that names no event means the only request that is open.
        """
        if self._out_of_band.refused(event_id or ""):
            return "lost"
        event_id = event_id or (self._only_open_request() if retry else None) or ""
        request = self._sent.pop(event_id, None) or self._maybe_overtaken.pop(event_id, None)
        if request is None:
            return "not ours"
        if retry and self.active_id is None:
            self._blind_collisions += 1
            retry = self._blind_collisions <= MAX_BLIND_COLLISIONS
        if not retry:
            self._cut_when_created = self._cut_when_created and bool(self._sent)
            self.answers_lost += 1
            return "lost"
        self.active_id = self.active_id or ""
        if not request.cut:
            self._pending.appendleft(request.params)
        return "again"

    def _only_open_request(self) -> str | None:
        for requests in (self._sent, self._maybe_overtaken):
            if len(requests) == 1:
                return next(iter(requests))
        return None

    def turn_committed(self, *, answers_by_itself: bool) -> None:
        """The user's turn is complete; what the server creates from now on may be the answer to it."""
        self.server_answer_due = answers_by_itself
        if answers_by_itself:
            self._cut_when_created = False

    # -- the life of a response -----------------------------------------------------------------

    def begins_again(self, response: Response) -> bool:
        """Whether an id is used again for another response: some servers use one id for all."""
        response_id = response.id or ""
        due = bool(self._sent) or self.server_answer_due
        if not (due and response_id in self._over and response_id in self._begun):
            return False
        for ended in (self._over, self._cut, self._out_of_band_over):
            ended.discard(response_id)
        return True

    def created(self, response: Response) -> str | None:
        """A response begins. Returns its id if the user has interrupted it already: cancel it then."""
        response_id = response.id or ""
        if response_id in self._over:
            return None  # out of order, or repeated
        self._begun.add(response_id)
        if self._out_of_band.created(response):
            if not self._out_of_band.was_interrupted(response_id):
                return None
            self._cut.add(response_id)
            return response_id
        self._maybe_overtaken, self._sent = self._sent, {}
        self.active_id = response_id
        self._active_params = next((request.params for request in self._maybe_overtaken.values()), None)
        self.server_answer_due = False
        self._blind_collisions = 0
        if not self._cut_when_created:
            return None
        self._cut_when_created = False
        self._cut.add(response_id)
        return response_id

    def begun_by_server(self, response: Response) -> bool:
        """Whether a response that is about to be ``created`` can only be the server's own idea."""
        return not self._sent and self._out_of_band.idle and (response.id or "") not in self._over

    def interrupt_next(self) -> None:
        """Cut the response that is about to be ``created``."""
        self._cut_when_created = True

    def done(self, response: Response) -> bool:
        """A response ended; False if that was known."""
        response_id = response.id or self.active_id or ""
        if response_id in self._over:
            return False
        self._over.add(response_id)
        if response.status == "cancelled":
            self._cut.add(response_id)  # its sound may be on its way
        if self._out_of_band.done(response_id):
            self._out_of_band_over.add(response_id)
        elif response_id in (self.active_id or response_id, ""):
            if self.active_id is None and response.id and response_id not in self._begun:
                self._sent.clear()  # some servers never say "created": this was what was due
                self._cut_when_created = self.server_answer_due = False
            self._end_active()
        return True

    def _end_active(self) -> None:
        self.active_id = None
        self._maybe_overtaken.clear()
        self._cancels.clear()

    def give_up(self) -> list[str]:
        """Stop waiting for running and requested responses; returns the ids of those that ran.

        What is queued is asked for next.
        """
        self.answers_lost += self.busy
        running = [*([self.active_id] if self.active_id else ()), *self._out_of_band.running]
        for response_id in running:
            self._over.add(response_id)
            self._cut.add(response_id)
        for response_id in self._out_of_band.running:
            self._out_of_band_over.add(response_id)
        self._end_active()
        self._sent.clear()
        self._cut_when_created = False
        self._out_of_band.on_disconnect()
        return running

    def is_over(self, response_id: str | None) -> bool:
        return response_id in self._over

    # -- interruptions ----------------------------------------------------------------------------

    def interrupt(self) -> list[str]:
        """The user interrupts: cut all that runs or is on its way.

        Returns ids of out-of-band responses to cancel; the active one has to be cancelled only where the
        server does not do that itself.
        """
        if self.active_id:
            self.cut(self.active_id)
        if self._sent or self.active_id == "":
            self._cut_when_created = True
        for request in (*self._sent.values(), *self._maybe_overtaken.values()):
            request.cut = True
        running = self._out_of_band.interrupt()
        for response_id in running:
            self.cut(response_id)
        return running

    def cut(self, response_id: str | None) -> None:
        """Sound and text of this response that still arrive are late."""
        if response_id:
            self._cut.add(response_id)

    def is_cut(self, response_id: str | None) -> bool:
        return response_id in self._cut

    def is_out_of_band(self, response_id: str | None) -> bool:
        return response_id in self._out_of_band or response_id in self._out_of_band_over

    def cancelling(self, event_id: str) -> None:
        """Remember that we sent a ``response.cancel`` for the active response."""
        self._cancels[event_id] = self.active_id or ""

    def cancel_refused(self, event_id: str | None) -> bool:
        """The server says that nothing is active. True if we believed that something was; it is over now."""
        if not event_id and len(self._cancels) == 1:
            event_id = next(iter(self._cancels))
        response_id = self._cancels.pop(event_id or "", None)
        if response_id is None or self.active_id is None or response_id != self.active_id:
            return False
        self._over.add(response_id)
        self._end_active()
        return True

    # -- the connection -----------------------------------------------------------------------------

    @property
    def answer_due(self) -> bool:
        """An answer runs, or the server owes one of its own, and the user did not interrupt it."""
        running = self.active_id is not None and not self.is_cut(self.active_id)
        return running or self.server_answer_due

    @property
    def active_request(self) -> dict[str, Any] | None:
        """The parameters that the running response was asked for with; None if the server began it."""
        return self._active_params

    def on_disconnect(self) -> None:
        """A running response will never be done; a request that had not begun is made again."""
        waiting = [request.params for request in self._sent.values() if not request.cut]
        self._end_active()
        self._sent.clear()
        self._out_of_band.on_disconnect()
        self._cut.clear()
        self._over.clear()
        self._begun.clear()
        self._out_of_band_over.clear()
        self._cut_when_created = self.server_answer_due = False
        self._blind_collisions = 0
        self._pending.extendleft(reversed(waiting))

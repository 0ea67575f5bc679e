"""Function calls of a response: each run once, outputs in call order, then one request for an answer.

Three events carry the same call (``function_call_arguments.done``, ``output_item.done``,
``response.done.output``), and older servers leave the name out of the first. Call ids are not unique
with every server: calls are told apart by response, call id and item. A call of a response that was cut
short runs only if its arguments parse.

Calls that the server runs itself (hosted MCP) belong to the rounds too: nothing is sent for them, but
the model speaks about their results only if it is asked to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import count

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.untrusted_json import parse_json


@dataclass(slots=True)
class PendingCall:
    """One call and, once it ended, its output. ``remote``: the server runs it, under its item id.

    ``call_id`` is unique among the open calls; ``wire_id`` is what the server calls it, which need not be.
    """

    call_id: str
    name: str
    arguments: str
    output: str | None = None
    respond: bool = True
    sent: bool = False
    remote: bool = False
    response_id: str = ""
    wire_id: str = ""


@dataclass(slots=True)
class ToolRound:
    """The calls of one response."""

    calls: list[PendingCall] = field(default_factory=list)
    response_done: bool = False
    cancelled: bool = False
    spoke: bool = False
    """The response had words beside its calls."""


class ToolCalls:
    """Pending calls, by response. ``not_awaited`` names tools whose results may come at any time."""

    def __init__(self, not_awaited: Collection[str] = ()) -> None:
        self._not_awaited = frozenset(not_awaited)
        self._rounds: dict[str, ToolRound] = {}
        self._background: list[PendingCall] = []
        self._names: BoundedDict[str, str] = BoundedDict()
        self._begun_calls: BoundedDict[tuple[str, str], set[str]] = BoundedDict()
        """By response and call id: the items of the calls that were begun; empty for one that named none."""
        self._seen: BoundedDict[str, None] = BoundedDict()

    @property
    def pending(self) -> bool:
        """Calls that the conversation waits for."""
        return bool(self._rounds)

    @property
    def background_pending(self) -> bool:
        """Calls that the conversation does not wait for."""
        return bool(self._background)

    @property
    def running(self) -> list[PendingCall]:
        return [call for call in self._all() if call.output is None]

    @property
    def owed(self) -> set[str]:
        """Our ids of calls whose output the server has not been told yet."""
        return {call.call_id for call in self._all() if not call.sent}

    @property
    def owed_on_wire(self) -> set[str]:
        """The same by the ids that the server gave them."""
        return {call.wire_id for call in self._all() if not call.sent}

    def _all(self) -> list[PendingCall]:
        return [*(call for turn in self._rounds.values() for call in turn.calls), *self._background]

    def begun_in(self, response_id: str) -> bool:
        """Whether a call of this response has begun."""
        return response_id in self._rounds or any(c.response_id == response_id for c in self._background)

    def response_begins_again(self, response_id: str) -> None:
        """A response id is used again: earlier calls under it are different calls."""
        for key in [key for key in self._begun_calls if key[0] == response_id]:
            del self._begun_calls[key]

    def named(self, call_id: str | None, name: str | None, item_id: str | None = None) -> None:
        """Remember the name from ``output_item.added`` for servers that omit it later."""
        for known_as in (call_id, item_id):
            if known_as and name:
                self._names[known_as] = name

    def begin(
        self,
        response_id: str,
        call_id: str | None,
        name: str | None,
        arguments: str | None,
        *,
        whole: bool,
        item_id: str | None = None,
    ) -> PendingCall | None:
        """The call to run now; None if it ran already, or was cut short (not ``whole``) and unparsable."""
        name = name or self._names.get(item_id or "") or self._names.get(call_id or "")
        wire_id = call_id or item_id  # gateways leave the call id empty
        if not wire_id or not name or self._begun(response_id, wire_id, item_id):
            return None
        if not whole and not _parses(arguments or ""):
            return None
        self._begun_calls.setdefault((response_id, wire_id), set()).add(item_id or "")
        unique_id = self._unique(wire_id, item_id)
        call = PendingCall(unique_id, name, arguments or "{}", response_id=response_id, wire_id=wire_id)
        if name in self._not_awaited:
            self._background.append(call)
        else:
            self._rounds.setdefault(response_id, ToolRound()).calls.append(call)
        return call

    def _begun(self, response_id: str, wire_id: str, item_id: str | None) -> bool:
        """Whether this call is one that was begun.

        Servers give one call id to several calls, which differ by item then; but not every event of a call
        names its item.
        """
        items = self._begun_calls.get((response_id, wire_id), set())
        if item_id and "" in items:
            items.remove("")
            items.add(item_id)
        return item_id in items if item_id else bool(items)

    def _unique(self, wire_id: str, item_id: str | None) -> str:
        """An id that no other open call has."""
        taken = {call.call_id for call in self._all()}
        if wire_id not in taken:
            return wire_id
        if item_id and item_id not in taken:
            return item_id
        return next(name for n in count(2) if (name := f"{wire_id}.{n}") not in taken)

    def begin_remote(self, response_id: str | None, item_id: str, name: str) -> None:
        """The server runs a call itself; without a response it is one that was approved later."""
        if not self.first_sight(item_id):
            return
        turn = self._rounds.setdefault(response_id or item_id, ToolRound(response_done=response_id is None))
        turn.calls.append(PendingCall(item_id, name, "", remote=True, wire_id=item_id))

    def first_sight(self, item_id: str) -> bool:
        """Whether an id was never seen before; from now on it was."""
        new = item_id not in self._seen
        self._seen[item_id] = None
        return new

    @property
    def running_remote(self) -> frozenset[str]:
        """Our ids of calls that the server runs itself, and has not ended."""
        return frozenset(call.call_id for call in self._all() if call.remote and call.output is None)

    def give_up_remote(self) -> list[str]:
        """Stop waiting for calls that the server runs itself; returns their names.

        No answer about them is asked for.
        """
        given_up = [call for call in self._all() if call.remote and call.output is None]
        for call in given_up:
            call.output, call.sent, call.respond = "", True, False
        return [call.name for call in given_up]

    def finished_remote(self, item_id: str) -> None:
        for call in self._all():
            if call.remote and call.call_id == item_id and call.output is None:
                call.output, call.sent = "", True

    def finished(self, call_id: str, output: str, *, respond: bool) -> None:
        for call in self._all():
            if call.call_id == call_id and call.output is None:
                call.output, call.respond = output, respond

    def response_done(self, response_id: str, *, cancelled: bool, spoke: bool = False) -> None:
        if turn := self._rounds.get(response_id):
            turn.response_done, turn.cancelled, turn.spoke = True, cancelled, spoke

    def outputs_to_send(self) -> list[PendingCall]:
        """Calls whose output may go out: ended, and every earlier call of the response sent."""
        ready = []
        for turn in self._rounds.values():
            for call in turn.calls:
                if call.remote:
                    continue
                if call.output is None:
                    break
                if not call.sent:
                    call.sent = True
                    ready.append(call)
        return ready

    def rounds_over(self) -> list[ToolRound]:
        """Rounds with all outputs sent and the response done; each is returned once."""
        over = [
            key
            for key, turn in self._rounds.items()
            if turn.response_done and all(call.sent for call in turn.calls)
        ]
        return [self._rounds.pop(key) for key in over]

    @property
    def background_ended(self) -> bool:
        """Whether the result of a background tool is ready, to be sent in a pause of the conversation."""
        return any(call.output is not None for call in self._background)

    def background_outputs(self) -> list[PendingCall]:
        """Results of background tools, each returned once, in call order."""
        ended = [call for call in self._background if call.output is not None]
        self._background = [call for call in self._background if call.output is None]
        for call in ended:
            call.sent = True
        return ended

    def on_disconnect(self) -> None:
        """The socket is gone: no ``response.done`` and no result of the server's own will come."""
        for turn in self._rounds.values():
            turn.response_done = True
            turn.calls = [call for call in turn.calls if not call.remote]
        self._begun_calls.clear()  # servers may use the same ids again
        self._names.clear()
        self._seen.clear()


def _parses(arguments: str) -> bool:
    try:
        return isinstance(parse_json(arguments), dict)
    except ValueError:
        return False

"""Function calls of a response: each run once, outputs in call order, then one request for an answer.

Three events carry the same call (``function_call_arguments.done``, ``output_item.done``,
``response.done.output``), and older servers leave the name out of the first; calls are told apart by
``call_id``. A call of a response that was cut short runs only if its arguments parse.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(slots=True)
class Call:
    """One function call and, once it ended, its output."""

    call_id: str
    name: str
    arguments: str
    output: str | None = None
    respond: bool = True
    sent: bool = False


@dataclass(slots=True)
class Round:
    """The calls of one response."""

    calls: list[Call] = field(default_factory=list)
    response_done: bool = False
    cancelled: bool = False


class Calls:
    """Pending calls, by response."""

    def __init__(self) -> None:
        self._rounds: dict[str, Round] = {}
        self._names: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def pending(self) -> bool:
        return bool(self._rounds)

    @property
    def running(self) -> list[Call]:
        return [call for turn in self._rounds.values() for call in turn.calls if call.output is None]

    def named(self, call_id: str | None, name: str | None) -> None:
        """Remember the name from ``output_item.added`` for servers that omit it later."""
        if call_id and name:
            self._names[call_id] = name

    def begin(
        self, response_id: str, call_id: str | None, name: str | None, arguments: str | None, *, whole: bool
    ) -> Call | None:
        """The call to run now, or None: run already, or cut short (not ``whole``) and unparsable."""
        name = name or self._names.get(call_id or "")
        if not call_id or not name or call_id in self._seen:
            return None
        if not whole and not _parses(arguments or ""):
            return None
        self._seen.add(call_id)
        call = Call(call_id, name, arguments or "{}")
        self._rounds.setdefault(response_id, Round()).calls.append(call)
        return call

    def finished(self, call_id: str, output: str, *, respond: bool) -> None:
        for turn in self._rounds.values():
            for call in turn.calls:
                if call.call_id == call_id and call.output is None:
                    call.output, call.respond = output, respond

    def response_done(self, response_id: str, *, cancelled: bool) -> None:
        if response_id in self._rounds:
            self._rounds[response_id].response_done = True
            self._rounds[response_id].cancelled = cancelled

    def outputs_to_send(self) -> list[Call]:
        """Calls whose output may go out: ended, and every earlier call of the response sent."""
        ready = []
        for turn in self._rounds.values():
            for call in turn.calls:
                if call.output is None:
                    break
                if not call.sent:
                    call.sent = True
                    ready.append(call)
        return ready

    def rounds_over(self) -> list[Round]:
        """Rounds with all outputs sent and the response done; each is returned once."""
        over = [
            key
            for key, turn in self._rounds.items()
            if turn.response_done and all(call.sent for call in turn.calls)
        ]
        return [self._rounds.pop(key) for key in over]

    def lost(self) -> None:
        """The socket is gone: no ``response.done`` will come for what is open."""
        for turn in self._rounds.values():
            turn.response_done = True


def _parses(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False

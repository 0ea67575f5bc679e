"""The server's answers to events of ours, for those who wait for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Received
from realtime_cli.errors import SessionFailed
from realtime_cli.protocol.codec import encode

Where = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class _Waiting:
    event_id: str
    answer: str
    where: Where
    future: asyncio.Future[dict[str, Any]]


class AwaitedAnswers:
    """An observer: gives the server's events to those who wait for them."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self._count = 0

    def next_id(self) -> str:
        self._count += 1
        return f"request_{self._count}"

    def expect(self, event_id: str, answer: str, where: Where) -> asyncio.Future[dict[str, Any]]:
        """The first event of type ``answer`` that ``where`` is true of; SessionFailed where it is refused."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.waiting.append(_Waiting(event_id, answer, where, future))
        return future

    def observe(self, entry: Entry) -> None:
        self.waiting = [one for one in self.waiting if not one.future.done()]
        if self.waiting and isinstance(entry.value, Received):
            event = json.loads(encode(entry.value.event))
            for one in self.waiting:
                self._give(one, event)

    def _give(self, one: _Waiting, event: dict[str, Any]) -> None:
        error = event.get("error") or {}
        if event["type"] == "error" and error.get("event_id") == one.event_id:
            one.future.set_exception(SessionFailed(f"{error.get('message')} ({error.get('code')})"))
        elif event["type"] == one.answer and one.where(event):
            one.future.set_result(event)

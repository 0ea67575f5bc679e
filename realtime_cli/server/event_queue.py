"""The effects of a session in the order in which they leave; events get their ids here."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

from realtime_cli.protocol import codec
from realtime_cli.server.effects import CloseSocket, Effect, Emit, Emittable

NewId = Callable[[str], str]
_LETTERS = string.ascii_letters + string.digits


def random_ids() -> NewId:
    """Ids as the API makes them: a prefix and 21 base-62 characters, ``item`` -> ``item_c8Yp…``."""
    source = random.SystemRandom()
    return lambda prefix: f"{prefix}_{''.join(source.choices(_LETTERS, k=21))}"


class EventQueue:
    """Collects the effects of one input. After a ``CloseSocket`` nothing is added any more."""

    def __init__(
        self, new_id: NewId, read: Callable[[dict[str, Any]], Emittable] = codec.server_event
    ) -> None:
        """``read`` makes events of the protocol of their wire objects."""
        self.new_id = new_id
        self._read = read
        self.closed = False
        self._effects: list[Effect] = []

    def do(self, *effects: Effect) -> None:
        if not self.closed:
            self._effects.extend(effects)

    def emit(self, type: str, **fields: Any) -> str:
        """Send an event, ``fields`` as on the wire; returns its id."""
        event_id = self.new_id("event")
        if not self.closed:
            self.do(Emit(self._read({"type": type, "event_id": event_id, **fields})))
        return event_id

    def emit_item(self, item: dict[str, Any], previous_item_id: str | None) -> None:
        """Tell of an item that is complete at once: added, then done."""
        for event in ("conversation.item.added", "conversation.item.done"):
            self.emit(event, item=dict(item), previous_item_id=previous_item_id)

    def error(
        self,
        code: str | None,
        message: str,
        param: str | None = None,
        event_id: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        detail = {"type": type, "code": code, "message": message, "param": param, "event_id": event_id}
        self.emit("error", error=detail)

    def close_socket(self, code: int, reason: str = "") -> None:
        self.do(CloseSocket(code, reason))
        self.closed = True

    def take(self) -> list[Effect]:
        """The effects since the last call."""
        effects, self._effects = self._effects, []
        return effects

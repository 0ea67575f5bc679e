"""Which responses are out-of-band: one rule, for the client's session and for whoever reads its entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_cli.protocol.objects import Response


class OutOfBand:
    """Requests for out-of-band responses, and the ids of those that came of them.

    A response is out-of-band if we asked for one and its conversation id is null. The null alone says
    nothing: compatible servers send it with every response.
    """

    def __init__(self) -> None:
        self._requested: dict[str, Mapping[str, Any] | None] = {}  # event id -> metadata
        self._ids: set[str] = set()

    def __contains__(self, response_id: str | None) -> bool:
        return response_id in self._ids

    @property
    def idle(self) -> bool:
        """None is awaited, none runs."""
        return not (self._requested or self._ids)

    @staticmethod
    def asks_for_one(params: Mapping[str, Any]) -> bool:
        """Whether a ``response.create`` with these parameters is out-of-band."""
        return params.get("conversation") == "none"

    def requested(self, event_id: str, params: Mapping[str, Any]) -> None:
        self._requested[event_id] = params.get("metadata")

    def refused(self, event_id: str) -> bool:
        """The server refused a request; False if it is none of these."""
        if event_id not in self._requested:
            return False
        del self._requested[event_id]
        return True

    def created(self, response: Response) -> bool:
        """Whether this response, which has just begun, is out-of-band. Metadata tell which request it answers."""
        if response.conversation_id is not None:
            return False
        for event_id, metadata in self._requested.items():
            if not (metadata and response.metadata) or metadata == response.metadata:
                del self._requested[event_id]
                self._ids.add(response.id or "")
                return True
        return False

    def done(self, response_id: str | None) -> bool:
        """It is over; False if it was none of these."""
        if response_id not in self._ids:
            return False
        self._ids.discard(response_id or "")
        return True

    def on_disconnect(self) -> None:
        """What was asked for, or ran, went with the socket."""
        self._requested.clear()
        self._ids.clear()

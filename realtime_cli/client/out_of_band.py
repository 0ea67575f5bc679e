"""Which responses are out-of-band.

The one rule, for the client's session and for every reader of its entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_cli.protocol.objects import Response

TEXT_ONLY = ["text"]


@dataclass(slots=True)
class OutOfBandRequest:
    """``may_sound``: it did not ask for text alone. ``cut``: the user interrupted before it began."""

    metadata: Any
    may_sound: bool
    cut: bool = False


class OutOfBand:
    """Requests for out-of-band responses, and the ids of those that came of them.

    A response is out-of-band if we asked for one and its conversation id is null. The null alone is not
    enough: compatible servers send it with every response.
    """

    def __init__(self) -> None:
        self._requested: dict[str, OutOfBandRequest] = {}  # by event id
        self._running: dict[str, OutOfBandRequest] = {}  # by response id

    def __contains__(self, response_id: str | None) -> bool:
        return response_id in self._running

    @property
    def idle(self) -> bool:
        """None is expected, none runs."""
        return not (self._requested or self._running)

    @staticmethod
    def asks_for_one(params: Mapping[str, Any]) -> bool:
        """Whether a ``response.create`` with these parameters is out-of-band."""
        return params.get("conversation") == "none"

    def requested(self, event_id: str, params: Mapping[str, Any]) -> None:
        may_sound = params.get("output_modalities") != TEXT_ONLY
        self._requested[event_id] = OutOfBandRequest(params.get("metadata"), may_sound)

    def refused(self, event_id: str) -> bool:
        """The server refused a request; False if it was not out-of-band."""
        if event_id not in self._requested:
            return False
        del self._requested[event_id]
        return True

    def created(self, response: Response) -> bool:
        """Whether this response, which has just begun, is out-of-band.

        Metadata tell which request it answers.
        """
        if response.conversation_id is not None:
            return False
        for event_id, request in self._requested.items():
            if not (request.metadata and response.metadata) or request.metadata == response.metadata:
                del self._requested[event_id]
                request.may_sound = request.may_sound and response.output_modalities != TEXT_ONLY
                self._running[response.id or ""] = request
                return True
        return False

    def done(self, response_id: str | None) -> bool:
        """A response ended; False if it was not out-of-band."""
        if response_id not in self._running:
            return False
        del self._running[response_id or ""]
        return True

    @property
    def running(self) -> list[str]:
        return [response_id for response_id in self._running if response_id]

    def interrupt(self) -> list[str]:
        """Cut all that may sound: returns the ids of those that run; the others are cut when they begin."""
        for request in self._requested.values():
            request.cut = request.may_sound
        return [response_id for response_id in self.running if self._running[response_id].may_sound]

    def was_interrupted(self, response_id: str) -> bool:
        """Whether the user interrupted it before it began."""
        request = self._running.get(response_id)
        return request is not None and request.cut and request.may_sound

    def on_disconnect(self) -> None:
        """Requested and running responses are lost with the socket."""
        self._requested.clear()
        self._running.clear()

"""What was given to the loudspeaker, and what an interruption means for it on the wire.

Over a WebSocket the server does not know what was heard, so the client tells it: truncate the item that was
playing at the heard millisecond, and delete what was never heard (API guide, "Interruption and truncation").
"""

from __future__ import annotations

from collections.abc import Container

from realtime_cli.client.inputs import HeardItem
from realtime_cli.protocol.client_events import ClientEvent, ConversationItemDelete, ConversationItemTruncate

PlayingPart = tuple[str, int]


class Playback:
    """Parts that are queued and not known to be heard to the end, in play order."""

    def __init__(self) -> None:
        self._queued: dict[PlayingPart, str | None] = {}
        self._ended: set[PlayingPart] = set()
        self._stopped: set[PlayingPart] = set()
        self.heard_response_id: str | None = None
        """The response that was heard last."""

    @property
    def unheard(self) -> bool:
        return bool(self._queued)

    @property
    def response_ids(self) -> set[str]:
        return {response_id for response_id in self._queued.values() if response_id}

    def awaits(self, begun: Container[PlayingPart]) -> bool:
        """Whether some part has not begun to play."""
        return any(part not in begun for part in self._queued)

    @property
    def parts(self) -> tuple[PlayingPart, ...]:
        return tuple(self._queued)

    def queued(self, item_id: str, content_index: int, response_id: str | None) -> None:
        self._queued[(item_id, content_index)] = response_id
        self._ended.discard((item_id, content_index))

    def was_stopped(self, item_id: str, content_index: int, response_id: str | None) -> bool:
        """Whether sound for this part is late. If it names its response, only that counts."""
        return response_id is None and (item_id, content_index) in self._stopped

    def is_queued(self, item_id: str, content_index: int) -> bool:
        return (item_id, content_index) in self._queued

    def ended(self, item_id: str, content_index: int) -> None:
        """All sound of this part has been queued."""
        self._ended.add((item_id, content_index))

    def open_parts(self, response_id: str | None) -> list[PlayingPart]:
        """Parts of a response (or of none) that were not ended yet."""
        return [
            part
            for part, of_response in self._queued.items()
            if part not in self._ended and of_response in (response_id, None)
        ]

    def heard(self, item_id: str, content_index: int) -> None:
        self.heard_response_id = self._queued.get((item_id, content_index)) or self.heard_response_id

    def finished(self, item_id: str, content_index: int) -> None:
        self._queued.pop((item_id, content_index), None)
        self._ended.discard((item_id, content_index))

    def stopped(self) -> None:
        self._stopped = {part for part, response_id in self._queued.items() if response_id is None}
        self._queued.clear()
        self._ended.clear()


def truncations(
    items: tuple[HeardItem, ...], received_ms: dict[PlayingPart, float], active: set[str]
) -> list[ClientEvent]:
    """The events that tell the server what was heard.

    ``items`` are in play order; ``received_ms`` bounds each truncation; ``active`` names items that the
    server is still writing, which can be truncated to nothing but not deleted.
    """
    events: list[ClientEvent] = []
    cut = [item for item in items if not item.finished]
    for place, item in enumerate(cut):
        received = received_ms.get((item.item_id, item.content_index), 0.0)
        heard_ms = int(min(item.heard_ms, received))
        if place and heard_ms <= 0 and item.item_id not in active:
            events.append(ConversationItemDelete(item_id=item.item_id))
        else:
            events.append(
                ConversationItemTruncate(
                    item_id=item.item_id, content_index=item.content_index, audio_end_ms=max(0, heard_ms)
                )
            )
    return events

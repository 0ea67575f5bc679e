"""Which items of the conversation are new, and which have changed: a fold of the entry stream.

A new socket is told the history: those items come a second time, under other ids, and are no news.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ItemNews:
    """An item is in the conversation (created), or has another state now (updated)."""

    what: Literal["created", "updated"]
    item_id: str
    item: Json


class ItemFold:
    """``fold(entry)`` in order; what it gives is news, with items as they are on the wire."""

    def __init__(self) -> None:
        self._items: dict[str, Json] = {}
        self._before: list[Json] = []  # items of the socket that is gone: they come again
        self._asides_asked = 0
        self._asides: set[str] = set()

    def fold(self, entry: Entry) -> Iterator[ItemNews]:
        value: Any = entry.value
        if isinstance(value, inputs.Connected) and value.attempt:
            self._before += self._items.values()
            self._items = {}
        elif isinstance(value, effects.Send) and isinstance(value.event, c.ResponseCreate):
            response = value.event.response
            self._asides_asked += response is not None and response.conversation == "none"
        elif isinstance(value, inputs.Received):
            yield from self._received(value.event)

    def _received(self, event: Any) -> Iterator[ItemNews]:
        match event:
            case s.ConversationItemAdded() | s.ConversationItemDone() if event.item is not None:
                yield from self._seen(event.item)
            case s.ResponseOutputItemAdded() | s.ResponseOutputItemDone() if event.item is not None:
                if event.response_id not in self._asides:
                    yield from self._seen(event.item)
            case s.ConversationItemInputAudioTranscriptionCompleted():
                yield from self._changed(event, "transcript", event.transcript)
            case s.ConversationItemTruncated():
                yield from self._changed(event, "audio_end_ms", event.audio_end_ms)
            case s.ConversationItemDeleted():
                self._items.pop(event.item_id or "", None)
            case s.ResponseCreated() if self._asides_asked and event.response.conversation_id is None:
                self._asides_asked -= 1
                self._asides.add(event.response.id or "")

    def _seen(self, wire: Any) -> Iterator[ItemNews]:
        item = wire.model_dump(mode="json", exclude_unset=True)
        item_id = item.get("id")
        if not item_id:
            return
        known = self._items.get(item_id)
        self._items[item_id] = item
        if known is None:
            if not self._comes_again(item):
                yield ItemNews("created", item_id, copy.deepcopy(item))
        elif _state(known) != _state(item):
            yield ItemNews("updated", item_id, copy.deepcopy(item))

    def _changed(self, event: Any, key: str, value: Any) -> Iterator[ItemNews]:
        """One content part of a known item got another value."""
        item = self._items.get(event.item_id or "")
        content = (item or {}).get("content") or []
        index = event.content_index or 0
        if item is None or index >= len(content) or content[index].get(key) == value:
            return
        content[index][key] = value
        yield ItemNews("updated", event.item_id, copy.deepcopy(item))

    def _comes_again(self, item: Json) -> bool:
        for place, before in enumerate(self._before):
            if _same(before, item):
                del self._before[place]
                return True
        return False


def _state(item: Json) -> Json:
    """What a change of makes an update; a sound's transcript is null until it is told by its own event."""
    return {key: value for key, value in item.items() if key != "object" and value}


def _same(before: Json, item: Json) -> bool:
    """History is text, and of an answer that was cut only what was heard."""
    keys = ("type", "role", "call_id", "name", "output")
    if any(before.get(key) != item.get(key) for key in keys):
        return False
    if item.get("type") != "message":
        return True
    words = _words(item)
    told = _words(before)
    return bool(words) and (told.startswith(words) if item.get("role") == "assistant" else told == words)


def _words(item: Json) -> str:
    parts = item.get("content") or ()
    return "".join(part.get("transcript") or part.get("text") or "" for part in parts)

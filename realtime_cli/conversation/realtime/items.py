"""Which items of the conversation are new, and which have changed.

The history is sent again on a new socket: those items come back under other ids, and are not new.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.client.conversation import MAX_ITEMS
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.wire import model_dump
from realtime_cli.protocol import server_events as s

Json = dict[str, Any]


class KnownItem(NamedTuple):
    """By what an item is known again when it comes back as history."""

    type: str | None
    role: str | None
    call_id: str | None
    name: str | None
    output: Any
    words: str

    @classmethod
    def of(cls, item: Json) -> KnownItem:
        kind, get = item.get("type"), item.get
        words = _words(item) if kind == "message" else ""
        return cls(kind, get("role"), get("call_id"), get("name"), get("output"), words)

    def is_told_by(self, again: KnownItem) -> bool:
        """Whether history tells of it so: text only, and of a cut answer only what was heard."""
        if again[:-1] != self[:-1]:
            return False
        if self.type != "message":
            return True
        begins = self.words.startswith(again.words) if self.role == "assistant" else self.words == again.words
        return bool(again.words) and begins


class ItemSide:
    """Tells of items as they are on the wire."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._items: BoundedDict[str, Json] = BoundedDict()  # those that may still change
        self._known: BoundedDict[str, KnownItem] = BoundedDict(MAX_ITEMS)
        self._before: list[KnownItem] = []  # items of the lost socket, which will come again
        self._forgotten_before = 0  # the oldest of them, which come first

    def on_reconnect(self) -> None:
        self._before = [*self._before, *self._known.values()][-MAX_ITEMS:]
        self._forgotten_before = self._known.forgotten
        self._items, self._known = BoundedDict(), BoundedDict(MAX_ITEMS)

    def seen(self, wire: Any) -> None:
        item = model_dump(wire)
        item_id = item.get("id")
        if not item_id:
            return
        known, is_new = self._items.get(item_id), item_id not in self._known
        self._items[item_id] = item
        self._known[item_id] = KnownItem.of(item)
        if is_new:
            if not self._is_repeated(self._known[item_id]):
                self._scene.emit(e.ItemCreated(self._scene.at, item_id, copy.deepcopy(item)))
        elif known and _state(known) != _state(item):
            self._updated(item_id, item)

    def transcribed(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        self._changed(event, "transcript", event.transcript)

    def truncated(self, event: s.ConversationItemTruncated) -> None:
        self._changed(event, "audio_end_ms", event.audio_end_ms)

    def deleted(self, event: s.ConversationItemDeleted) -> None:
        self._items.pop(event.item_id or "", None)
        self._known.pop(event.item_id or "", None)

    def _changed(self, event: Any, key: str, value: Any) -> None:
        """One content part of a known item got another value."""
        item = self._items.get(event.item_id or "")
        content = (item or {}).get("content") or []
        index = event.content_index or 0
        if item is None or index >= len(content) or content[index].get(key) == value:
            return
        content[index][key] = value
        self._known[event.item_id] = KnownItem.of(item)
        self._updated(event.item_id, item)

    def _updated(self, item_id: str, item: Json) -> None:
        self._scene.emit(e.ItemUpdated(self._scene.at, item_id, copy.deepcopy(item)))

    def _is_repeated(self, item: KnownItem) -> bool:
        for place, before in enumerate(self._before):
            if before.is_told_by(item):
                del self._before[place]
                self._forgotten_before = 0
                return True
        repeated = self._forgotten_before > 0
        self._forgotten_before -= repeated
        return repeated


def _state(item: Json) -> Json:
    """The fields whose change counts as an update; the transcript of sound is null until its own event."""
    return {key: value for key, value in item.items() if key != "object" and value}


def _words(item: Json) -> str:
    parts = item.get("content") or ()
    return "".join(part.get("transcript") or part.get("text") or "" for part in parts)

"""Which items of the conversation are new, and which have changed.

The history is sent again on a new socket: those items come back under other ids, and are not new.
"""

from __future__ import annotations

import copy
from typing import Any

from realtime_cli.client.bounded_dict import BoundedDict
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.wire import model_dump
from realtime_cli.protocol import server_events as s

Json = dict[str, Any]


class ItemSide:
    """Tells of items as they are on the wire."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._items: BoundedDict[str, Json] = BoundedDict()
        self._before: list[Json] = []  # items of the lost socket, which will come again
        self._forgotten_before = 0  # the oldest of them, which come first

    def on_reconnect(self) -> None:
        self._before += self._items.values()
        self._forgotten_before = self._items.forgotten
        self._items = BoundedDict()

    def seen(self, wire: Any) -> None:
        item = model_dump(wire)
        item_id = item.get("id")
        if not item_id:
            return
        known = self._items.get(item_id)
        self._items[item_id] = item
        if known is None:
            if not self._is_repeated(item):
                self._scene.emit(e.ItemCreated(self._scene.at, item_id, copy.deepcopy(item)))
        elif _state(known) != _state(item):
            self._updated(item_id, item)

    def transcribed(self, event: s.ConversationItemInputAudioTranscriptionCompleted) -> None:
        self._changed(event, "transcript", event.transcript)

    def truncated(self, event: s.ConversationItemTruncated) -> None:
        self._changed(event, "audio_end_ms", event.audio_end_ms)

    def deleted(self, event: s.ConversationItemDeleted) -> None:
        self._items.pop(event.item_id or "", None)

    def _changed(self, event: Any, key: str, value: Any) -> None:
        """One content part of a known item got another value."""
        item = self._items.get(event.item_id or "")
        content = (item or {}).get("content") or []
        index = event.content_index or 0
        if item is None or index >= len(content) or content[index].get(key) == value:
            return
        content[index][key] = value
        self._updated(event.item_id, item)

    def _updated(self, item_id: str, item: Json) -> None:
        self._scene.emit(e.ItemUpdated(self._scene.at, item_id, copy.deepcopy(item)))

    def _is_repeated(self, item: Json) -> bool:
        for place, before in enumerate(self._before):
            if _same(before, item):
                del self._before[place]
                self._forgotten_before = 0
                return True
        repeated = self._forgotten_before > 0
        self._forgotten_before -= repeated
        return repeated


def _state(item: Json) -> Json:
    """The fields whose change counts as an update; the transcript of sound is null until its own event."""
    return {key: value for key, value in item.items() if key != "object" and value}


def _same(before: Json, item: Json) -> bool:
    """Whether it is the same item as sent in history: text only, and of a cut answer only what was heard."""
    keys = ("type", "role", "call_id", "name", "output")
    if any(before.get(key) != item.get(key) for key in keys):
        return False
    if item.get("type") != "message":
        return True
    words = _words(item)
    shown = _words(before)
    return bool(words) and (shown.startswith(words) if item.get("role") == "assistant" else shown == words)


def _words(item: Json) -> str:
    parts = item.get("content") or ()
    return "".join(part.get("transcript") or part.get("text") or "" for part in parts)

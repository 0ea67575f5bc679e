"""The items of a conversation in order, with their audio."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.server.api_error import ApiError
from realtime_cli.server.input_buffer import BYTES_PER_MS

Json = dict[str, Any]
MAX_ITEMS = 512  # the oldest fall out beyond this, as under the API's automatic truncation
MAX_TRANSCRIBED_ITEMS = 128  # of a transcription session, in which nothing is answered by them
MAX_TEXT_CHARS = 32 * 1024 * 1024  # words and encoded pictures of all items; beyond this the oldest fall out
MAX_AUDIO_BYTES = (
    4 * 1024 * 1024
)  # 87 s of PCM; beyond this the oldest items lose their audio and keep their words and its length


@dataclass(slots=True)
class StoredAudio:
    """Bytes of one content part, in a wire format."""

    format: str
    data: bytearray = field(default_factory=bytearray)
    forgotten_bytes: int = 0
    """How long it was, where it is no longer kept."""

    @property
    def ms(self) -> float:
        return (len(self.data) + self.forgotten_bytes) / BYTES_PER_MS[self.format]

    def cut(self, ms: float) -> None:
        end = int(ms * BYTES_PER_MS[self.format])
        end = end & ~1 if self.format == "audio/pcm" else end
        del self.data[end:]
        self.forgotten_bytes = min(self.forgotten_bytes, end)

    def forget(self) -> None:
        """Keep its length alone, by which tokens are counted and what is said is truncated."""
        self.forgotten_bytes, self.data = len(self.data) + self.forgotten_bytes, bytearray()


@dataclass(slots=True)
class StoredItem:
    """One item: its wire form without audio, and its audio and transcripts by content index.

    ``transcripts`` holds the recogniser's text; the client sees it only if transcription is on.
    """

    wire: Json
    audio: dict[int, StoredAudio] = field(default_factory=dict)
    transcripts: dict[int, str] = field(default_factory=dict)
    untranscribed: set[int] = field(default_factory=set)  # content indexes whose transcript is still to come

    @property
    def item_id(self) -> str:
        return str(self.wire["id"])

    @property
    def audio_ms(self) -> float:
        return sum(sound.ms for sound in self.audio.values())

    def with_audio(self) -> Json:
        """As ``conversation.item.retrieved`` shows it."""
        content = []
        for index, part in enumerate(self.wire.get("content") or ()):
            sound = self.audio.get(index)
            kept = sound if sound and not sound.forgotten_bytes else None
            audio = {"audio": base64.b64encode(kept.data).decode("ascii")} if kept else {}
            content.append({**part, **audio})
        return {**self.wire, "content": content} if content else dict(self.wire)

    def for_engine(self) -> Json:
        """The wire form with the transcripts of its audio, whether or not transcription is on."""
        content = [
            {**part, "transcript": self.transcripts[index]} if index in self.transcripts else part
            for index, part in enumerate(self.wire.get("content") or ())
        ]
        return {**self.wire, "content": content} if content else dict(self.wire)

    def truncate(self, index: int, end_ms: int) -> None:
        """Drop the audio after ``end_ms``, and the transcript in proportion. Raises :class:`ApiError`."""
        content = self.wire.get("content") or []
        if self.wire.get("role") != "assistant" or not 0 <= index < len(content) or index not in self.audio:
            raise ApiError("unsupported_content_type", "Only model output audio messages can be truncated")
        sound = self.audio[index]
        if end_ms > sound.ms + 1:
            text = f"Audio content of {sound.ms:.0f}ms is already shorter than {end_ms}ms"
            raise ApiError("invalid_value", text, "audio_end_ms")
        part = content[index]
        words = part.get("transcript") or ""
        kept = round(len(words) * end_ms / sound.ms) if sound.ms else 0
        sound.cut(end_ms)
        if kept < len(words):
            content[index] = {**part, "transcript": words[: words.rfind(" ", 0, kept + 1) + 1].rstrip()}


def message(item_id: str, role: str, status: str, content: list[Json]) -> Json:
    """A message item as it is on the wire."""
    kind = {"id": item_id, "object": "realtime.item", "type": "message"}
    return {**kind, "status": status, "role": role, "content": content}


class ServerConversation:
    """Items by id, in order."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self._records: dict[str, StoredItem] = {}
        self._order: list[str] = []
        self._text_chars: dict[str, int] = {}
        self.max_items = MAX_ITEMS

    def __iter__(self) -> Any:
        return iter([self._records[item_id] for item_id in self._order])

    def find(self, item_id: str, verb: str) -> StoredItem:
        """The record of an item. Raises :class:`ApiError` ``item_<verb>_invalid_item_id``."""
        if item_id not in self._records:
            text = f"Item cannot be found: the item with id '{item_id}' does not exist."
            raise ApiError(f"item_{verb}_invalid_item_id", text, "item_id")
        return self._records[item_id]

    def get(self, item_id: str) -> StoredItem | None:
        return self._records.get(item_id)

    @property
    def last_id(self) -> str | None:
        return self._order[-1] if self._order else None

    def insert(self, record: StoredItem, previous: str | None = None) -> str | None:
        """Put an item behind ``previous`` (None: at the end, ``root``: first); returns the id before it.

        Raises :class:`ApiError` for an id that is there already, or a ``previous`` that is not.
        """
        if record.item_id in self._records:
            text = f"Error adding item: an item with id '{record.item_id}' already exists."
            raise ApiError("item_create_duplicate_item_id", text, "item.id")
        if previous is not None and previous != "root" and previous not in self._records:
            text = f"Error adding item: the previous item with id '{previous}' does not exist."
            raise ApiError("item_create_invalid_previous_item_id", text, "previous_item_id")
        place = len(self._order)
        if previous == "root":
            place = 0
        elif previous is not None:
            place = self._order.index(previous) + 1
        before = self._order[place - 1] if place else None
        self._records[record.item_id] = record
        self._order.insert(place, record.item_id)
        self._text_chars[record.item_id] = _text_chars(record.wire)
        self._evict()
        return before if before in self._records else None

    def before(self, item_id: str) -> str | None:
        """The id of the item before this one; None if it is the first, or gone."""
        if item_id not in self._records:
            return None
        place = self._order.index(item_id)
        return self._order[place - 1] if place else None

    def delete(self, item_id: str) -> None:
        self.find(item_id, "delete")
        self._remove(item_id)

    def _remove(self, item_id: str) -> None:
        del self._records[item_id], self._text_chars[item_id]
        self._order.remove(item_id)

    def _evict(self) -> None:
        text_chars = sum(self._text_chars.values())
        while len(self._order) > self.max_items or (text_chars > MAX_TEXT_CHARS and len(self._order) > 1):
            text_chars -= self._text_chars[self._order[0]]
            self._remove(self._order[0])
        held = sum(len(sound.data) for record in self for sound in record.audio.values())
        for record in self:
            if held <= MAX_AUDIO_BYTES or record.item_id == self.last_id:
                break
            if record.wire.get("status") == "in_progress":
                continue
            for sound in record.audio.values():
                held -= len(sound.data)
                sound.forget()


def _text_chars(value: Any) -> int:
    """The characters in all texts of a JSON value."""
    match value:
        case str():
            return len(value)
        case dict():
            return sum(map(_text_chars, value.values()))
        case list():
            return sum(map(_text_chars, value))
    return 0

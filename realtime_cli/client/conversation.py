"""The conversation as the client knows it: items in order, what was received of them, what was heard.

A fold with two uses: the truncation may never go beyond what was received, and a new socket is told
the history (protocol: a reconnected session is empty, assistant audio cannot be replayed, so text
stands in for it, and what was never heard stays out).

It holds no more than a new socket is told: the newest items, as the server, too, lets the oldest fall out
where its model has no room for them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from realtime_cli.protocol.objects import Item

MAX_ITEMS = 512  # a model of 32k tokens holds about 190 spoken turns: 380 items
MAX_TEXT_CHARS = 512 * 1024  # of all items; 128k tokens, the most that a realtime model takes
MAX_TRANSCRIBED_ITEMS = 128  # of a transcription session, in which nothing is answered by them
_CALLS = ("function_call", "function_call_output")
_REPLAYED = ("type", "name", "arguments", "call_id", "output")  # fields of calls and their outputs


@dataclass(slots=True)
class HistoryPart:
    """One content part of an assistant or user message."""

    kind: str = "audio"
    text: str = ""
    received_ms: float = 0.0
    heard_ms: float | None = None  # None: not cut

    def heard_text(self, share: float) -> str:
        """The text up to the word at which the sound stopped; ``share`` of it was heard (0 to 1)."""
        length = round(len(self.text) * share)
        if length >= len(self.text):
            return self.text
        return self.text[: self.text.rfind(" ", 0, length + 1)].rstrip() if length else ""


@dataclass(slots=True)
class HistoryItem:
    """One item: of a call or its output the fields to send again, and its parts by content index."""

    item_id: str
    kind: str
    role: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    parts: dict[int, HistoryPart] = field(default_factory=dict)
    response_id: str | None = None

    def heard_share(self, part: HistoryPart) -> float:
        """How much of a part was heard, from 0 to 1.

        What is said may be written in a part without sound: then it goes by all the sound of the item.
        """
        parts = [part] if part.received_ms else list(self.parts.values())
        if all(one.heard_ms is None for one in parts):
            return 1.0
        received_ms = sum(one.received_ms for one in parts)
        heard_ms = sum(one.received_ms if one.heard_ms is None else one.heard_ms for one in parts)
        return min(1.0, heard_ms / received_ms) if received_ms else 0.0

    @property
    def text_chars(self) -> int:
        """The characters of all its texts."""
        texts = [part.text for part in self.parts.values()] + list(self.fields.values())
        return sum(len(text) for text in texts if isinstance(text, str))

    def part(self, content_index: int) -> HistoryPart:
        return self.parts.setdefault(content_index, HistoryPart())


@dataclass(slots=True)
class Unconfirmed:
    """An item that we sent and that the server has not shown yet; it stands behind ``behind`` records."""

    event_id: str
    item: dict[str, Any]
    behind: int


class ConversationHistory:
    """Items in conversation order; tolerant of servers that leave out lifecycle events.

    What we sent counts from then on, not from the server's answer: a socket that is lost in between
    must not lose the user's words.
    """

    def __init__(self) -> None:
        self._records: dict[str, HistoryItem] = {}
        self._order: list[str] = []
        self._unconfirmed: list[Unconfirmed] = []
        self.max_items = MAX_ITEMS

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._records

    def clear(self) -> None:
        """A new socket begins with an empty conversation."""
        self._records.clear()
        self._order.clear()
        self._unconfirmed.clear()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of the items that the server has shown, in conversation order."""
        return tuple(self._order)

    def record(self, item_id: str, *, kind: str = "message", role: str | None = "assistant") -> HistoryItem:
        """The record of an item, made at the end of the conversation if it is not known yet."""
        if item_id not in self._records:
            self._records[item_id] = HistoryItem(item_id, kind, role)
            self._order.append(item_id)
            self._forget_oldest()
        return self._records[item_id]

    def _forget_oldest(self) -> None:
        """Forget what is too much, oldest first; what the system said stays while there is anything else.

        An output without its call would be refused: it goes with it.
        """
        chars = sum(self._records[item_id].text_chars for item_id in self._order)
        while len(self._order) > self.max_items or (chars > MAX_TEXT_CHARS and len(self._order) > 1):
            told = (item_id for item_id in self._order[:-1] if self._records[item_id].role != "system")
            oldest = self._records[next(told, self._order[0])]
            call_id = oldest.fields.get("call_id")
            of_call = [
                one for one in self._records.values() if call_id and one.fields.get("call_id") == call_id
            ]
            for record in of_call or [oldest]:
                chars -= record.text_chars
                self.deleted(record.item_id)

    def added(
        self, item: Item, previous_item_id: str | None = None, *, response_id: str | None = None
    ) -> None:
        """Fold ``conversation.item.added`` / ``.done``, ``response.output_item.added`` / ``.done``."""
        if not item.id:
            return
        wire = item.model_dump(exclude_unset=True, mode="json")
        known = item.id in self._records
        kind = item.type or "message"
        record = self._of_response(self.record(item.id, kind=kind, role=wire.get("role")), response_id)
        record.kind, record.role = kind, wire.get("role")
        if kind in _CALLS:  # the words of a message are in its parts
            record.fields = {key: wire[key] for key in _REPLAYED if key in wire}
        for index, content in enumerate(wire.get("content") or ()):
            _add_content(record.part(index), content)
        if not known:
            self._place(item.id, previous_item_id)

    def _of_response(self, record: HistoryItem, response_id: str | None) -> HistoryItem:
        """The record of an item of this response.

        Some servers call the items of every response alike: then the earlier one keeps its words, under a
        name of its own.
        """
        item_id = record.item_id
        if response_id and record.response_id not in (None, response_id):
            self.deleted(name := f"{item_id} ({record.response_id})")
            self._order[self._order.index(item_id)] = record.item_id = name
            self._records[name] = self._records.pop(item_id)
            record = self.record(item_id, kind=record.kind, role=record.role)
        record.response_id = response_id or record.response_id
        return record

    def sent(self, event_id: str, item: dict[str, Any]) -> None:
        """Fold an item that we create ourselves; the server gives it an id later."""
        self._unconfirmed.append(Unconfirmed(event_id, item, len(self._order)))
        del self._unconfirmed[: -self.max_items]

    def refused(self, event_id: str | None) -> None:
        """The server did not take an item of ours."""
        self._unconfirmed = [mine for mine in self._unconfirmed if mine.event_id != event_id]

    def confirmed(self, item: Item) -> None:
        """The server shows an item that is new to us: the first of its kind that we sent, if there is one."""
        kind = (item.type or "message", getattr(item, "role", None))
        for place, mine in enumerate(self._unconfirmed):
            if (mine.item.get("type", "message"), mine.item.get("role")) == kind:
                del self._unconfirmed[place]
                for later in self._unconfirmed[place:]:
                    later.behind = max(later.behind, len(self._order) + 1)
                return

    def _place(self, item_id: str, previous_item_id: str | None) -> None:
        if previous_item_id in self._records and previous_item_id != item_id:
            self._order.remove(item_id)
            self._order.insert(self._order.index(previous_item_id) + 1, item_id)

    def received(
        self, item_id: str, content_index: int, ms: float, *, response_id: str | None = None
    ) -> None:
        """Count sound that arrived for a part."""
        self._of_response(self.record(item_id), response_id).part(content_index).received_ms += ms

    def received_ms(self, item_id: str, content_index: int) -> float:
        record = self._records.get(item_id)
        return record.part(content_index).received_ms if record else 0.0

    def spoke(
        self,
        item_id: str,
        content_index: int,
        text: str,
        *,
        whole: bool = False,
        response_id: str | None = None,
    ) -> None:
        """Add a transcript or text delta; ``whole`` replaces what was gathered."""
        record = self._of_response(self._record_of(item_id, "assistant"), response_id)
        part = record.part(content_index)
        part.text = text if whole else part.text + text

    def heard_by_server(self, item_id: str, content_index: int, text: str, *, whole: bool) -> None:
        """Fold the transcript of the user's own sound."""
        part = self._record_of(item_id, "user").part(content_index)
        part.text = text if whole else part.text + text

    def _record_of(self, item_id: str, role: str) -> HistoryItem:
        """The record of a message of one side.

        A server may give both sides' messages one id: the words of the one are not put into the mouth of the
        other.
        """
        record = self.record(item_id, role=role)
        return record if record.role in (role, None) else self.record(f"{item_id} ({role})", role=role)

    def cut(self, item_id: str, content_index: int, heard_ms: float) -> None:
        """Keep only what was heard of a part."""
        self.record(item_id).part(content_index).heard_ms = heard_ms

    @property
    def last_image(self) -> str | None:
        """The newest item with an image in it."""
        for item_id in reversed(self._order):
            if any(part.kind == "input_image" for part in self._records[item_id].parts.values()):
                return item_id
        return None

    def forget_answer(self, response_id: str | None) -> None:
        """An answer that broke off is asked for again: the whole one must not follow its torso."""
        for record in list(self._records.values()):
            if record.kind == "message" and response_id and record.response_id == response_id:
                self.deleted(record.item_id)

    @property
    def waits_for_answer(self) -> Literal["no", "yes", "without words"]:
        """Whether the user spoke last; ``without words``: of what was said there is no transcript."""
        if any(mine.item.get("role") == "user" for mine in self._unconfirmed):
            return "yes"
        for item_id in reversed(self._order):
            record = self._records[item_id]
            if record.kind == "message" and record.role == "user":
                return "yes" if self.text_of(item_id).strip() else "without words"
            if record.kind in ("message", "function_call_output"):
                return "no"
        return "no"

    def deleted(self, item_id: str) -> None:
        if self._records.pop(item_id, None):
            self._order.remove(item_id)

    def text_of(self, item_id: str) -> str:
        """All that is known of an item's text, in part order."""
        record = self._records.get(item_id)
        return "".join(part.text for _, part in sorted(record.parts.items())) if record else ""

    def history(self, owed: Collection[str] = (), *, with_ids: bool = False) -> list[dict[str, Any]]:
        """Items to create on a new socket: text, tool calls and their outputs, in order.

        A call without an output stays out, unless its output is still ``owed`` (call ids). ``with_ids``: for
        readers, who want to find them again; a new socket gives them new ones.
        """
        known = [self._records[item_id] for item_id in self._order]
        outputs = {r.fields.get("call_id") for r in known if r.kind == "function_call_output"}
        outputs |= {mine.item.get("call_id") for mine in self._unconfirmed}
        outputs.update(owed)
        items: list[dict[str, Any]] = []
        for place, record in enumerate(known):
            items += [mine.item for mine in self._unconfirmed if mine.behind == place]
            if record.kind == "function_call" and record.fields.get("call_id") not in outputs:
                continue
            if item := _replayable(record):
                items.append({"id": record.item_id, **item} if with_ids else item)
        return items + [mine.item for mine in self._unconfirmed if mine.behind >= len(known)]


def _add_content(part: HistoryPart, content: dict[str, Any]) -> None:
    part.kind = content.get("type", part.kind)
    text = content.get("transcript") or content.get("text")
    if text:
        part.text = text


def _replayable(record: HistoryItem) -> dict[str, Any] | None:
    if record.kind in _CALLS:
        return dict(record.fields)
    if record.kind != "message" or record.role not in ("system", "user", "assistant"):
        return None
    kind = "output_text" if record.role == "assistant" else "input_text"
    texts = [part.heard_text(record.heard_share(part)) for _, part in sorted(record.parts.items())]
    content = [{"type": kind, "text": text} for text in texts if text.strip()]
    return {"type": "message", "role": record.role, "content": content} if content else None

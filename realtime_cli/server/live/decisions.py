"""Decisions, as far as words go: a choice is made when one of its values was said, all else is refused.

The service uses a model. A refusal is part of the protocol, and the honest answer here.
"""

from __future__ import annotations

import re
from typing import Any

from realtime_cli.protocol.live.limits import INVALID_VALUE
from realtime_cli.server import tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.event_queue import EventQueue

Json = dict[str, Any]
MODEL = "words-only"
MAX_TRANSCRIPT_CHARS = 8_000
MAX_ITEMS = 128


class DecisionMaker:
    """Keeps what was said on both sides, and the client's items; answers questions about both."""

    def __init__(self, events: EventQueue) -> None:
        self._events = events
        self._items: dict[str, Json] = {}
        self._transcript = ""
        self._used_ids: set[str] = set()

    def hear(self, fragment: str) -> None:
        self._transcript = (self._transcript + fragment)[-MAX_TRANSCRIPT_CHARS:]

    def add(self, item: Json) -> Json:
        """``decision.item.create``; returns the item as it is stored. Raises :class:`ApiError`."""
        if len(self._items) >= MAX_ITEMS:
            raise ApiError(INVALID_VALUE, f"At most {MAX_ITEMS} decision items are kept.", "item")
        stored = {"type": "message", **item, "id": item.get("id") or self._events.new_id("item")}
        if stored["id"] in self._items:
            raise ApiError(INVALID_VALUE, f"An item with id '{stored['id']}' exists already.", "item.id")
        self._items[stored["id"]] = stored
        return stored

    def delete(self, item_id: str) -> None:
        """Raises :class:`ApiError` for an id that nobody knows."""
        if self._items.pop(item_id, None) is None:
            raise ApiError(INVALID_VALUE, f"Item with id '{item_id}' not found.", "item_id")

    def use_id(self, event_id: str) -> None:
        """The id of a ``decision.create``, which is never used twice. Raises :class:`ApiError`."""
        if event_id in self._used_ids:
            raise ApiError(INVALID_VALUE, f"The event_id '{event_id}' has been used before.", "event_id")
        self._used_ids.add(event_id)

    def decide(self, questions: list[Json], **about: Any) -> None:
        """Decide, and report it in a ``decision.event``; ``about``: its delegation or its trigger."""
        words = " ".join([self._transcript, *map(_words_of, self._items.values())])
        answers = [_answer(question, words) for question in questions]
        sent, made = tokens.of_text(words), len(answers)
        usage = {
            "input_tokens": sent,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sent + made,
        }
        decision = {"answers": answers, "model": MODEL, "usage": usage}
        self._events.emit(
            "decision.event", event={"type": "decision.completed", "decision": decision}, **about
        )


def _answer(question: Json, words: str) -> Json:
    """The choice that was said last. Its confidence only says how many others were said."""
    name = {"name": question.get("name")}
    if question["type"] != "choice":
        return {"type": "refusal", **name}
    values = [choice["value"] for choice in question["choices"]]
    said = {value: place for value in values if (place := _last_place(value, words)) is not None}
    if not said:
        return {"type": "refusal", **name}
    chosen = max(said, key=lambda value: said[value])
    shares = [{"value": value, "probability": (value in said) / len(said)} for value in values]
    return {"type": "choice", **name, "choice": chosen, "confidence": 1 / len(said), "probabilities": shares}


def _last_place(value: Any, words: str) -> int | None:
    if not isinstance(value, str):
        return None
    spoken = re.escape(re.sub(r"[_\W]+", " ", value).strip())
    found = list(re.finditer(rf"\b{spoken}\b", words, re.IGNORECASE)) if spoken else []
    return found[-1].start() if found else None


def _words_of(item: Json) -> str:
    content = item.get("content") or item.get("output") or item.get("arguments") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text") or "") for part in content)

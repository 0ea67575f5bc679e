"""What was said in a Live session, as the engine wants it: text, oldest first."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.server import tokens

Json = dict[str, Any]
CONTEXT_TOKENS = 64_000  # what ``usage_ratio`` is a share of; the service's own limit is not published
COMPACT_TO = 0.75  # of it is kept when it is full


class LiveContext:
    """Messages, calls and their outputs. ``compact`` forgets the oldest once it is full."""

    def __init__(self, instructions: str) -> None:
        self.instructions = instructions
        self.items: list[Json] = []

    def add_message(self, role: str, text: str) -> Json:
        """A message, whose text may still grow (``say``)."""
        kind = "output_text" if role == "assistant" else "input_text"
        item: Json = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        self.items.append(item)
        return item

    def add(self, item: Json) -> None:
        """An item of the Responses API: a call, an output, a message."""
        self.items.append(item)

    @property
    def usage_ratio(self) -> float:
        return self.tokens / CONTEXT_TOKENS

    @property
    def tokens(self) -> int:
        return tokens.of_text(self.instructions) + sum(_tokens_of(item) for item in self.items)

    def compact(self) -> None:
        if self.tokens > CONTEXT_TOKENS:
            while len(self.items) > 1 and self.tokens > COMPACT_TO * CONTEXT_TOKENS:
                del self.items[0]


def _tokens_of(item: Json) -> int:
    return tokens.of_text(json.dumps(item.get("content") or item.get("output") or item.get("arguments")))

"""How many tokens things take, by the API's rules of thumb.

User sound 10 tokens a second, assistant sound 20; text about 4 characters a token. Images are counted
flat, whatever their size.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

USER_MS_PER_TOKEN = 100
ASSISTANT_MS_PER_TOKEN = 50
CHARS_PER_TOKEN = 4
IMAGE_TOKENS = 255
_BILLED_BY_TOKENS = re.compile(r"gpt-4o-(mini-)?transcribe(-\d{4}-\d\d-\d\d)?")

Json = dict[str, Any]


@dataclass(slots=True)
class Count:
    """Tokens by kind."""

    text: int = 0
    audio: int = 0
    image: int = 0

    @property
    def total(self) -> int:
        return self.text + self.audio + self.image

    def overlap(self, other: Count) -> Count:
        return Count(min(self.text, other.text), min(self.audio, other.audio), min(self.image, other.image))

    def details(self) -> dict[str, int]:
        return {"text_tokens": self.text, "audio_tokens": self.audio, "image_tokens": self.image}


def of_text(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def of_assistant_ms(ms: float) -> int:
    return math.ceil(ms / ASSISTANT_MS_PER_TOKEN)


def of_input(instructions: str, tools: Iterable[Json], items: Iterable[tuple[Json, float]]) -> Count:
    """A request: ``items`` on the wire, each with the milliseconds of sound in it."""
    count = Count(text=of_text(instructions) + sum(of_text(json.dumps(tool)) for tool in tools))
    for item, audio_ms in items:
        per_token = ASSISTANT_MS_PER_TOKEN if item.get("role") == "assistant" else USER_MS_PER_TOKEN
        count.audio += math.ceil(audio_ms / per_token)
        for part in item.get("content") or ():
            count.image += IMAGE_TOKENS if part["type"] == "input_image" else 0
            count.text += of_text(part.get("text") or "")
        count.text += sum(of_text(item.get(key) or "") for key in ("name", "arguments", "output"))
    return count


def of_transcription(model: str | None, audio_ms: float, text: str) -> Json:
    """The ``usage`` of a transcription: some models are billed by tokens, the others by time."""
    if not _BILLED_BY_TOKENS.fullmatch(model or ""):
        return {"type": "duration", "seconds": round(audio_ms / 1000, 3)}
    sent, made = math.ceil(audio_ms / USER_MS_PER_TOKEN), of_text(text)
    return {
        "type": "tokens",
        "total_tokens": sent + made,
        "input_tokens": sent,
        "output_tokens": made,
        "input_token_details": {"audio_tokens": sent, "text_tokens": 0},
    }


def usage(sent: Count, cached: Count, made: Count) -> Json:
    """The ``usage`` of a response; what is cached is counted within what was sent."""
    return {
        "total_tokens": sent.total + made.total,
        "input_tokens": sent.total,
        "output_tokens": made.total,
        "input_token_details": {
            **sent.details(),
            "cached_tokens": cached.total,
            "cached_tokens_details": cached.details(),
        },
        "output_token_details": {"text_tokens": made.text, "audio_tokens": made.audio},
    }

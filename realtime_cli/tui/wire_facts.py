"""The few facts about wire objects that a screen needs: a message's text, the length of sound."""

from __future__ import annotations

from typing import Any

# Bytes per millisecond: 24 kHz 16-bit PCM, and G.711 at 8 kHz (API reference, formats).
_BYTES_PER_MS = {"audio/pcm": 48.0, "audio/pcmu": 8.0, "audio/pcma": 8.0}


def audio_ms(size_bytes: float, format: str = "audio/pcm") -> float:
    return size_bytes / _BYTES_PER_MS.get(format, 48.0)


def message_text(item: Any) -> str:
    """The text of a message: what was typed, said or transcribed, part by part."""
    texts = (getattr(p, "text", None) or getattr(p, "transcript", None) or "" for p in item.content or ())
    return "".join(texts)


def image_count(item: Any) -> int:
    return sum(part.type == "input_image" for part in item.content or ())


def error_text(error: Any) -> str:
    """An error object's own words; also for status details, which may be a string or hold an error."""
    if error is None or isinstance(error, str):
        return error or ""
    inner = getattr(error, "error", None)
    if inner is not None:
        return error_text(inner)
    message = getattr(error, "message", None) or getattr(error, "reason", None) or ""
    code = getattr(error, "code", None)
    return f"{message} ({code})" if message and code else str(message or code or "")

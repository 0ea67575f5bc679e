"""Reading wire objects as servers really fill them: the text of a message, the words of an error."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import error_policy
from realtime_cli.client.inputs import Received
from realtime_cli.conversation.events import ErrorReported
from realtime_cli.untrusted_json import parse_json


def base64_bytes(text: str) -> int:
    """How many bytes a base64 text holds."""
    return len(text) * 3 // 4 - text.count("=", -2)


def message_text(item: Any) -> str:
    """The text of a message: what was typed, said or transcribed, part by part."""
    texts = (getattr(p, "text", None) or getattr(p, "transcript", None) or "" for p in _content(item))
    return "".join(texts)


def image_urls(item: Any) -> tuple[str, ...]:
    parts = (part for part in _content(item) if getattr(part, "type", None) == "input_image")
    return tuple(getattr(part, "image_url", None) or "" for part in parts)


def _content(item: Any) -> list[Any]:
    """Its parts; an item of a type that nobody knows may have anything there."""
    content = getattr(item, "content", None)
    return content if isinstance(content, list) else []


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


def reported_error(received: Received) -> ErrorReported:
    """An ``error`` event. Some servers send its fields flat, or a text where an object belongs."""
    event: Any = received.event
    error = event.error
    flat = event.model_extra or {}
    code = error.code or flat.get("code") or error.type or ""
    message = error.message or flat.get("message") or _text_for_object(received.raw)
    return ErrorReported(
        received.at,
        str(code or "error"),
        str(message),
        error.param or "",
        error.event_id or "",
        expected=error_policy.of_error(error.code or flat.get("code")).verdict == "ignore",
    )


def _text_for_object(raw: str) -> str:
    try:
        error = parse_json(raw or "{}").get("error")
    except ValueError:
        return ""
    return error if isinstance(error, str) else ""


def model_dump(model: Any) -> dict[str, Any]:
    """A wire object as JSON, with what was set; nothing for None."""
    return {} if model is None else model.model_dump(mode="json", exclude_unset=True)

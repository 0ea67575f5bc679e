"""Names of the protocol's beta, which compatible servers still use, in today's words.

Only the codec calls this. Source: the Realtime API's migration notes; which servers still need it
was seen in their sources (speaches, old Azure deployments, xAI for some events).
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

EVENTS = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "conversation.item.created": "conversation.item.added",
    "transcription_session.created": "session.created",
    "transcription_session.updated": "session.updated",
}
CONTENT = {"text": "output_text", "audio": "output_audio"}
FORMATS: dict[str, Json] = {
    "pcm16": {"type": "audio/pcm", "rate": 24_000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
# Old key -> where it lives today; None: gone.
SESSION: dict[str, tuple[str, ...] | None] = {
    "modalities": ("output_modalities",),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "input_audio_format": ("audio", "input", "format"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "max_response_output_tokens": ("max_output_tokens",),
    "temperature": None,
}
RESPONSE = {
    key: SESSION[key]
    for key in ("modalities", "voice", "output_audio_format", "max_response_output_tokens", "temperature")
}


def to_current(event: Json) -> Json:
    """The event with today's type, session, response and content names; untouched if it has them."""
    kind = event.get("type", "")
    if kind in EVENTS:
        event = {**event, "type": EVENTS[kind]}
    if isinstance(event.get("session"), dict):
        session = _object_today(event["session"], SESSION)
        if kind.startswith("transcription_session"):
            session = {"type": "transcription", **session}
        event = {**event, "session": session}
    if isinstance(event.get("response"), dict):
        response = _object_today(event["response"], RESPONSE)
        if isinstance(response.get("output"), list):
            response = {**response, "output": [_item_today(item) for item in response["output"]]}
        event = {**event, "response": response}
    if isinstance(event.get("item"), dict):
        event = {**event, "item": _item_today(event["item"])}
    return event


def _object_today(old: Json, names: dict[str, tuple[str, ...] | None]) -> Json:
    if not any(key in old for key in names):
        return old
    new = {key: value for key, value in old.items() if key not in names}
    for key, path in names.items():
        if key in old and path is not None:
            _put(new, path, _value_today(key, old[key]))
    return new


def _value_today(key: str, value: Any) -> Any:
    if key.endswith("_audio_format") and isinstance(value, str):
        return FORMATS.get(value, {"type": value})
    if key == "modalities" and isinstance(value, list):
        return ["audio"] if "audio" in value else ["text"]
    if key == "turn_detection" and isinstance(value, dict) and value.get("type", "") in (None, "none"):
        return None  # xAI's value for manual turns
    return value


def _put(tree: Json, path: tuple[str, ...], value: Any) -> None:
    """Set a nested key, copying what it changes; today's own spelling wins if both are there."""
    for name in path[:-1]:
        inner = tree.get(name)
        tree[name] = dict(inner) if isinstance(inner, dict) else {}
        tree = tree[name]
    tree.setdefault(path[-1], value)


def _item_today(item: Any) -> Any:
    if (
        not isinstance(item, dict)
        or item.get("role") != "assistant"
        or not isinstance(item.get("content"), list)
    ):
        return item
    content = [
        {**part, "type": CONTENT[part["type"]]}
        if isinstance(part, dict) and isinstance(part.get("type"), str) and part["type"] in CONTENT
        else part
        for part in item["content"]
    ]
    return {**item, "content": content}

"""The Live session object: what a client may ask for beyond types and single values, and what it gets."""

from __future__ import annotations

from typing import Any

from realtime_cli.protocol.live.limits import (
    DEFAULT_VOICE,
    IMMUTABLE_FIELD,
    INVALID_VALUE,
    MAX_INPUT_TOKENS,
    MAX_INSTRUCTIONS_TOKENS,
)
from realtime_cli.protocol.live.session import LiveSessionChanges, LiveSessionConfig
from realtime_cli.server import tokens
from realtime_cli.server.api_error import ApiError
from realtime_cli.server.settings import PCM, Defaults, merged

Json = dict[str, Any]
REFUSED_VOICES = frozenset({"fable", "nova", "onyx"})  # seen refused by the service
MUTABLE = LiveSessionChanges.model_fields.keys()


def started(config: Json, session_id: str, expires_at: int, defaults: Defaults) -> Json:
    """What ``session.started`` shows for a checked ``session.start``. Raises :class:`ApiError`."""
    _check_size(config)
    _check_for_socket(config)
    _check_triggers(config)
    given = {key: value for key, value in config.items() if value is not None}
    audio = given.get("audio") or {}
    return {
        **given,
        **({"store": False} if "store" in given else {}),  # nothing is stored here, whatever was asked
        "id": session_id,
        "expires_at": expires_at,
        "instructions": (given.get("instructions") or "").strip() or defaults.instructions,
        "audio": {
            "format": audio.get("format") or dict(PCM),
            "output": {"voice": (audio.get("output") or {}).get("voice") or DEFAULT_VOICE},
        },
        "delegation": given.get("delegation") or {"type": "client"},
        "input": given.get("input") or [],
        "status": "active",
    }


def _check_size(config: Json) -> None:
    if tokens.of_text(config.get("instructions") or "") > MAX_INSTRUCTIONS_TOKENS:
        text = f"Instructions must not exceed {MAX_INSTRUCTIONS_TOKENS} tokens."
        raise ApiError(INVALID_VALUE, text, "session.instructions")
    history = config.get("input") or []
    if sum(tokens.of_text(message["content"][0]["text"]) for message in history) > MAX_INPUT_TOKENS:
        text = f"Initial input must not exceed {MAX_INPUT_TOKENS} tokens."
        raise ApiError(INVALID_VALUE, text, "session.input")


def _check_for_socket(config: Json) -> None:
    if config.get("client") is not None:
        text = "session.client is for WebRTC sessions; this is a WebSocket."
        raise ApiError("invalid_parameter", text, "session.client")
    voice = ((config.get("audio") or {}).get("output") or {}).get("voice")
    if voice in REFUSED_VOICES:
        raise ApiError("forbidden", f"The voice '{voice}' is not available.", "session.audio.output.voice")


def _check_triggers(config: Json) -> None:
    sources = [trigger["event_type"] for trigger in config.get("triggers") or ()]
    if len(sources) != len(set(sources)):
        raise ApiError(INVALID_VALUE, "At most one trigger for each event type.", "session.triggers")


def refuse_fixed(patch: Json) -> None:
    """Raise :class:`ApiError` for fields of ``session.update`` that only ``session.start`` can set."""
    for name in patch:
        if name in LiveSessionConfig.model_fields and name not in MUTABLE:
            raise ApiError(IMMUTABLE_FIELD, f"'{name}' cannot be changed after startup.", f"session.{name}")


def updated(session: Json, patch: Json) -> Json:
    """``session`` with the checked changes of ``session.update``. Raises :class:`ApiError`."""
    _check_triggers(patch)
    new = dict(session)
    if patch.get("triggers") is not None:
        new["triggers"] = patch["triggers"]
    if change := patch.get("delegation"):
        if change["type"] != session["delegation"]["type"]:
            text = f"The delegation type is '{session['delegation']['type']}' and cannot be changed."
            raise ApiError(IMMUTABLE_FIELD, text, "session.delegation.type")
        new["delegation"] = merged(session["delegation"], change)
    return new

"""The effective session: defaults, what an update may change, and what it may not."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from realtime_cli.protocol.session import VOICES
from realtime_cli.server.api_error import ApiError
from realtime_cli.value import value

Json = dict[str, Any]

INSTRUCTIONS = "You are a voice agent. Be brief and friendly, and say honestly what you cannot do."
PCM: Json = {"type": "audio/pcm", "rate": 24_000}
SERVER_VAD: Json = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
SEMANTIC_VAD: Json = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
DEFAULT_MODEL = "local"
XAI_VOICES = ("ara", "eve", "leo", "rex", "sal")  # so that an agent for xAI can be tried here


@value
class Defaults:
    """The settings of a new session that the operator of the server may choose."""

    silence_duration_ms: int = 500
    transcription: Json | None = None
    voice: str = "alloy"
    instructions: str = INSTRUCTIONS
    session_limit_s: float = 3600.0


def realtime_session(model: str, session_id: str, expires_at: int, defaults: Defaults) -> Json:
    """What ``session.created`` shows for a conversation (order and values as the API's)."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": model or DEFAULT_MODEL,
        "expires_at": expires_at,
        "output_modalities": ["audio"],
        "instructions": defaults.instructions,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "include": None,
        "audio": {
            "input": _audio_input(defaults),
            "output": {"format": dict(PCM), "voice": defaults.voice, "speed": 1.0},
        },
    }


def transcription_session(session_id: str, expires_at: int, defaults: Defaults) -> Json:
    """The same for a session that only transcribes."""
    return {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": session_id,
        "expires_at": expires_at,
        "include": None,
        "audio": {"input": _audio_input(defaults)},
    }


def new_session(patch: Mapping[str, Any], session_id: str, expires_at: int, defaults: Defaults) -> Json:
    """A session that begins with these settings. Raises :class:`ApiError` for what no session may have."""
    if patch["type"] == "transcription":
        session = transcription_session(session_id, expires_at, defaults)
    else:
        session = realtime_session(patch.get("model") or "", session_id, expires_at, defaults)
    return updated(session, dict(patch), defaults, voice_is_fixed=False)


def _audio_input(defaults: Defaults) -> Json:
    return {
        "format": dict(PCM),
        "transcription": copy.deepcopy(defaults.transcription),
        "noise_reduction": None,
        "turn_detection": {**SERVER_VAD, "silence_duration_ms": defaults.silence_duration_ms},
    }


def updated(session: Json, patch: Json, defaults: Defaults, *, voice_is_fixed: bool) -> Json:
    """``session`` changed by a patch that has passed the checks of ``protocol.strict``.

    The model is chosen when the connection is opened: another one in the patch is passed over.
    Raises :class:`ApiError` for what may not change any more; nothing is changed then.
    """
    _refuse_fixed(session, patch, voice_is_fixed=voice_is_fixed)
    new = merged(session, {key: value for key, value in patch.items() if key != "model"})
    sound_in = new["audio"]["input"]
    detection = sound_in["turn_detection"]
    if detection is not None:
        whole = {**SERVER_VAD, "silence_duration_ms": defaults.silence_duration_ms}
        sound_in["turn_detection"] = (
            SEMANTIC_VAD if detection["type"] == "semantic_vad" else whole
        ) | detection
    for side in new["audio"].values():
        if side["format"]["type"] == "audio/pcm":
            side["format"] = dict(PCM)
    return new


def _refuse_fixed(session: Json, patch: Json, *, voice_is_fixed: bool) -> None:
    if patch["type"] != session["type"]:
        text = (
            f"Passing a {patch['type']} session update event to a {session['type']} session is not allowed."
        )
        raise ApiError("invalid_parameter", text, "session.type")
    if session.get("tracing") is not None and patch.get("tracing", session["tracing"]) != session["tracing"]:
        raise ApiError("invalid_parameter", "Cannot update tracing once it is enabled.", "session.tracing")
    voice = ((patch.get("audio") or {}).get("output") or {}).get("voice")
    refuse_unknown_voice(voice, "session.audio.output.voice")
    if voice_is_fixed and voice is not None and voice != session["audio"]["output"]["voice"]:
        refuse_voice("session.audio.output.voice")


def refuse_unknown_voice(voice: Any, param: str) -> None:
    """Raise the error of a voice that the API does not have; one of the user's own, {id: ...}, may be any."""
    if isinstance(voice, str) and voice not in (*VOICES, *XAI_VOICES):
        known = ", ".join(f"'{name}'" for name in VOICES)
        raise ApiError("invalid_value", f"Invalid value: '{voice}'. Supported values are: {known}.", param)


def refuse_voice(param: str) -> None:
    """Raise the error of a voice change after the first assistant sound."""
    raise ApiError(
        "cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present.", param
    )


WHOLE = frozenset({"tools", "include", "output_modalities", "tool_choice", "truncation", "tracing", "prompt"})


def merged(base: Json, patch: Json) -> Json:
    """Objects merge deeply, all else is replaced; another ``type`` makes another object."""
    new = dict(base)
    for key, change in patch.items():
        old = new.get(key)
        both = isinstance(old, dict) and isinstance(change, dict) and key not in WHOLE
        if both and old.get("type") == change.get("type", old.get("type")):  # type: ignore[union-attr]
            new[key] = merged(old, change)  # type: ignore[arg-type]
        else:
            new[key] = copy.deepcopy(change)
    return new

"""An agent of the Realtime protocol as one of Live: what moves, and what has no counterpart."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from realtime_cli.config.connection import NO_LIVE
from realtime_cli.config.providers import DEFAULT_LIVE_MODEL
from realtime_cli.config.validation_errors import GONE_IN_LIVE
from realtime_cli.errors import ConfigError
from realtime_cli.protocol.routes import LIVE_MODEL_PREFIX

Tree = dict[str, Any]
BACKEND_MODEL = "gpt-5"  # where the file names none: any model of the Responses API will do
TO_BACKEND = ("tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "reasoning")


def only_realtimes(path: Sequence[Any]) -> bool:
    """Whether a key of the agent file is one that only Realtime's session has."""
    match tuple(path):
        case ("session", "audio", "input", *_) | ("session", "audio", "output", "speed" | "format", *_):
            return True
        case ("session", str() as key, *_):
            return (key in TO_BACKEND or key in GONE_IN_LIVE) and key != "input"  # Live begins with one
    return False


def to_live(agent: Tree) -> tuple[Tree, list[str]]:
    """The agent file's tree as one that speaks Live, and sentences about what has changed beside the names.

    The argument is not changed. A file that speaks Live already comes back as it is. Raises ConfigError for
    a provider without Live models.
    """
    made = copy.deepcopy(agent)
    connection = made.setdefault("connection", {})
    by_model = "live" if str(connection.get("model") or "").startswith(LIVE_MODEL_PREFIX) else "realtime"
    if (connection.get("protocol") or by_model) == "live":
        return made, []
    if connection.get("provider") == "xai":
        raise ConfigError(NO_LIVE, "Name another provider: openai, azure, or custom with its base_url.")
    notes = list(_connection(connection))
    session = made.get("session") or {}
    push_to_talk = bool((made.get("audio") or {}).get("push_to_talk"))
    has_tools = bool(made.get("tools") or made.get("mcp"))
    live, session_notes = _session(session, has_tools=has_tools, push_to_talk=push_to_talk)
    notes += session_notes
    if live or "session" in made:
        made["session"] = live
    notes += _elsewhere(made)
    return made, notes


def _connection(connection: Tree) -> Iterator[str]:
    connection["protocol"] = "live"
    model = connection.pop("model", None)
    provider = connection.get("provider") or ("custom" if connection.get("base_url") else "openai")
    if provider == "openai":
        connection["model"] = DEFAULT_LIVE_MODEL
    elif model and provider != "local":
        connection["model"] = model
        what = "the deployment of a Live model" if provider == "azure" else "a Live model of that server"
        yield f"connection.model: {model} must be {what}, such as {DEFAULT_LIVE_MODEL}"


def _session(session: Tree, *, has_tools: bool, push_to_talk: bool) -> tuple[Tree, list[str]]:
    session = copy.deepcopy(session)
    notes: list[str] = []
    live: Tree = {}
    if "instructions" in session:
        live["instructions"] = session.pop("instructions")
    audio = session.pop("audio", None) or {}
    if sound := _audio(audio, notes, push_to_talk=push_to_talk):
        live["audio"] = sound
    backend = {key: session.pop(key) for key in TO_BACKEND if key in session}
    if isinstance(backend.get("max_output_tokens"), str):
        del backend["max_output_tokens"]  # "inf" is the default
    if has_tools or backend.get("tools"):
        live["delegation"] = {"type": "responses", "responses": {"model": BACKEND_MODEL, **backend}}
        notes.append(
            f"session.delegation.responses.model: {BACKEND_MODEL} is a guess; in Live the tools are those of "
            "a model of the Responses API, which has instructions of its own"
        )
    else:
        notes += [f"session.{key}: only a backend has it, and without tools there is none" for key in backend]
    for key in session.keys() - {"type"}:
        notes.append(f"session.{key}: left out; {GONE_IN_LIVE.get(key, 'Live has none of this name')}")
    return live, notes


def _audio(audio: Tree, notes: list[str], *, push_to_talk: bool) -> Tree:
    """Format and voice; the rest is the model's own business."""
    heard, said = dict(audio.get("input") or {}), dict(audio.get("output") or {})
    formats = [side.pop("format") for side in (said, heard) if "format" in side]
    made: Tree = {}
    if formats:
        kind = formats[0].get("type", "audio/pcm")
        made["format"] = {"type": kind, "rate": 24000 if kind == "audio/pcm" else 8000}
        if len(formats) == 2 and formats[0].get("type") != formats[1].get("type"):
            notes.append("session.audio.input.format: left out; Live has one format for both directions")
    if "voice" in said:
        made["output"] = {"voice": said.pop("voice")}
    if "speed" in said:
        notes.append(f"session.audio.output.speed: left out; {GONE_IN_LIVE['speed']}")
    if heard.get("turn_detection") is False and not push_to_talk:
        notes.append(
            "session.audio.input.turn_detection = false: left out; write [audio] push_to_talk = true, "
            "then silence flows while the key is up"
        )
    elif heard.get("turn_detection") not in (None, False):
        notes.append(
            "session.audio.input.turn_detection: left out; the model itself detects the end of a turn"
        )
    if "noise_reduction" in heard:
        notes.append("session.audio.input.noise_reduction: left out; Live has none (see [audio])")
    return made  # transcription is always on, and cannot be chosen


def _elsewhere(made: Tree) -> Iterator[str]:
    if (made.get("video") or {}).get("source"):
        yield "video: a Live agent sees no images"
    if "barge_in" in (made.get("audio") or {}):
        yield "audio.barge_in: a Live agent falls silent by itself when the user speaks"
    if "idle_minutes" not in (made.get("limits") or {}):
        text = "a Live session costs by the second, so it hangs up after 10 minutes of silence"
        yield f"limits.idle_minutes: {text}"

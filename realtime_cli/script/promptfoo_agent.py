"""The agent of a promptfoo config: its Realtime provider's settings, and its tools as mocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from realtime_cli.config.interpolation import literal

Tree = dict[str, Any]

_ENV = re.compile(r"\{\{-?\s*env\.(\w+)\s*-?\}\}")
FORMATS = {"g711_ulaw": {"type": "audio/pcmu"}, "g711_alaw": {"type": "audio/pcma"}}
INSTRUCTIONS, VOICE = "You are a helpful assistant.", "alloy"  # what promptfoo sends where nothing is written
OF_A_SESSION = ("tool_choice", "parallel_tool_calls", "reasoning")
KNOWN = {
    "modalities",
    "instructions",
    "voice",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "turn_detection",
    "max_response_output_tokens",
    "websocketTimeout",
    "maintainContext",
    "tools",
    "apiBaseUrl",
    "apiKeyEnvar",
    *OF_A_SESSION,
}


def agent_of(model: str, config: Tree, left: list[str]) -> Tree:
    """The agent as a table of a script. Keys in the file are never copied."""
    left += [f"provider.config.{key}" for key in config if key not in KNOWN]
    config = _with_our_variables(config)
    connection: Tree = {"model": model}
    if url := config.get("apiBaseUrl"):
        connection["base_url"] = f"{re.sub(r'^http', 'ws', str(url)).rstrip('/')}/realtime"
    else:
        connection["provider"] = "openai"
    if name := config.get("apiKeyEnvar"):
        connection["api_key_env"] = str(name)
    session: Tree = {"instructions": str(config.get("instructions") or INSTRUCTIONS)}
    session |= {key: config[key] for key in OF_A_SESSION if config.get(key) is not None}
    if (most := config.get("max_response_output_tokens")) is not None:
        session["max_output_tokens"] = most
    heard: Tree = {}
    if "turn_detection" in config:
        heard["turn_detection"] = config["turn_detection"] or False
    if "input_audio_transcription" in config:
        heard["transcription"] = config["input_audio_transcription"] or False
    if kind := FORMATS.get(str(config.get("input_audio_format"))):
        heard["format"] = kind
    spoken: Tree = {"voice": config.get("voice") or VOICE}
    if kind := FORMATS.get(str(config.get("output_audio_format"))):
        spoken["format"] = kind
    session["audio"] = {**({"input": heard} if heard else {}), "output": spoken}
    return {"connection": connection, "session": session}


def _with_our_variables(tree: Any) -> Any:
    """``{{env.NAME}}`` is ``${NAME}`` in an agent file, and what looks like that is not."""
    if isinstance(tree, str):
        return _ENV.sub(r"${\1}", literal(tree))
    if isinstance(tree, list):
        return [_with_our_variables(each) for each in tree]
    return {key: _with_our_variables(each) for key, each in tree.items()} if isinstance(tree, dict) else tree


def mocks_of(tools: Any, left: list[str]) -> list[Tree]:
    """Its function tools: what they give back is JavaScript there, and for the user to write here."""
    made: list[Tree] = []
    for tool in tools if isinstance(tools, Sequence) and not isinstance(tools, str) else ():
        described = {**tool, **(tool.get("function") or {})} if isinstance(tool, dict) else {}
        if described.get("type") != "function" or not described.get("name"):
            left.append(f"provider.config.tools: {described.get('type') or tool}")
            continue
        name = str(described["name"])
        parts = ((key, described.get(key)) for key in ("description", "parameters"))
        made.append({"tool": name, **{key: value for key, value in parts if value}})
        left.append(f"what {name} gives back: write result = ... beside tool = {name!r}")
    return made

"""The agent of a promoted script: the server and the session of the recording."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from realtime_cli.config.agent import DelegationConfig, LocalConfig
from realtime_cli.config.conversation import ConversationStart
from realtime_cli.config.interpolation import literal
from realtime_cli.recording.reader import Recording

Tree = dict[str, Any]
WHERE = (
    "provider",
    "protocol",
    "model",
    "base_url",
    "resource",
    "api_key_env",
    "auth",
    "organization",
    "project",
)
HIDDEN = "***"
HARMLESS = ("clock", "calculator")


def agent_of_recording(recording: Recording) -> Tree:
    """The recorded settings that are not the defaults.

    Keys, files, and tools that must be trusted first are left out: what was called of those tools is mocked.
    """
    config = recording.header.config
    connection = config.get("connection") or {}
    kept = {key: connection[key] for key in WHERE if connection.get(key) not in (None, HIDDEN)}
    if kept.get("provider") == "local":  # its address is another one each time
        kept.pop("base_url", None)
    agent: Tree = {"connection": kept or {"provider": "local"}}
    for name, section in (
        ("conversation", ConversationStart),
        ("delegation", DelegationConfig),
        ("local", LocalConfig),
    ):
        if kept_keys := _set(config.get(name) or {}, section):
            agent[name] = kept_keys
    agent.get("conversation", {}).pop("greet", None)
    audio = config.get("audio") or {}
    if audio.get("push_to_talk"):
        agent["audio"] = {"push_to_talk": True, "pre_roll_ms": audio.get("pre_roll_ms", 300)}
    if tools := [_tool(tool) for tool in config.get("tools") or () if tool.get("builtin") in HARMLESS]:
        agent["tools"] = tools
    agent["session"] = without_none(_session(recording))
    return {name: literal(table) for name, table in agent.items()}


def _session(recording: Recording) -> Tree:
    """As the agent file had it; a log of another tool knows only what was sent, tools among it."""
    if "session" in recording.header.config:
        session = dict(recording.header.config["session"] or {})
    else:
        session = dict(recording.header.session.get("patch") or {})
        session.pop("tools", None)
    if session.get("type") == "realtime":  # it goes without saying
        del session["type"]
    return session


def _set(values: Tree, section: type[BaseModel]) -> Tree:
    """What is not the default of its field, nor unknown to it by now."""
    fields = section.model_fields
    return {
        key: value
        for key, value in values.items()
        if key in fields and value not in (None, HIDDEN, [], {}) and value != fields[key].default
    }


def _tool(tool: Tree) -> Tree:
    return {key: tool[key] for key in ("builtin", "name", "description") if tool.get(key)}


def without_none(tree: Any) -> Any:
    """TOML has no null: where the API takes it, ``false`` stands for it."""
    if isinstance(tree, dict):
        return {key: without_none(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [without_none(value) for value in tree]
    return False if tree is None else tree

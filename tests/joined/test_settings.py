"""Every setting, from the file, by ``--set`` and at run time: its event, and what the server makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.client import inputs
from realtime_cli.config import load_agent, session_change
from tests.joined.engine import Engine
from tests.joined.pair import Pair

FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
MCP = {"type": "mcp", "server_label": "s", "server_url": "https://example.org", "require_approval": "never"}
pytestmark = pytest.mark.usefixtures("each_server")
VAD = {
    "type": "server_vad",
    "threshold": 0.6,
    "prefix_padding_ms": 200,
    "silence_duration_ms": 400,
    "idle_timeout_ms": 5000,
    "create_response": False,
    "interrupt_response": False,
}
SEMANTIC = {"type": "semantic_vad", "eagerness": "low", "create_response": True, "interrupt_response": True}
RATIO = {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 100}}

# Key below ``session``, value, and what the server has in force if that is not the same.
SETTINGS: list[tuple[str, Any]] = [
    ("instructions", "Now speak in Spanish."),
    ("instructions", ""),
    ("output_modalities", ["text"]),
    ("output_modalities", ["audio"]),
    ("audio.input.format", {"type": "audio/pcm", "rate": 24000}),
    ("audio.input.format", {"type": "audio/pcmu"}),
    ("audio.input.format", {"type": "audio/pcma"}),
    ("audio.output.format", {"type": "audio/pcmu"}),
    ("audio.output.format", {"type": "audio/pcma"}),
    ("audio.input.transcription", {"model": "gpt-transcribe", "language": "en", "prompt": "names"}),
    ("audio.input.transcription", {"model": "gpt-realtime-whisper", "delay": "low"}),
    (
        "audio.input.transcription",
        {"model": "gpt-live-transcribe", "languages": ["en", "nb"], "keywords": ["k"]},
    ),
    ("audio.input.transcription", None),
    ("audio.input.noise_reduction", {"type": "near_field"}),
    ("audio.input.noise_reduction", {"type": "far_field"}),
    ("audio.input.noise_reduction", None),
    ("audio.input.turn_detection", VAD),
    ("audio.input.turn_detection", SEMANTIC),
    ("audio.input.turn_detection", None),
    ("audio.output.voice", "cedar"),
    ("audio.output.voice", {"id": "voice_1"}),
    ("audio.output.speed", 0.25),
    ("audio.output.speed", 1.5),
    ("tools", [FUNCTION]),
    ("tools", [MCP]),
    ("tools", []),
    ("tool_choice", "required"),
    ("tool_choice", {"type": "function", "name": "f"}),
    ("max_output_tokens", 2048),
    ("max_output_tokens", "inf"),
    ("tracing", "auto"),
    ("tracing", {"workflow_name": "w", "group_id": "g", "metadata": {"a": "b"}}),
    ("tracing", None),
    ("truncation", "disabled"),
    ("truncation", RATIO),
    ("prompt", {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}),
    ("prompt", None),
    ("include", ["item.input_audio_transcription.logprobs"]),
    ("reasoning", {"effort": "high"}),
    ("parallel_tool_calls", False),
]


def names(row: tuple[str, Any]) -> str:
    return f"{row[0]}={json.dumps(row[1])[:30]}"


def toml(value: Any) -> str:
    """A value as TOML; false stands for null, as in the agent file."""
    match value:
        case None:
            return "false"
        case dict():
            return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def nested(key: str, value: Any) -> dict[str, Any]:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def at(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree[name]
    return tree


def updates(pair: Pair) -> list[dict[str, Any]]:
    return [event["session"] for event in pair.asked if event["type"] == "session.update"]


@pytest.mark.parametrize("row", SETTINGS, ids=names)
@pytest.mark.parametrize("way", ["file", "set", "run time"])
def test_a_setting_is_on_the_wire_as_it_was_written_and_nothing_else_is(
    row: tuple[str, Any], way: str, tmp_path: Path
):
    key, value = row
    agent = tmp_path / "agent.toml"
    agent.write_text(f"[session]\n{key} = {toml(value)}\n" if way == "file" else "")
    sets = [f"session.{key}={toml(value)}"] if way == "set" else []
    loaded = load_agent(agent, sets, environ={})
    pair = Pair(Engine(), patch=loaded.config.session_patch())
    pair.settle()
    if way == "run time":
        patch = session_change(f"session.{key}", toml(value), pair.client.effective_session)
        pair.give(inputs.SettingsChanged, patch)
        pair.settle()
    assert updates(pair)[-1] == {"type": "realtime", **nested(key, value)}
    assert not [event for event in pair.received if event["type"] == "error"]
    assert at(pair.client.effective_session, key) == value
    assert at(pair.client.requested_session, key) == value


def test_only_what_is_set_is_sent(tmp_path: Path):
    agent = tmp_path / "agent.toml"
    agent.write_text("")
    pair = Pair(Engine(), patch=load_agent(agent, (), {}).config.session_patch())
    pair.settle()
    assert updates(pair) == [{"type": "realtime"}]


def test_a_table_that_is_changed_in_part_keeps_its_type_and_the_rest():
    pair = Pair(Engine(), patch={"type": "realtime", "audio": {"input": {"turn_detection": VAD}}})
    pair.settle()
    key = "session.audio.input.turn_detection.threshold"
    pair.give(inputs.SettingsChanged, session_change(key, "0.9", pair.client.effective_session))
    pair.settle()
    assert updates(pair)[-1] == {
        "type": "realtime",
        "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}},
    }
    assert pair.client.turn_detection == {**VAD, "threshold": 0.9}


def test_one_bad_key_loses_itself_and_is_shown_the_rest_is_in_force():
    pair = Pair(Engine(), patch={"type": "realtime"})
    pair.settle()
    pair.since()
    bad = {
        "max_output_tokens": 0,
        "instructions": "Be brief.",
        "audio": {"output": {"speed": 9, "voice": "cedar"}},
    }
    pair.give(inputs.SettingsChanged, bad)
    pair.settle()
    assert pair.since() == [
        "c session.update",
        "s error decimal_above_max_value session.audio.output.speed",
        "- error settings",
        "c session.update",
        "s error integer_below_min_value session.max_output_tokens",
        "- error settings",
        "c session.update",
        "s session.updated",
    ]
    good = {"instructions": "Be brief.", "audio": {"output": {"voice": "cedar"}}}
    assert updates(pair)[-1] == {"type": "realtime", **good}
    assert pair.client.requested_session == {"type": "realtime", **good}, (
        "the next socket is not asked for it again"
    )


def test_what_was_set_at_run_time_holds_on_the_next_socket():
    pair = Pair(Engine(), patch={"type": "realtime", "instructions": "One."})
    pair.settle()
    pair.give(inputs.SettingsChanged, {"instructions": "Two."})
    pair.cut()
    pair.wait(2000)
    assert pair.sockets == 2
    assert pair.client.effective_session["instructions"] == "Two."


def test_a_voice_that_is_fixed_stays_and_says_so():
    pair = Pair(Engine([("Hello.",)]), patch={"type": "realtime"})
    pair.settle()
    pair.type("Hi.")
    pair.settle()
    pair.since()
    pair.give(inputs.SettingsChanged, {"audio": {"output": {"voice": "cedar"}}, "instructions": "Be brief."})
    pair.settle()
    lines = pair.since()
    assert "s error cannot_update_voice session.audio.output.voice" in lines
    assert pair.client.effective_session["instructions"] == "Be brief."

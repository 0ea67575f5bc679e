"""The session object: what is set is what is sent, and the API's own types take it."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime import RealtimeSessionCreateRequestParam
from pydantic import TypeAdapter

from realtime_cli.config import session_change
from realtime_cli.errors import ConfigError
from tests.config.agents import Load

API = TypeAdapter(RealtimeSessionCreateRequestParam)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


PATCHES: list[tuple[str, dict[str, Any]]] = [
    ('instructions = ""', {"instructions": ""}),
    ('output_modalities = ["text"]', {"output_modalities": ["text"]}),
    ('output_modalities = ["audio"]', {"output_modalities": ["audio"]}),
    ("max_output_tokens = 1", {"max_output_tokens": 1}),
    ('max_output_tokens = "inf"', {"max_output_tokens": "inf"}),
    ('tool_choice = "required"', {"tool_choice": "required"}),
    ('tool_choice = {type = "function", name = "f"}', {"tool_choice": {"type": "function", "name": "f"}}),
    (
        'tool_choice = {type = "mcp", server_label = "s"}',
        {"tool_choice": {"type": "mcp", "server_label": "s"}},
    ),
    ("parallel_tool_calls = false", {"parallel_tool_calls": False}),
    ('reasoning = {effort = "high"}', {"reasoning": {"effort": "high"}}),
    ('truncation = "disabled"', {"truncation": "disabled"}),
    (
        'truncation = {type = "retention_ratio", retention_ratio = 0.8, '
        "token_limits = {post_instructions = 9}}",
        {
            "truncation": {
                "type": "retention_ratio",
                "retention_ratio": 0.8,
                "token_limits": {"post_instructions": 9},
            }
        },
    ),
    ('tracing = "auto"', {"tracing": "auto"}),
    ("tracing = false", {"tracing": None}),
    ('tracing = {workflow_name = "w"}', {"tracing": {"workflow_name": "w"}}),
    (
        'prompt = {id = "pmpt_1", variables = {a = "b"}}',
        {"prompt": {"id": "pmpt_1", "variables": {"a": "b"}}},
    ),
    (
        'include = ["item.input_audio_transcription.logprobs"]',
        {"include": ["item.input_audio_transcription.logprobs"]},
    ),
    (
        'tools = [{type = "function", name = "f", parameters = {type = "object"}}]',
        {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]},
    ),
    (
        'tools = [{type = "mcp", server_label = "s", server_url = "https://x", require_approval = {never = '
        '{tool_names = ["a"]}}, allowed_tools = ["a"]}]',
        {
            "tools": [
                {
                    "type": "mcp",
                    "server_label": "s",
                    "server_url": "https://x",
                    "require_approval": {"never": {"tool_names": ["a"]}},
                    "allowed_tools": ["a"],
                }
            ]
        },
    ),
]

AUDIO: list[tuple[str, dict[str, Any]]] = [
    ('input.format = {type = "audio/pcmu"}', {"input": {"format": {"type": "audio/pcmu"}}}),
    ('output.format = {type = "audio/pcma"}', {"output": {"format": {"type": "audio/pcma"}}}),
    ('input.format = {type = "audio/pcm"}', {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}),
    ('output.format = {type = "audio/pcm"}', {"output": {"format": {"type": "audio/pcm"}}}),
    ('input.noise_reduction = {type = "far_field"}', {"input": {"noise_reduction": {"type": "far_field"}}}),
    ("input.noise_reduction = false", {"input": {"noise_reduction": None}}),
    (
        'input.transcription = {model = "gpt-transcribe", languages = ["en"], keywords = ["k"], '
        'prompt = "p"}',
        {
            "input": {
                "transcription": {
                    "model": "gpt-transcribe",
                    "languages": ["en"],
                    "keywords": ["k"],
                    "prompt": "p",
                }
            }
        },
    ),
    ("input.transcription = false", {"input": {"transcription": None}}),
    ("input.turn_detection = false", {"input": {"turn_detection": None}}),
    (
        'input.turn_detection = {type = "server_vad", threshold = 0.6, idle_timeout_ms = 5000}',
        {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.6, "idle_timeout_ms": 5000}}},
    ),
    (
        'input.turn_detection = {type = "server_vad", idle_timeout_ms = false, interrupt_response = false}',
        {
            "input": {
                "turn_detection": {"type": "server_vad", "idle_timeout_ms": None, "interrupt_response": False}
            }
        },
    ),
    (
        'input.turn_detection = {type = "semantic_vad", eagerness = "low", create_response = false}',
        {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low", "create_response": False}}},
    ),
    ('output.voice = "cedar"', {"output": {"voice": "cedar"}}),
    ('output.voice = {id = "voice_1"}', {"output": {"voice": {"id": "voice_1"}}}),
    ("output.speed = 1.5", {"output": {"speed": 1.5}}),
]


@pytest.mark.parametrize(("written", "sent"), PATCHES)
def test_a_setting_is_sent_as_it_is_written(load: Load, written: str, sent: dict[str, Any]) -> None:
    patch = load(f"[session]\n{written}\n").config.session_patch()
    assert patch == {"type": "realtime", **sent}
    API.validate_python(patch)


@pytest.mark.parametrize(("written", "sent"), AUDIO)
def test_an_audio_setting_is_sent_as_it_is_written(load: Load, written: str, sent: dict[str, Any]) -> None:
    patch = load(f"[session.audio]\n{written}\n").config.session_patch()
    assert patch == {"type": "realtime", "audio": sent}
    API.validate_python(without_nulls(patch))  # its types leave out nulls that the API takes


XAI = """
[connection]
provider = "PROVIDER"
[session]
tools = [
  { type = "web_search" },
  { type = "x_search", allowed_x_handles = ["a"] },
  { type = "file_search", vector_store_ids = ["vs_1"], max_num_results = 3 },
]
resumption = { enabled = true }
reasoning = { effort = "none" }
[session.audio.output]
voice = "ara"
pronunciation = { xai = "ex ay eye" }
"""


def test_xais_own_tools_and_keys_are_sent_to_xai_as_they_are_written(load: Load) -> None:
    patch = load(XAI.replace("PROVIDER", "xai")).config.session_patch()
    assert [tool["type"] for tool in patch["tools"]] == ["web_search", "x_search", "file_search"]
    assert patch["tools"][2] == {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 3}
    assert patch["resumption"] == {"enabled": True}
    assert patch["audio"]["output"]["pronunciation"] == {"xai": "ex ay eye"}


def test_nobody_else_takes_them(load: Load) -> None:
    with pytest.raises(ConfigError) as refused:
        load(XAI.replace("PROVIDER", "openai"))
    told = str(refused.value)
    for kind in ("web_search", "x_search", "file_search"):
        assert f'has an unknown type "{kind}"; allowed: "function", or "mcp"' in told
    assert "session.resumption: unknown key" in told
    assert 'session.reasoning.effort: found "none"' in told


def test_of_xai_too_an_unknown_tool_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match='unknown type "spell"'):
        load('[connection]\nprovider = "xai"\n[session]\ntools = [{ type = "spell" }]\n')


def test_what_nobody_knows_yet_is_sent_over_all_else_and_warned_of_once(load: Load) -> None:
    agent = load(
        '[session.audio.output]\nvoice = "cedar"\n'
        '[session.extra]\nmood = "calm"\naudio = {output = {voice = "new", style = "warm"}}\n'
    )
    patch = agent.config.session_patch()
    assert patch["audio"]["output"] == {"voice": "new", "style": "warm"}
    assert (patch["mood"], "extra" in patch) == ("calm", False)
    assert [text for text in agent.warnings if "session.extra" in text] == [
        "session.extra is sent without being checked: mood, audio."
    ]
    assert session_change("session.extra.mood", '"brave"', {}) == {"type": "realtime", "mood": "brave"}


BACKEND = {"type": "responses", "responses": {"model": "gpt-5", "tools": [{"type": "function", "name": "x"}]}}


def test_a_change_of_a_live_session_is_checked_by_lives_rules_as_a_part_of_what_is_in_force() -> None:
    in_force = {"model": "gpt-live-1", "delegation": BACKEND}
    change = session_change("session.delegation.responses.instructions", "Rhyme.", in_force, live=True)
    assert change == {"delegation": {"type": "responses", "responses": {"instructions": "Rhyme."}}}
    assert session_change("session.extra.mood", '"brave"', in_force, live=True) == {"mood": "brave"}
    with pytest.raises(ConfigError, match="modl: unknown key"):
        session_change("session.delegation.responses.modl", "x", in_force, live=True)
    other = session_change("session.delegation.type", "client", in_force, live=True)
    assert other == {"delegation": {"type": "client"}}  # refused by the session, in words of its own


def test_what_a_translation_has_not_is_said_of_it(load: Load) -> None:
    with pytest.raises(ConfigError, match="a translation session has none of this name"):
        load('[session]\ntype = "translation"\ninstructions = "Be brief."\n')
    agent = load('[session]\ntype = "translation"\n[session.audio.output]\nlanguage = "es"\n')
    assert agent.config.session_patch() == {"type": "translation", "audio": {"output": {"language": "es"}}}
    in_force = {"type": "translation", "audio": {"output": {"language": "es"}}}
    changed = session_change("session.audio.output.language", '"fr"', in_force)
    assert changed["audio"] == {"output": {"language": "fr"}}

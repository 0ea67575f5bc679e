"""Every kind of mistake has the API's code and names its place."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.protocol import strict
from realtime_cli.protocol.client_events import CLIENT_EVENTS, SessionUpdate
from realtime_cli.protocol.session import RealtimeSession


def told(kind: str, **fields: Any) -> list[tuple[str, str]]:
    return [
        (found.param, found.code) for found in strict.problems(CLIENT_EVENTS[kind], {"type": kind, **fields})
    ]


def about(**session: Any) -> list[tuple[str, str]]:
    return told("session.update", session={"type": "realtime", **session})


def test_a_full_session_is_in_order():
    session = {
        "type": "realtime",
        "instructions": "",
        "output_modalities": ["text"],
        "max_output_tokens": 32000,
        "tool_choice": {"type": "function", "name": "f"},
        "tracing": None,
        "prompt": None,
        "truncation": "disabled",
        "tools": [
            {"type": "function", "name": "f", "parameters": {"type": "object"}},
            {
                "type": "mcp",
                "server_label": "m",
                "server_url": "https://x",
                "require_approval": {"never": {"read_only": True}},
            },
        ],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": {"type": "far_field"},
                "turn_detection": {"type": "server_vad", "threshold": 1, "idle_timeout_ms": None},
            },
            "output": {"voice": {"id": "voice_1"}, "speed": 0.25, "format": {"type": "audio/pcma"}},
        },
    }
    assert strict.problems(SessionUpdate, {"type": "session.update", "session": session}) == []


@pytest.mark.parametrize(
    ("session", "param", "code"),
    [
        ({"temperature": 1}, "temperature", "unknown_parameter"),
        ({"audio": {"input": {"vad": 1}}}, "audio.input.vad", "unknown_parameter"),
        ({"id": "mine"}, "id", "unknown_parameter"),
        ({"instructions": None}, "instructions", "invalid_type"),
        ({"instructions": 5}, "instructions", "invalid_type"),
        ({"output_modalities": ["text", "audio"]}, "output_modalities", "invalid_value"),
        ({"output_modalities": []}, "output_modalities", "invalid_value"),
        ({"output_modalities": ["video"]}, "output_modalities[0]", "invalid_value"),
        ({"max_output_tokens": 0}, "max_output_tokens", "integer_below_min_value"),
        ({"max_output_tokens": "all"}, "max_output_tokens", "invalid_value"),
        ({"tool_choice": "maybe"}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name", "missing_required_parameter"),
        ({"tools": [{"type": "function", "name": "f"}, {"type": "spell"}]}, "tools[1].type", "invalid_value"),
        (
            {"tools": [{"type": "mcp", "server_label": "m"}]},
            "tools[0].server_url",
            "missing_required_parameter",
        ),
        ({"tools": [{"type": "function", "name": 5}]}, "tools[0].name", "invalid_type"),
        (
            {"truncation": {"type": "retention_ratio", "retention_ratio": 1.5}},
            "truncation.retention_ratio",
            "decimal_above_max_value",
        ),
        ({"include": ["everything"]}, "include[0]", "invalid_value"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort", "invalid_value"),
        ({"prompt": {"version": "2"}}, "prompt.id", "missing_required_parameter"),
        ({"audio": {"output": {"speed": 2.0}}}, "audio.output.speed", "decimal_above_max_value"),
        ({"audio": {"output": {"voice": 5}}}, "audio.output.voice", "invalid_type"),
        ({"audio": {"input": {"format": "pcm16"}}}, "audio.input.format", "invalid_type"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
            "audio.input.format.rate",
            "integer_below_min_value",
        ),
        (
            {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 24000}}}},
            "audio.input.format.rate",
            "unknown_parameter",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "none"}}}},
            "audio.input.turn_detection.type",
            "invalid_value",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 10}}}},
            "audio.input.turn_detection.idle_timeout_ms",
            "integer_below_min_value",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None}}}},
            "audio.input.turn_detection.create_response",
            "invalid_type",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}}},
            "audio.input.turn_detection.threshold",
            "unknown_parameter",
        ),
        (
            {"audio": {"input": {"transcription": {"languages": []}}}},
            "audio.input.transcription.languages",
            "invalid_value",
        ),
    ],
)
def test_settings_that_the_api_refuses(session: dict[str, Any], param: str, code: str):
    assert about(**session) == [(f"session.{param}", code)]


def test_missing_and_misplaced():
    assert told("session.update") == [("session", "missing_required_parameter")]
    assert told("session.update", session={}) == [("session.type", "missing_required_parameter")]
    assert told("session.update", session={"type": "chat"}) == [("session.type", "invalid_value")]
    transcription = {"type": "transcription", "instructions": "x"}
    assert told("session.update", session=transcription) == [("session.instructions", "unknown_parameter")]
    assert told("conversation.item.truncate", item_id="A", audio_end_ms=-1) == [
        ("audio_end_ms", "integer_below_min_value")
    ]
    assert told("response.cancel", event_id="x" * 513) == [("event_id", "string_above_max_length")]


def test_items():
    def item(**fields: Any) -> list[tuple[str, str]]:
        return told("conversation.item.create", item=fields)

    text = [{"type": "input_text", "text": "x"}]
    assert item(type="message", role="user", content=text) == []
    assert item(type="message", role="assistant", content=text) == [("item.content[0].type", "invalid_value")]
    assert item(type="message", role="user", content=[{"type": "input_text"}]) == [
        ("item.content[0].text", "missing_required_parameter")
    ]
    assert item(type="message", content=text) == [("item.role", "missing_required_parameter")]
    assert item(type="function_call_output", output="x") == [("item.call_id", "missing_required_parameter")]
    assert item(type="item_reference", id="A") == [("item.type", "invalid_value")]


def test_response_parameters():
    assert (
        told(
            "response.create",
            response={"input": [{"type": "item_reference", "id": "A"}], "metadata": {"a": "b"}},
        )
        == []
    )
    assert told("response.create", response={"modalities": ["text"]}) == [
        ("response.modalities", "unknown_parameter")
    ]
    many = {str(number): "x" for number in range(17)}
    assert told("response.create", response={"metadata": many}) == [("response.metadata", "invalid_value")]
    assert told("response.create", response={"metadata": {"k" * 65: "x"}}) == [
        (f"response.metadata.{'k' * 65}", "string_above_max_length")
    ]


def test_all_mistakes_are_told_not_the_first_only():
    found = about(temperature=1, output_modalities=["video"], audio={"output": {"speed": 9.0}})
    assert len(found) == 3


def test_editors_get_the_same_bounds():
    schema = RealtimeSession.model_json_schema()
    assert schema["properties"]["output_modalities"]["maxItems"] == 1
    speed = schema["$defs"]["AudioOutput"]["properties"]["speed"]
    assert speed == {
        "description": "Speed of speech (1.0).",
        "maximum": 1.5,
        "minimum": 0.25,
        "type": "number",
    }
    eagerness = schema["$defs"]["SemanticVad"]["properties"]["eagerness"]
    assert eagerness["enum"] == ["low", "medium", "high", "auto"]

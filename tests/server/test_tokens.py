"""How many tokens things take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_cli.server.tokens import (
    IMAGE_TOKENS,
    Count,
    of_assistant_ms,
    of_input,
    of_text,
    of_transcription,
    usage,
)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fives", 2)])
def test_text_takes_a_token_for_four_characters(text: str, tokens: int) -> None:
    assert of_text(text) == tokens


def test_a_second_of_the_assistant_takes_twice_that_of_the_user() -> None:
    assert of_assistant_ms(1000) == 20
    said = [({"role": "assistant"}, 1000.0), ({"role": "user"}, 1000.0), ({"role": "user"}, 1.0)]
    assert of_input("", (), said) == Count(audio=20 + 10 + 1)


def test_a_request_counts_instructions_tools_items_and_pictures() -> None:
    tool = {"type": "function", "name": "clock"}
    items: list[tuple[dict[str, Any], float]] = [
        (
            {"role": "user", "content": [{"type": "input_text", "text": "x" * 8}, {"type": "input_image"}]},
            0.0,
        ),
        ({"type": "function_call", "name": "four", "arguments": "{}"}, 0.0),
        ({"type": "function_call_output", "output": "12345678"}, 0.0),
        ({"role": "user", "content": [{"type": "input_audio", "transcript": None}], "name": None}, 500.0),
    ]
    counted = of_input("be brief", [tool], items)
    assert counted == Count(2 + of_text(json.dumps(tool)) + 2 + 1 + 1 + 2, 5, IMAGE_TOKENS)
    assert counted.total == counted.text + 5 + IMAGE_TOKENS


def test_what_is_known_already_is_what_both_have() -> None:
    assert Count(5, 1, 0).overlap(Count(3, 4, 9)) == Count(3, 1, 0)


def test_the_parts_of_a_usage_add_up() -> None:
    told = usage(Count(10, 20, 5), Count(4, 3, 0), Count(2, 8))
    assert (told["input_tokens"], told["output_tokens"], told["total_tokens"]) == (35, 10, 45)
    assert told["input_token_details"] == {
        "text_tokens": 10,
        "audio_tokens": 20,
        "image_tokens": 5,
        "cached_tokens": 7,
        "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 3, "image_tokens": 0},
    }
    assert told["output_token_details"] == {"text_tokens": 2, "audio_tokens": 8}


@pytest.mark.parametrize(
    "model", ["gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15"]
)
def test_some_transcriptions_are_billed_by_tokens(model: str):
    assert of_transcription(model, 1_550, "What time is it?") == {
        "type": "tokens",
        "input_tokens": 16,
        "output_tokens": 4,
        "total_tokens": 20,
        "input_token_details": {"audio_tokens": 16, "text_tokens": 0},
    }


@pytest.mark.parametrize(
    "model", ["whisper-1", "gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper", "local", None]
)
def test_the_others_by_time(model: str | None):
    assert of_transcription(model, 1_550, "What time is it?") == {"type": "duration", "seconds": 1.55}

"""What remains of an agent where nobody answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.transcription_agent import transcription_agent
from realtime_cli.config import LoadedAgent, load_agent

CONFIGS = Path(__file__).parents[2] / "configs"


def patch_of(agent: LoadedAgent, **chosen: Any) -> dict[str, Any]:
    return transcription_agent(agent, chosen).config.session_patch()


def test_of_a_whole_agent_only_its_hearing_remains() -> None:
    agent = transcription_agent(load_agent(CONFIGS / "tools.toml", environ={}), {})
    patch = agent.config.session_patch()
    assert patch.keys() <= {"type", "audio", "include"}
    assert patch["type"] == "transcription"
    assert patch["audio"].keys() == {"input"}
    assert not agent.config.tools
    assert not agent.config.mcp


@pytest.mark.parametrize(
    ("provider", "chosen", "model", "ends"),
    [
        ("local", {}, "local", "server"),
        ("openai", {}, "gpt-realtime-whisper", "vad"),
        ("openai", {"model": "gpt-transcribe"}, "gpt-transcribe", "server"),
        ("openai", {"model": "gpt-live-transcribe"}, "gpt-live-transcribe", "vad"),
    ],
)
def test_the_model_decides_who_ends_a_turn(provider: str, chosen: Any, model: str, ends: str) -> None:
    agent = load_agent(None, [f"connection.provider={provider}"], {})
    made = transcription_agent(agent, chosen)
    heard = made.config.session_patch()["audio"]["input"]
    assert heard["transcription"]["model"] == model
    assert made.config.audio.end_of_turn == ends
    assert ("turn_detection" in heard) is (ends == "vad")


def test_every_setting_of_the_transcription_is_sent() -> None:
    settings = {"model": "gpt-transcribe", "languages": ["en"], "keywords": ["Oslo"], "prompt": "A call."}
    sets = [
        f"session.audio.input.transcription.{key}={value}".replace("'", '"')
        for key, value in settings.items()
    ]
    patch = patch_of(load_agent(None, ["connection.provider=openai", *sets], {}), language="en")
    assert patch["audio"]["input"]["transcription"] == {**settings, "language": "en"}

"""The page *coming-from*: what it says of the Agents SDK is there, and what it names of ours as well."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from realtime_cli.config.schema import at, known_keys
from realtime_cli.session_api import Session
from tests.docs.test_pages import TEXTS

TEXT = TEXTS["coming-from"]
DATA = Path(__file__).parents[1] / "data"
SDK = TEXT.split("## OpenAI's Agents SDK")[1]
HERE = " ".join(" ".join(row.split("|")[2:]) for row in re.findall(r"(?m)^\| .*\|$", TEXT))
SECTIONS = ("connection", "session", "audio", "video", "conversation", "limits")
KEYS = sorted(set(re.findall(rf"`((?:{'|'.join(SECTIONS)})(?:\.\w+)+)(?: = [^`]*)?`", HERE)))
METHODS = sorted(set(re.findall(r"`session\.(\w+)\(", HERE)) | {"say", "send_audio", "press"})


def test_the_settings_of_the_sdk_are_there() -> None:
    # Imported here: it takes longer than all of these tests, and every worker collects them.
    from agents.realtime.config import RealtimeRunConfig, RealtimeSessionModelSettings
    from agents.realtime.session import RealtimeSession

    settings = set(re.findall(r'\["(\w+)"\]', SDK)) - {"text"}
    assert settings <= set(RealtimeSessionModelSettings.__annotations__)
    assert "async_tool_calls" in RealtimeRunConfig.__annotations__
    for method in ("send_message", "send_audio", "interrupt", "approve_tool_call", "reject_tool_call"):
        assert hasattr(RealtimeSession, method)


def test_all_that_pipecats_service_takes_and_offers_is_named() -> None:
    """``tests/peers/realtime_pipecat_surface.py`` made the list."""
    surface = json.loads((DATA / "peers" / "pipecat-surface.json").read_text())
    section = TEXT.split("## Pipecat's `OpenAIRealtimeLLMService`")[1].split("\n## ")[0]
    names = sorted(name for names in surface.values() for name in names)
    assert [name for name in names if not re.search(rf"\b{name}\b", section)] == []


@pytest.mark.parametrize("key", [key for key in KEYS if key.removeprefix("session.") not in METHODS])
def test_a_key_of_the_agent_file_is_there(key: str) -> None:
    path = key.split(".")
    assert path[-1] in known_keys(at(path[:-1]))


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_a_session_is_there(method: str) -> None:
    assert callable(getattr(Session, method))

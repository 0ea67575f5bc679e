"""Our client against a whole session as the service held it, over a real socket."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, silence
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from tests.kit.cli import run_cli
from tests.kit.live_trace import BILLED_S, DELEGATION, FIRST, SECOND, USER, live_trace_server
from tests.kit.speech import clip

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(120)]
LASTS_MS = 30_500  # the microphone's sound: the second report of usage comes meanwhile
AGENT = """
[connection]
provider = "openai"
base_url = "{url}"
model = "gpt-live-1"

[session.delegation]
type = "client"

[conversation]
greet = false

[delegation]
tool = "book"

[[tools]]
name = "book"
description = "Book what the user wants to have booked."
command = ["python3", "-c", "print('Your table is booked.')"]
parameters = {{ type = "object", properties = {{ task = {{ type = "string" }} }}, required = ["task"] }}
"""


def _spoken(path: Path) -> Path:
    """The user begins 0.6 s into the session, as in the capture, and is silent from 4.8 s on."""
    said = np.concatenate([silence(300 * SAMPLES_PER_MS), clip("michael-03")])
    rest = silence(LASTS_MS * SAMPLES_PER_MS - len(said))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate([said, rest]).tobytes())
    return path


async def test_one_turn_one_delegation_two_utterances_seven_seconds(tmp_path: Path):
    agent, kept = tmp_path / "agent.toml", tmp_path / "talk.jsonl"
    with live_trace_server() as server:
        agent.write_text(AGENT.format(url=server.url), "utf-8")
        options = ("--trust", agent, "--approve", "book", "--record", kept, "--json")
        sound = ("--input", _spoken(tmp_path / "user.wav"), "--output", tmp_path / "agent.wav")
        key = {"OPENAI_API_KEY": "sk-not-a-key"}
        ended = await asyncio.to_thread(run_cli, "talk", agent, *options, *sound, environ=key)
    assert ended.returncode == 0, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]

    def of(kind: str) -> list[dict[str, Any]]:
        return [event for event in told if event["type"] == kind]

    assert [turn["turn"] for turn in of("user_turn_committed")] == [1]
    assert {event["text"] for event in of("user_text_final")} == {USER}
    (handed_over,) = [event for event in of("notice_issued") if event["topic"] == "delegation"]
    assert (handed_over["data"]["offset_ms"], handed_over["data"]["delegation_id"]) == (4600, DELEGATION)
    said = [(event["turn"], event["text"]) for event in of("agent_text_final")]
    assert said == [(1, FIRST), (1, SECOND)]
    assert [event["status"] for event in of("agent_response_ended")] == ["completed"] * 2
    assert sum(event["usd"] or 0 for event in of("usage_reported")) == pytest.approx(BILLED_S * 0.05 / 60)
    commands = [event["type"] for event in server.heard]
    assert commands == ["session.start", "session.commentary.append", "session.close"]
    answered = server.heard[1]
    assert (answered["content"], answered["delegation_id"]) == (SECOND, DELEGATION)
    assert server.heard_ms == pytest.approx(LASTS_MS, abs=3_000)  # silence too
    assert verify(read(kept)).different == ()
    assert "warning" not in ended.stderr

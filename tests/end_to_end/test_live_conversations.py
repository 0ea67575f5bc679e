"""Live from end to end: the command line against the server inside the program, recorded and verified."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from tests.kit.cli import run_cli

ROOT = Path(__file__).parents[2]
LOCAL = str(ROOT / "configs" / "live-local.toml")
CLIENT = """
[connection]
provider = "local"
protocol = "live"

[[tools]]
name = "look_up"
description = "Find out what the user wants to know."
command = ["python3", "-c", "import json, sys; print('Found: ' + json.load(sys.stdin)['task'])"]
parameters = { type = "object", properties = { task = { type = "string" } }, required = ["task"] }
"""


def _sent(recording: Path) -> list[str]:
    """Types of what was sent, sound left out."""
    lines = [json.loads(line) for line in recording.read_text("utf-8").splitlines()]
    types = [line["wire"]["type"] for line in lines if line.get("kind") == "sent"]
    return [one for one in types if one != "session.input_audio.append"]


def _verified(recording: Path) -> None:
    """It can be replayed alike, and the server confirmed its end."""
    assert '"type":"session.closed"' in recording.read_text("utf-8")
    result = verify(read(recording))
    assert result.steps > 20
    assert result.different == ()


def test_typed_words_reach_the_backend_which_calls_a_tool_of_ours(tmp_path: Path):
    kept = tmp_path / "talk.jsonl"
    ended = run_cli("text", "--config", LOCAL, "--record", str(kept), "What is 17 times 23?")
    assert ended.returncode == 0, ended.stderr
    assert "391" in ended.stdout
    sent = _sent(kept)
    assert sent[0] == "session.start"
    assert sent.count("response.create") == sent.count("response.item.create") >= 2
    _verified(kept)


def test_work_handed_to_this_program_is_done_by_its_tool_and_said(tmp_path: Path):
    agent, kept = tmp_path / "agent.toml", tmp_path / "talk.jsonl"
    agent.write_text(CLIENT, "utf-8")
    ended = run_cli(
        *("text", "-c", agent, "--trust", agent, "--approve", "look_up"),
        *("--record", kept, "Look up the weather in Rome"),
    )
    assert ended.returncode == 0, ended.stderr
    assert "Found: Look up the weather in Rome" in ended.stdout
    assert _sent(kept) == [
        "session.start",
        "session.instructions.append",
        "session.commentary.append",
    ]
    _verified(kept)


@pytest.mark.parametrize("format", ['{type="audio/pcm",rate=16000}', '{type="audio/pcmu",rate=8000}'])
def test_a_spoken_question_is_a_turn_with_words_latency_and_an_answer(tmp_path: Path, format: str):
    kept = tmp_path / "talk.jsonl"
    ended = run_cli(
        *("talk", LOCAL, "--set", "conversation.greet=false", "--set", f"session.audio.format={format}"),
        *("--input", str(ROOT / "realtime_cli" / "clips" / "question.wav"), "--output", "null"),
        *("--record", str(kept), "--json"),
    )
    assert ended.returncode == 0, ended.stderr
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    said = [event["text"] for event in events if event["type"] == "user_text_final"]
    assert len(said) == 1
    assert "it right now" in said[0]  # telephone sound costs a word now and then
    (turn,) = [event for event in events if event["type"] == "user_turn_committed"]
    heard = [event for event in events if event["type"] == "agent_heard" and event["first"]]
    assert 0 < heard[0]["began_at"] - turn["ended_at"] < 8
    assert [event["status"] for event in events if event["type"] == "agent_response_ended"][-1] == "completed"
    _verified(kept)


def test_a_recording_serves_a_client_of_live_and_is_sent_again(tmp_path: Path):
    kept, question = tmp_path / "talk.jsonl", "What is 17 times 23?"
    run_cli("text", "--config", LOCAL, "--record", str(kept), question)

    command = [sys.executable, "-m", "realtime_cli", "replay", str(kept), "--serve", "--once", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr
        (url,) = re.findall(r"ws://\S+/v1/live/sessions", serving.stderr.readline())
        ended = run_cli("text", "--config", LOCAL, "--base-url", url, "--no-record", question)
        assert ended.returncode == 0, ended.stderr
        assert "391" in ended.stdout
        assert "as recorded" in serving.stderr.read()
    assert serving.returncode == 0

    again = run_cli("replay", str(kept), "--resend", "--config", LOCAL)
    assert again.returncode == 0, again.stderr
    assert "| answers | 1 | 1 |" in again.stdout


def test_a_typed_script_is_typed_to_an_agent_of_live(tmp_path: Path):
    script = tmp_path / "sum.toml"
    turn = '[[turns]]\nuser = "What is 17 times 23?"\nexpect = { contains = "391" }\n'
    script.write_text(f'agent = "{LOCAL}"\nmode = "text"\n{turn}')
    ended = run_cli("run", str(script), "--no-record")
    assert ended.returncode == 0, ended.stdout + ended.stderr


DECISIONS = """
[session.delegation]
type = "decisions"

[session.delegation.decisions]
model = "words-only"

[[session.delegation.decisions.questions]]
type = "choice"
name = "topic"
instructions = "What is it about?"
choices = [{ value = "time" }, { value = "weather" }]
"""


@pytest.mark.heavy
def test_what_is_decided_about_the_conversation_is_shown(tmp_path: Path):
    agent = tmp_path / "agent.toml"
    agent.write_text(CLIENT.partition("[[tools]]")[0] + DECISIONS, "utf-8")
    ended = run_cli(
        *("talk", agent, "--set", "conversation.greet=false", "--plain", "--no-record"),
        *("--input", str(ROOT / "realtime_cli" / "clips" / "question.wav"), "--output", "null"),
    )
    assert ended.returncode == 0, ended.stderr
    assert "topic = time (100%)." in ended.stdout + ended.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["silence", "noisy-line", "barge-in"])
def test_a_script_that_was_written_for_realtime_passes_on_live(tmp_path: Path, name: str):
    """Nothing is said; noise goes on behind the words; one short word interrupts."""
    script = ROOT / "configs" / "scripts" / f"{name}.toml"
    options = (
        "--trust",
        ROOT / "configs",
        "--set",
        "connection.protocol=live",
        "--record",
        tmp_path / "kept",
    )
    ended = run_cli("run", script, *options, timeout_s=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr

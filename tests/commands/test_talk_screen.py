"""A talk with the local server on a real terminal: typed lines, questions about tools, panels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.audio.wav_file import wav_header
from realtime_cli.client.effects import Send
from realtime_cli.protocol.client_events import ConversationItemCreate
from realtime_cli.recording.reader import read
from tests.tui.pane import Pane, pane

__all__ = ["pane"]

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(120)]
AGENT = """
[connection]
provider = "local"

[conversation]
greet = false

[[tools]]
command = ["uptime", "-p"]
name = "system_uptime"
description = "How long this computer has been up."
approve = "ask"
"""
BUSY = "I am busy just now"


@pytest.fixture
def recorded(pane: Pane, tmp_path: Path) -> Path:
    """A talk that hears a minute of silence, and its recording."""
    silence = bytes(2 * 24_000 * 60)
    (tmp_path / "silence.wav").write_bytes(wav_header(len(silence)) + silence)
    (tmp_path / "agent.toml").write_text(AGENT)
    path = tmp_path / "talk.jsonl"
    agent = f"-c {tmp_path}/agent.toml --trust {tmp_path} --record {path}"
    sound = f"-i {tmp_path}/silence.wav -o null"
    pane.line(f"clear; {sys.executable} -m realtime_cli talk {agent} {sound}; echo over=$?")
    pane.until("space mute")
    pane.until("listening")
    return path


def sent(recording: Path, kind: str) -> list[Any]:
    """The items of this type that went to the server."""
    values = [entry.value for entry in read(recording).entries()]
    events = [value.event for value in values if isinstance(value, Send)]
    items = [event.item for event in events if isinstance(event, ConversationItemCreate)]
    return [item for item in items if item.type == kind]


def test_lines_that_begin_with_keys_are_messages(pane: Pane, recorded: Path) -> None:
    pane.press("t")
    pane.until("── writing ─")
    lines = ("quit it", "i am here", "very well")
    for line in lines:
        pane.line(line)
        pane.until(f"You said: {line}")
    pane.press("C-c")
    pane.until("over=")
    said = [item.content[0].text for item in sent(recorded, "message") if item.role == "user"]
    assert said == list(lines)


def test_the_model_hears_why_a_call_was_refused(pane: Pane, recorded: Path) -> None:
    pane.press("t")
    pane.line("What is the system uptime?")
    pane.until("May this run?")
    pane.until("waits for you")
    pane.line("b")
    pane.until("no, because ›")
    pane.line(BUSY)
    pane.until("The result of system_uptime is")  # the model tells what it was given
    pane.press("C-c")
    pane.until("over=")
    (output,) = sent(recorded, "function_call_output")
    assert output.output == f"The user did not allow this call. {BUSY}"


def test_a_question_is_answered_by_arrow_and_by_a_typed_y(pane: Pane, recorded: Path) -> None:
    pane.press("t")
    for keys in (("Down", "Enter"), ("y", "Enter")):
        pane.line("What is the system uptime?")
        pane.until("May this run?")
        pane.press(*keys)
        pane.until("May this run?", gone=True)
        pane.until("listening")
    pane.press("Escape")
    pane.until("space mute")
    before = pane.until_it_stays(pane.transcript)
    pane.press("?")
    pane.until("closes this")
    pane.press("?")
    pane.until("space mute")
    assert pane.until_it_stays(pane.transcript) == before
    pane.press("q", "q")
    pane.until("over=0")
    outputs = [item.output for item in sent(recorded, "function_call_output")]
    assert [str(output).startswith("up ") for output in outputs] == [True, True]
    assert [item for item in sent(recorded, "message") if "'y'" in str(item)] == []

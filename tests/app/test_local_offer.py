"""``talk`` with neither a key nor an agent file, in a real terminal (tmux) and in a pipe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.config.providers import PROVIDERS
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli
from tests.tui.pane import Pane, pane

__all__ = ["pane"]

KEYS = [known.key_env for known in PROVIDERS.values() if known.key_env]
TALK = f"env {' '.join(f'-u {key}' for key in KEYS)} {sys.executable} -m realtime_cli talk --no-record"


def test_enter_begins_a_talk_with_the_local_agent(pane: Pane, tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    pane.line(f"{TALK} --input {question()} --output {answer} --fast --plain; echo exit=$?")
    pane.until("Press Enter to talk to it")
    pane.press("Enter")
    pane.until("exit=0\n")
    assert answer.stat().st_size > 100_000


def test_ctrl_c_ends_it(pane: Pane) -> None:
    pane.line(f"{TALK} --output null; echo exit=$?")
    pane.until("Press Enter to talk to it")
    pane.press("C-c")
    pane.until("exit=130\n")


def test_another_answer_is_no_yes(pane: Pane) -> None:
    pane.line(f"{TALK} --output null; echo exit=$?")
    pane.until("Press Enter to talk to it")
    pane.line("no")
    assert "There is no API key" in pane.until("exit=3\n")


def test_a_pipe_is_told_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    ended = run_cli("talk")
    assert ended.returncode == ExitCode.CONNECTION
    assert "or use the local server without one: --set connection.provider=local" in ended.stderr
    assert "Press Enter" not in ended.stderr


def test_the_provider_whose_key_is_set_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that doctor looks at."""
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("XAI_API_KEY", "not sendable: é")
    for command in (("talk",), ("text", "Hello")):
        assert "XAI_API_KEY" in run_cli(*command).stderr
    assert "would use provider xai" in run_cli("doctor", "--offline").stdout

"""``replay`` in a real terminal (tmux): pause, step, seek, speed and quit by keys."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.recording.conversation import record_conversation
from tests.tui.pane import Pane, pane

__all__ = ["pane"]

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


def test_one_pauses_steps_seeks_and_quits_by_key(pane: Pane, tmp_path: Path) -> None:
    path = record_conversation(tmp_path / "s.jsonl")
    pane.line(f"{sys.executable} -m realtime_cli replay {path}; echo exit=$?")
    pane.until("space pause")
    pane.press("Space")
    pane.until("paused")
    pane.press("Right")
    assert "interrupted after" not in pane.until(" --\n")
    pane.press("p")
    pane.until("0:07 ")
    for _ in range(6):  # each shows the next thing that happens, and no more
        pane.press(".")
    assert "enough" not in pane.until("interrupted after 1.7 s")
    pane.press("Space")
    pane.until("paused", gone=True)
    pane.press("+")
    pane.until("x2")
    pane.press("q")
    pane.until("exit=0\n")


def test_seeking_writes_nothing_twice_and_the_end_is_no_exit(pane: Pane, tmp_path: Path) -> None:
    path = record_conversation(tmp_path / "s.jsonl")
    pane.line(f"{sys.executable} -m realtime_cli replay --speed 2 {path}; echo exit=$?")
    pane.until("turn 3 of 4")
    pane.press("Space")
    pane.until("paused")
    said = pane.until("What time is it in Oslo?")
    pane.press("Home")
    pane.until("0:00 ")
    pane.press("Space")
    pane.until("turn 2 of 4")
    pane.press("End")
    pane.until("  end")
    pane.press("Right", "Right", "n")
    pane.press("?")
    pane.until("the turn before, the next turn")
    pane.press("?")
    pane.until("the turn before", gone=True)
    assert pane.screen().count("What time is it in Oslo?") == said.count("What time is it in Oslo?") == 1
    pane.press("Left")
    pane.until("  end", gone=True)
    pane.press("q")
    pane.until("exit=0\n")

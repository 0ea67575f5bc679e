"""macOS and Windows: what only POSIX has is not needed, and is used where it is there.

The child processes here run without it (see ``tests.kit.without_posix``); this is no Windows, but the
same names are missing, so an import or a call that relies on one fails as it would there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question

ROOT = Path(__file__).parents[1]
IMPORT_ALL = """
import importlib, pkgutil, realtime_cli
for module in pkgutil.walk_packages(realtime_cli.__path__, "realtime_cli."):
    # pytest_plugin wants a running pytest; load's gevent goes another way on Windows, which is not here.
    if not module.name.endswith(("__main__", "pytest_plugin")) and "realtime_cli.load" not in module.name:
        importlib.import_module(module.name)
"""


def without_posix(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.kit.without_posix", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def taskkill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What Windows has for ``kill -9 -PID``; the file beside it says how it was called."""
    program = tmp_path / "bin" / "taskkill"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s %s %s" "$1" "$2" "$3" >"$0.said"\nkill -9 "-$4"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return program.with_name("taskkill.said")


def test_every_module_is_imported(tmp_path: Path) -> None:
    script = tmp_path / "all.py"
    script.write_text(IMPORT_ALL)
    ended = without_posix(script)
    assert ended.returncode == 0, ended.stderr


def test_a_talk_is_held_recorded_and_replayed(tmp_path: Path) -> None:
    recording = tmp_path / "talk.jsonl"
    talk = without_posix(
        "-m",
        "realtime_cli",
        "talk",
        "--config",
        "configs/local.toml",
        "--fast",
        "--record",
        recording,
        "--input",
        question(),
        "--output",
        tmp_path / "answer.wav",
    )
    assert talk.returncode == 0, talk.stderr
    assert "You: What time is it" in talk.stdout
    for way in ("--verify", "--max"):
        replay = without_posix("-m", "realtime_cli", "replay", recording, way)
        assert replay.returncode == 0, replay.stderr
    assert "You: What time is it" in replay.stdout


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Call list_bookings.", "list_bookings is done"),  # a Python function, in a process of its own
        ("Call free_disk_space.", "The result of free_disk_space is"),  # a command
    ],
)
def test_tools_run_in_their_processes_which_end_with_all_that_they_started(
    asked: str, told: str, taskkill: Path
) -> None:
    allowed = ("--trust", "configs/tools.toml", "--approve", "all")
    words = ("text", "--config", "configs/tools.toml", *allowed, "--no-record", "--json", asked)
    ended = without_posix("-m", "realtime_cli", *words)
    assert (ended.returncode, told in ended.stdout) == (0, True), ended.stdout + ended.stderr
    assert taskkill.read_text() == "/F /T /PID"

"""Hearing and speaking touch no network and leave no file: onnxruntime's telemetry is on by default."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("voice")

CONVERSE = """
import asyncio
import numpy as np
from realtime_cli.server.engine.engine import Engine

engine = asyncio.run(Engine.load())
sound = np.concatenate(list(engine.synthesiser.speak("The door is open.")))
print(engine.recogniser.transcribe(sound))
"""


def run_at_home(home: Path, *command: str) -> str:
    """In an empty home, and not as in CI: there onnxruntime is quiet anyway."""
    quiet = ("CI", "ORT_DISABLE_TELEMETRY", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    environment |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout


def test_nothing_is_written_into_the_users_home(tmp_path: Path) -> None:
    assert "door" in run_at_home(tmp_path, sys.executable, "-c", CONVERSE).lower()
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_connection_is_tried(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    home = tmp_path / "home"
    home.mkdir()
    command = ["strace", "-f", "-e", "trace=connect,sendto", "-o", str(trace), sys.executable, "-c", CONVERSE]
    run_at_home(home, *command)
    # what is left out is the event loop waking itself, over a socket pair without an address
    assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []

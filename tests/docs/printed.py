"""Runs a command of README or of a page as it is printed there, in a folder that has what it names."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from realtime_cli.app.audio_io import question
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli


def environ(server: str) -> dict[str, str]:
    """The server that is there instead of a provider; files instead of devices, at full speed."""
    return {
        "REALTIME_CLI__CONNECTION__PROVIDER": "local",
        "REALTIME_CLI__CONNECTION__BASE_URL": server,
        "REALTIME_CLI__AUDIO__FAST": "true",
        "REALTIME_CLI__AUDIO__INPUT": str(question()),
        "REALTIME_CLI__AUDIO__OUTPUT": '"null"',
        "JACK_NO_START_SERVER": "1",
    }


def does_what_it_says(line: str, folder: Path, recording: Path, server: str) -> None:
    """It exits with 0, without a traceback, and writes the files that it names."""
    if "session.jsonl" in line:
        for path in recording.parent.iterdir():
            shutil.copy(path, folder)
    if " init agent.toml" in line:
        (folder / "agent.toml").unlink()
    words = shlex.split(line.replace("ws://127.0.0.1:8765/v1/realtime", server))[1:]
    before = set(folder.rglob("*"))
    ended = run_cli(*words, environ=environ(server), cwd=folder)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    for name in re.findall(r"(?:--output|--bundle|--junit|init) (\S+)", line):
        made = set(folder.rglob("*")) - before
        assert any(path.is_relative_to(folder / name) for path in made), f"{name} was not written"

"""The page *getting-started*, followed word for word: its files are written, its commands run in order."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.errors import ExitCode
from tests.docs.test_pages import blocks
from tests.kit.cli import run_cli

PAGE = "getting-started"


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one follows it: with no state of earlier sessions."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copy(question(), tmp_path / "question.wav")
    return tmp_path


def test_each_step_works(followed: Path) -> None:
    _, own, tool, test = (block.splitlines() for block in blocks(PAGE, "sh"))
    addition, script = blocks(PAGE, "toml")
    (followed / "shop.py").write_text(*blocks(PAGE, "python"))
    for line in own:
        assert "not set" not in passed(line, followed)
    agent = followed / "agent.toml"
    agent.write_text(f"{agent.read_text(encoding='utf-8')}\n{addition}", encoding="utf-8")
    assert "9 to 17" in passed(tool[0], followed)
    (followed / "hours.toml").write_text(script, encoding="utf-8")
    assert "1 passed" in passed(test[0], followed)
    assert (followed / "results.xml").is_file()


def passed(line: str, folder: Path) -> str:
    """What a command prints that must succeed."""
    ended = run_cli(*shlex.split(line)[1:], cwd=folder)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    return ended.stdout


def test_without_trust_the_tool_is_left_out_and_the_script_says_so(followed: Path) -> None:
    addition, script = blocks(PAGE, "toml")
    (followed / "shop.py").write_text(*blocks(PAGE, "python"))
    (followed / "agent.toml").write_text(f'[connection]\nprovider = "local"\n\n{addition}')
    (followed / "hours.toml").write_text(script)
    ended = run_cli("run", "hours.toml", "--text", "--no-record", cwd=followed)
    assert ended.returncode == ExitCode.EXPECTATION_FAILED
    assert "--trust" in ended.stdout + ended.stderr

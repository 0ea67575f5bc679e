"""What printed commands need: a server, a folder with what they name, a recording."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.app.local_server import ServeOptions, listen
from realtime_cli.commands import init
from tests.kit.cli import run_cli
from tests.kit.threads import loop_in_a_thread

ROOT = Path(__file__).parents[2]
SCRIPT = """
agent = "../configs/tools.toml"
mode = "text"
turns = [{ user = "What is 17 times 23?", expect = { contains = "391" } }]
"""


SCENARIO = """
- name: NAME
  turns:
    - user: What is 17 times 23?
      expect: [{event: response, text_contains: "391"}]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the local server."""
    with loop_in_a_thread() as loop:
        started = asyncio.run_coroutine_threadsafe(listen(ServeOptions(port=0)), loop).result(60)
        yield started.url
        asyncio.run_coroutine_threadsafe(started.close(), loop).result(20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    shutil.copy(question(), tmp_path / "question.wav")
    init.init(tmp_path / "agent.toml", environ={})
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "sums.toml").write_text(SCRIPT, encoding="utf-8")
    one, two = (SCENARIO.replace("NAME", name) for name in ("one", "two"))
    (tmp_path / "scenario.yaml").write_text(f"scenarios:{one}", encoding="utf-8")
    (tmp_path / "scenarios.yaml").write_text(f"scenarios:{one}{two}", encoding="utf-8")
    (tmp_path / "promptfooconfig.yaml").write_text(
        "{providers: ['openai:realtime:gpt-realtime'], prompts: [Hello]}\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "session.jsonl"
    agent = ROOT / "configs" / "text.toml"
    assert run_cli("text", "--config", agent, "--record", path, "What time is it?").returncode == 0
    return path

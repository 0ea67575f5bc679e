"""A folder of strangers that the user stands in: nothing of it runs, and no file of it gives options.

``realtime-cli`` is started as its console script is, without the current folder on Python's path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from realtime_cli.own_python import safe_path
from tests.kit.scripts import GOOD

TAKEN = ("asyncio", "json", "threading", "dataclasses", "multiprocessing", "sounddevice", "realtime_cli")
CONSOLE_SCRIPT = """from realtime_cli.__main__ import main
if __name__ == "__main__":
    main()
"""
needs_locust = pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra load")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with modules of Python's names, each of which tells that it was run."""
    folder = tmp_path / "hostile"
    for name in (*TAKEN, "locust", "gevent"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(f"open({str(folder / 'ran')!r}, 'a').write({name!r})\n")
    return folder


def run_in(folder: Path, *arguments: str | Path, program: str = CONSOLE_SCRIPT) -> str:
    """All that it says."""
    script = folder.parent / "bin" / "realtime-cli"
    script.parent.mkdir()
    script.write_text(program)
    command = [sys.executable, script, *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return ended.stdout + ended.stderr


AGENT = """
[connection]
provider = "local"
[session]
output_modalities = ["text"]
[recording]
enabled = false
[[tools]]
python = "own.py:look"
"""


@pytest.mark.heavy
def test_a_python_tool_runs_in_a_process_that_takes_nothing_from_there(hostile: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import beside\ndef look() -> str:\n    'Looks.'\n    return ''\n")
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "agent.toml").write_text(AGENT)
    agent = tmp_path / "agent.toml"
    told = run_in(hostile, "text", "-c", agent, "--trust", agent, "Say after me: one")
    assert not (hostile / "ran").exists()
    assert "One" in told


@pytest.mark.heavy
def test_workers_take_nothing_from_there(hostile: Path) -> None:
    for name in ("a", "b"):
        (hostile / f"{name}.toml").write_text(GOOD)
    told = run_in(hostile, "run", ".", "--workers", "2", "--no-record")
    assert not (hostile / "ran").exists()
    assert told.count("passed") >= 2


def test_the_list_of_devices_is_asked_for_without_it(hostile: Path) -> None:
    run_in(hostile, program="from realtime_cli.audio.device_rescan import _there_now\n_there_now()\n")
    assert not (hostile / "ran").exists()


@needs_locust
@pytest.mark.heavy
@pytest.mark.parametrize("options", ["locust.conf", "pyproject.toml"])
def test_a_load_takes_neither_modules_nor_options_from_there(hostile: Path, options: str) -> None:
    log = hostile / "written-over"
    head = "[tool.locust]\n" if options == "pyproject.toml" else ""
    (hostile / options).write_text(f'{head}logfile = "{log}"\nhtml = "{log}"\n')
    (hostile / "a.toml").write_text(GOOD)
    arguments = ("a.toml", "--text", "--users", "1", "--duration", "1s")
    told = run_in(hostile, "load", *arguments)
    assert not (hostile / "ran").exists()
    assert not log.exists()
    assert "p99" in told


def test_programs_of_a_worker_find_their_own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with safe_path():
        assert "PYTHONSAFEPATH" in os.environ
    assert "PYTHONSAFEPATH" not in os.environ
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # the user's own stays
    with safe_path():
        pass
    assert os.environ["PYTHONSAFEPATH"] == "1"

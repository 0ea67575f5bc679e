"""The README says what is true: its commands run, its files are there, its sections exist."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_cli.app.audio_io import question
from realtime_cli.app.local_server import ServeOptions, listen
from realtime_cli.commands import init
from realtime_cli.config import AgentConfig
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli
from tests.kit.threads import loop_in_a_thread

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
INLINE = re.findall(r"`(realtime-cli [^`]+)`", README)
SERVES = " serve"
COMMANDS = sorted({match[0] for match in re.finditer(r"(?m)realtime-cli .*$", BLOCKS)} | set(INLINE))


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"configs/[\w/.-]+|tests/[\w/.-]+\w|\.pictures/[\w.-]+", README)))
)
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_two_commands_stand_once_at_the_beginning_of_a_line() -> None:
    assert len(re.findall(r"(?m)^\.ci/bootstrap && ", README)) == 1
    assert len(re.findall(r"(?m)^\.ci/bootstrap dev && ", README)) == 1


def test_every_section_of_the_agent_file_is_in_the_table() -> None:
    for section in AgentConfig.model_fields:
        assert re.search(rf"`\[+{section}\b", README), section


def test_every_exit_code_is_named() -> None:
    listed = README.split("Exit codes:")[1].split("\n\n")[0]
    assert [int(code) for code in re.findall(r"\b(\d+) \w", listed)] == [code.value for code in ExitCode]


# -- every command, run as it stands: in a folder that has what it names, with a local server by environment


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
    return tmp_path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "session.jsonl"
    agent = ROOT / "configs" / "text.toml"
    assert run_cli("text", "--config", agent, "--record", path, "What time is it?").returncode == 0
    return path


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


@pytest.mark.xdist_group("readme")
def test_the_test_in_it_passes(folder: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    (folder / "test_agent.py").write_text(f"import pytest\n\n\n@pytest.mark.asyncio\n{block}")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "test_agent.py",
    ]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("line", [line for line in COMMANDS if SERVES not in line])
def test_a_command_does_what_it_says(line: str, folder: Path, recording: Path, server: str) -> None:
    if "session.jsonl" in line:
        for path in recording.parent.iterdir():
            shutil.copy(path, folder)
    if " init agent.toml" in line:
        (folder / "agent.toml").unlink()
    words = shlex.split(line.replace("ws://127.0.0.1:8765/v1/realtime", server))[1:]
    before = set(folder.iterdir())
    ended = run_cli(*words, environ=environ(server), cwd=folder)
    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    for name in re.findall(r"(?:--output|--bundle|--junit|init) (\S+)", line):
        assert folder / name in set(folder.iterdir()) - before, f"{name} was not written"


def test_the_server_listens_where_it_is_told() -> None:
    (line,) = [line for line in COMMANDS if SERVES in line]
    words = shlex.split(line.replace("8765", "0"))[1:]
    child = subprocess.Popen(
        [sys.executable, "-m", "realtime_cli", *words], stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    try:
        assert "Listening at ws://127.0.0.1:" in child.stderr.readline()
    finally:
        child.terminate()
        child.stderr.close()
    assert child.wait(timeout=20) == ExitCode.OK

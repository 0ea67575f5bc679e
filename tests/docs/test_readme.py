"""The README says what is true: its commands run, its files are there, its sections exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_cli.config import AgentConfig
from realtime_cli.errors import ExitCode
from tests.docs.printed import does_what_it_says

ROOT = Path(__file__).parents[2]
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


# -- every command, run as it stands (see ``printed``)


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("line", [line for line in COMMANDS if SERVES not in line])
def test_a_command_does_what_it_says(line: str, folder: Path, recording: Path, server: str) -> None:
    does_what_it_says(line, folder, recording, server)


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


def test_the_list_of_agents_and_scripts_is_whole() -> None:
    configs = ROOT / "configs"
    listed = set(
        re.findall(r"\]\(([\w/.-]+\.(?:toml|yaml))\)", (configs / "README.md").read_text(encoding="utf-8"))
    )
    there = {str(path.relative_to(configs)) for end in ("toml", "yaml") for path in configs.rglob(f"*.{end}")}
    assert listed == there

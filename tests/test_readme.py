"""The README says what is true: its commands parse, its files are there, its sections exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from realtime_cli.cli import app
from realtime_cli.config import AgentConfig
from realtime_cli.errors import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
INLINE = re.findall(r"`(realtime-cli [^`]+)`", README)
COMMANDS = sorted({match[0] for match in re.finditer(r"(?m)realtime-cli .*$", BLOCKS)} | set(INLINE))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one_that_the_program_takes(line: str) -> None:
    ended = CliRunner().invoke(
        app, [*shlex.split(line)[1:], "--help"]
    )  # unknown names fail before help is shown
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize("path", sorted(set(re.findall(r"configs/[\w/.-]+|tests/[\w/.-]+\w", README))))
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

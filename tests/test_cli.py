"""The command line itself: help, examples, version, completion, and how quickly it gets to the point."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from realtime_cli import __version__
from realtime_cli.cli import app
from realtime_cli.commands.examples import EXAMPLES
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
SCRIPT = Path(sys.executable).with_name("realtime-cli")
WEIGHTY = {
    "numpy",
    "pydantic",
    "rich",
    "websockets",
    "sounddevice",
    "onnxruntime",
    "prompt_toolkit",
    "asyncio",
}


def test_every_command_has_examples() -> None:
    assert sorted(EXAMPLES) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_the_examples_each_on_a_line(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    lines = [line.strip() for line in shown.splitlines()]
    assert lines[-len(EXAMPLES[command]) - 1] == "Examples:"
    assert tuple(lines[-len(EXAMPLES[command]) :]) == EXAMPLES[command]


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_taken_by_the_parser(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "realtime-cli"
    ended = CliRunner().invoke(app, [*words, "--help"])
    assert ended.exit_code == 0, ended.output


def test_help_names_every_exit_code() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    for code in ExitCode:
        assert f"{code.value} " in shown.split("Exit codes:")[1] + " ", code


def test_help_loads_nothing_that_is_weighty() -> None:
    script = (
        "import sys\nfrom realtime_cli import cli\nsys.argv = ['realtime-cli', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & {WEIGHTY!r}), file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stderr.strip() == "[]"
    assert "talk" in ended.stdout


def test_version_says_what_a_report_needs() -> None:
    ended = run_cli("--version")
    assert ended.returncode == 0
    for wanted in (
        f"realtime-cli {__version__}\n",
        "Python",
        "websockets 1",
        "pywebrtc-audio",
        "extras: local",
    ):
        assert wanted in ended.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tlak"], "talk"),
        (["talk", "--confg", "x"], "--config"),
        (["run", "--jobs", "no"], "a valid integer"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(words: list[str], said: str) -> None:
    ended = run_cli(*words)
    assert ended.returncode == ExitCode.USAGE
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [["config", "schema"], ["doctor", "--offline"]])
def test_a_reader_who_has_gone_is_no_error(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run(
            [SCRIPT, *words], stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (ended.returncode, ended.stderr) == (ExitCode.OK, "")


# -- completion: what the script that --show-completion prints asks the program, and a shell that asks it


def asked(shell: str, line: str, **more: str) -> str:
    environ = {**os.environ, "_REALTIME_CLI_COMPLETE": f"complete_{shell}", **more}
    environ |= {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": line}
    return subprocess.run(
        [SCRIPT], env=environ, capture_output=True, text=True, timeout=60, check=False
    ).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "wanted"), [("realtime-cli ta", "talk"), ("realtime-cli talk --con", "--config")]
)
def test_each_shell_is_told_how_to_go_on(shell: str, line: str, wanted: str) -> None:
    assert wanted in asked(shell, line, _TYPER_COMPLETE_FISH_ACTION="get-args")


def completion_script(shell: str) -> str:
    """What a shell loads; the program is told which shell it is, as ``--show-completion`` finds out by itself."""
    environ = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    words = [SCRIPT, "--show-completion", shell]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout


LOADED_BY = {
    "bash": 'COMP_WORDS=(realtime-cli dev); COMP_CWORD=1; _realtime_cli_completion realtime-cli; echo "${COMPREPLY[*]}"',
    "zsh": 'whence -w _realtime_cli_completion; (( $+_comps[realtime-cli] )) && echo "devices"',
    "fish": 'complete --do-complete "realtime-cli dev"',
}


@pytest.mark.parametrize("shell", LOADED_BY)
def test_a_real_shell_completes(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed here")
    ready = "autoload -Uz compinit; compinit -u -D\n" if shell == "zsh" else ""
    script = f"{ready}{completion_script(shell)}\n{LOADED_BY[shell]}\n"
    environ = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
    ended = subprocess.run(
        [shell], input=script, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert "devices" in ended.stdout, ended

"""Real commands: arguments, stdin, environment, limits, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.errors import ConfigError
from realtime_cli.tools.command import filled
from realtime_cli.tools.tool import ToolFailed
from tests.kit.toolbox import gone, runs, toolbox

NAMES = frozenset({"a", "b"})


def script(folder: Path, text: str, name: str = "tool.sh") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


async def test_git_status_of_a_real_repository(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "repo"], cwd=tmp_path, check=True)
    (tmp_path / "repo" / "new.txt").write_text("x")
    agent = """
    [[tools]]
    command = ["git", "status", "--short"]
    cwd = "repo"
    """
    async with toolbox(tmp_path, agent) as box:
        assert box.names == ["git"]
        result = await box.call("git")
        assert result.output == "?? new.txt\n"
        assert not result.failed
        assert result.seconds is not None


async def test_arguments_come_in_the_template_and_on_stdin(tmp_path: Path) -> None:
    script(tmp_path, 'echo "$1"; cat')
    agent = """
    [[tools]]
    command = ["./tool.sh", "to {city}"]
    """
    async with toolbox(tmp_path, agent) as box:
        (schema,) = box.registry.schemas
        assert schema["parameters"]["required"] == ["city"]
        result = await box.call("tool", city="Oslo; rm -rf $HOME")
        first, second = result.output.splitlines()
        assert first == "to Oslo; rm -rf $HOME"
        assert json.loads(second) == {"city": "Oslo; rm -rf $HOME"}


async def test_a_command_sees_only_what_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("CITY", "Oslo")
    agent = """
    [[tools]]
    command = ["env"]
    env = ["CITY"]
    """
    async with toolbox(tmp_path, agent) as box:
        output = (await box.call("env")).output
        assert "CITY=Oslo" in output
        assert "sk-secret" not in output


async def test_a_failure_says_why(tmp_path: Path) -> None:
    script(tmp_path, "echo some; echo no such table >&2; exit 3")
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["./tool.sh"]\nrespond = false') as box:
        result = await box.call("tool")
        assert result.failed
        assert result.output == "It failed (exit code 3).\nno such table\nsome"
        assert result.respond, "the model should hear of a failure even where it is silent about success"


async def test_one_that_never_returns_is_ended_with_its_children(tmp_path: Path) -> None:
    script(tmp_path, "sleep 600 & echo $! > child; sleep 600")
    agent = """
    [[tools]]
    command = ["./tool.sh"]
    timeout_s = 0.5
    """
    async with toolbox(tmp_path, agent) as box:
        result = await box.call("tool")
        assert result.failed
        assert "longer than 0.5 s" in result.output
        assert await gone(int((tmp_path / "child").read_text()))


async def test_a_cancelled_call_leaves_nothing(tmp_path: Path) -> None:
    script(tmp_path, "echo $$ > own; sleep 600")
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["./tool.sh"]') as box:
        call = asyncio.create_task(box.call("tool"))
        while not (tmp_path / "own").exists() or not (tmp_path / "own").read_text().strip():
            await asyncio.sleep(0.01)
        box.registry.cancel("call_1")
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await gone(int((tmp_path / "own").read_text()))


async def test_a_call_cancelled_while_it_starts_leaves_nothing_either(tmp_path: Path) -> None:
    """The child runs on while the loop stands still: it may be further than its caller knows."""
    script(tmp_path, "echo $$ >> begun; sleep 600")
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["./tool.sh"]') as box:
        for ticks in range(1, 16):
            call = asyncio.create_task(box.call("tool"))
            for _ in range(ticks):
                await asyncio.sleep(0)
            time.sleep(0.03)  # noqa: ASYNC251  the loop shall stand still
            call.cancel()
            async with asyncio.timeout(10):
                await asyncio.gather(call, return_exceptions=True)
        for leader in (tmp_path / "begun").read_text().split():
            assert await gone(-int(leader)), "nor its children"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv (util-linux) here")
async def test_a_killed_program_leaves_nothing(tmp_path: Path) -> None:
    """SIGKILL gives no time to end anything."""
    script(tmp_path, "echo $$ > own; exec sleep 600")
    (tmp_path / "agent.toml").write_text(
        '[connection]\nprovider = "local"\n[[tools]]\nname = "dig"\ncommand = ["./tool.sh"]\n'
    )
    command = ["-m", "realtime_cli", "text", "-c", "agent.toml", "--trust", "agent.toml", "--approve", "all"]
    with subprocess.Popen([sys.executable, *command, "--no-record", "Dig"], cwd=tmp_path) as program:
        while not (tmp_path / "own").exists() or not (tmp_path / "own").read_text().strip():
            assert program.poll() is None
            await asyncio.sleep(0.02)
        pid = int((tmp_path / "own").read_text())
        assert runs(pid)
        program.kill()
    assert await gone(pid)


async def test_ten_megabytes_become_a_mark(tmp_path: Path) -> None:
    script(tmp_path, "head -c 10485760 /dev/zero | tr '\\0' x; head -c 10485760 /dev/zero | tr '\\0' y >&2")
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["./tool.sh"]\nmax_output_bytes = 1000') as box:
        result = await box.call("tool")
        assert len(result.output) == 1000
        assert result.output.endswith("[cut: 10485760 bytes in all]")


async def test_output_that_is_no_text(tmp_path: Path) -> None:
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["head", "-c", "64", "/dev/zero"]') as box:
        result = await box.call("head")
        assert (result.output, result.failed) == ("The output is not text (64 bytes).", True)


async def test_escape_sequences_are_made_visible(tmp_path: Path) -> None:
    script(tmp_path, "printf '\\033]0;owned\\007'")
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["./tool.sh"]') as box:
        assert (await box.call("tool")).output == "␛]0;owned␇"


async def test_a_program_that_reads_no_stdin_is_no_failure(tmp_path: Path) -> None:
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["true"]') as box:
        result = await box.call("true", _raw="{}")
        assert (result.output, result.failed) == ("(no output)", False)


async def test_a_call_is_started_once_it_runs(tmp_path: Path) -> None:
    async with toolbox(tmp_path, '[[tools]]\ncommand = ["true"]\napprove = "always"') as box:
        await box.call("true")
        assert box.told == [inputs.ToolStarted(0.0, "call_1")]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('command = ["no-such-program-here"]', "no program 'no-such-program-here'"),
        ('command = ["true"]\ncwd = "nowhere"', "which is not a folder"),
        ('command = ["true"]\nparameters = {type = "array"}', "not a JSON Schema of an object"),
    ],
)
async def test_what_is_wrong_in_the_file_is_told_before_the_talk(
    tmp_path: Path, entry: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        async with toolbox(tmp_path, f"[[tools]]\n{entry}"):
            pass


@pytest.mark.parametrize(
    ("template", "arguments", "words"),
    [
        (("p", "{a}"), {"a": "x y"}, ["p", "x y"]),
        (("p", "--to={a}"), {"a": "-x"}, ["p", "--to=-x"]),
        (("p", "{a}", "{b}"), {"b": "1"}, ["p", "1"]),
        (("p", "n{a}"), {}, ["p", "n"]),
        (("p", "{a}"), {"a": -5}, ["p", "-5"]),
        (("p", "{a}"), {"a": True}, ["p", "true"]),
        (("p", "{a}"), {"a": [1, "x"]}, ["p", '[1, "x"]']),
        (("awk", "{print}"), {"print": "x"}, ["awk", "{print}"]),
        (("p", "{a}"), {"a": "{b}", "b": "x"}, ["p", "{b}"]),
    ],
)
def test_the_words_of_a_command(template: tuple[str, ...], arguments: dict, words: list[str]) -> None:
    assert filled(template, arguments, NAMES) == words


@pytest.mark.parametrize("value", ["--output=/etc/passwd", "-rf", "-inf", "-nan", "-Infinity", "a\0b"])
def test_an_argument_is_never_an_option(value: str) -> None:
    with pytest.raises(ToolFailed, match="must not"):
        filled(("p", "{a}"), {"a": value}, NAMES)


async def test_a_program_beside_this_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    name = Path(sys.executable).name
    async with toolbox(tmp_path, f'[[tools]]\ncommand = ["{name}", "-c", "print(1)"]\nname = "one"') as box:
        assert (await box.call("one")).output == "1\n"

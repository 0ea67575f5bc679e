"""The command line itself: help, examples, version, completion, and how quickly it gets to the point."""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from realtime_cli import __version__, cli
from realtime_cli.cli import app
from realtime_cli.commands import devices, doctor, engine, load, run, talk, text
from realtime_cli.commands.examples import EXAMPLES
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.config.time_span import seconds_of
from realtime_cli.errors import ExitCode, SessionFailed
from tests.kit.cli import run_cli

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
CLIP = Path(cli.__file__).with_name("clips") / "question.wav"
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


@pytest.mark.parametrize(
    ("command", "options"),
    [("replay", ("--from", "--to", "--idle-limit")), ("load", ("--duration", "--finish"))],
)
def test_every_time_that_a_help_names_is_taken(command: str, options: tuple[str, ...]) -> None:
    parameters = {p.opts[0]: p for p in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    for option in options:
        named = re.search(r"[Ss]uch as ([^(]*?)(?: \(|\.$)", parameters[option].help)
        assert named, f"{option} of {command} names no example"
        for example in named[1].split(", "):
            assert seconds_of(example, option) > 0


@pytest.mark.parametrize("command", ["", *COMMANDS, "config check", "sessions list"])
def test_help_cuts_nothing_and_names_values_in_words(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"]).output.split("Examples:")[0]
    assert not re.search(r"<\w", shown)
    assert not re.search(r"\w\.\.\.$", shown, re.MULTILINE), "a description is cut"


def test_options_stand_in_groups() -> None:
    shown = CliRunner().invoke(app, ["talk", "--help"]).output
    groups = dict(re.findall(r"(?m)^(\w+):\n((?:  .*\n)+)", shown))
    assert list(groups) == ["Arguments", "Agent", "Sound", "Recording", "Output", "Options"]
    assert "--config FILE" in groups["Agent"]
    assert "--no-record" in groups["Recording"]
    assert "--input DEVICE|FILE" in groups["Sound"]


@pytest.mark.parametrize("command", [*COMMANDS, "config show", "sessions list", "sessions prune"])
def test_every_option_but_help_stands_in_a_group_with_a_name(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"]).output
    if command in ("config", "sessions"):
        return
    groups = dict(re.findall(r"(?m)^([A-Z][a-z ]+):\n((?:  .*\n)+)", shown))
    assert re.findall(r"--[a-z-]+", groups["Options"]) == ["--help"], groups["Options"]
    assert not re.search(r" (TEXT|INTEGER|FLOAT|BOOLEAN)\b", shown)


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


RECORDING = Path(__file__).parent / "data" / "recordings" / "text-tools.jsonl"
LOCAL = Path(__file__).parents[1] / "configs" / "local.toml"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["docs"],
        ["config", "schema"],
        ["config", "check", LOCAL],
        ["config", "trust", LOCAL.with_name("tools.toml")],
        ["doctor", "--offline"],
        ["export", RECORDING, "-o", "-"],
        ["replay", RECORDING, "--json"],
        ["sessions", "show", RECORDING],
        ["text", "--config", LOCAL, "--no-record", "hi"],
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_a_full_disk_behind_stdout_is_no_bug(words: list[str | Path]) -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [SCRIPT, *map(str, words)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert ended.returncode == ExitCode.USAGE, ended.stderr
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "words",
    [["doctor", "--offline"], ["text", "--config", LOCAL, "--no-record", "hi"], ["sessions", "list"]],
    ids=lambda words: str(words[0]),
)
def test_a_closed_stdin_is_no_bug(words: list[str | Path]) -> None:
    line = shlex.join(map(str, [SCRIPT, *words])) + " <&-"
    ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != ExitCode.BUG, ended.stderr
    assert "AttributeError" not in ended.stderr


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("ulimit -f 0", ["export", RECORDING, "-o", "out.md"]),
        ("true", ["export", RECORDING, "-o", "x" * 300 + ".md"]),
        ("export TZ=No/Where:::", ["sessions", "show", RECORDING]),
        ("export TZ=/etc/passwd", ["export", RECORDING, "-o", "out.md"]),
    ],
    ids=["size limit", "long name", "odd TZ", "TZ is a file"],
)
def test_a_limit_of_the_machine_is_no_bug(limit: str, words: list[str | Path], tmp_path: Path) -> None:
    line = f"{limit}; exec " + shlex.join(map(str, [SCRIPT, *words]))
    ended = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert ended.returncode in (ExitCode.OK, ExitCode.USAGE), ended.stderr
    assert "Traceback" not in ended.stderr


# -- from words to a command and its exit code, in this process -----------------------------------


def ended(*words: str | Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """What the process would end with."""
    monkeypatch.setattr(sys, "argv", ["realtime-cli", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


AGENT = '[connection]\nprovider = "local"\n[session]\noutput_modalities = ["text"]\n'


def test_an_agent_is_made_checked_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = tmp_path / "agent.toml"
    assert ended("init", agent, monkeypatch=monkeypatch) == ExitCode.OK
    assert ended("init", agent, monkeypatch=monkeypatch) == ExitCode.USAGE
    assert ended("init", agent, "--force", monkeypatch=monkeypatch) == ExitCode.OK
    assert ended("config", "check", agent, monkeypatch=monkeypatch) == ExitCode.OK
    capsys.readouterr()
    words = ("config", "show", agent, "--set", "audio.echo=off", "--json")
    assert ended(*words, monkeypatch=monkeypatch) == ExitCode.OK
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["audio.echo"]["value"] == "off"
    assert ended("config", "show", agent, "--origin", monkeypatch=monkeypatch) == ExitCode.OK
    assert "agent.toml:" in capsys.readouterr().out


def test_a_conversation_is_held_listed_shown_found_exported_replayed_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agent, kept = tmp_path / "agent.toml", tmp_path / "kept"
    agent.write_text(AGENT, encoding="utf-8")
    words = ("text", "-c", agent, "--record", kept / "one.jsonl", "-q", "Say after me: pineapple")
    assert ended(*words, monkeypatch=monkeypatch) == ExitCode.OK
    assert "pineapple" in capsys.readouterr().out.lower()
    for more in (("list",), ("show", "one"), ("search", "pineapple"), ("prune", "--days", "1", "--dry-run")):
        assert ended("sessions", *more, "--folder", kept, monkeypatch=monkeypatch) == ExitCode.OK
        said = capsys.readouterr()
        assert "pineapple" in said.out.lower() or more[0] in ("list", "prune")
        assert "one" in said.out + said.err or more[0] == "prune"
    copy = tmp_path / "talk.md"
    export = ("export", kept / "one.jsonl", "--format", "md", "--output", copy)
    assert ended(*export, monkeypatch=monkeypatch) == ExitCode.OK
    assert "pineapple" in copy.read_text(encoding="utf-8").lower()
    assert ended("replay", kept / "one.jsonl", "--verify", monkeypatch=monkeypatch) == ExitCode.OK
    assert ended("sessions", "delete", "one", "--folder", kept, monkeypatch=monkeypatch) == ExitCode.OK
    assert not (kept / "one.jsonl").exists()


def test_scripts_run_and_pass_or_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "one.toml"
    turns = (
        'mode = "text"\nagent = { connection = { provider = "local" } }\n[[turns]]\n'
        'user = "Say after me: one"\n'
    )
    for wanted, code in (("one", ExitCode.OK), ("two", ExitCode.EXPECTATION_FAILED)):
        script.write_text(f'{turns}[turns.expect]\ncontains = "{wanted}"\n', encoding="utf-8")
        assert ended("run", script, "--no-record", "-q", monkeypatch=monkeypatch) == code
    assert "one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["talk", "--base-url", "ws://127.0.0.1:1", "-i", "nosuch.wav", "--no-record"],
            ExitCode.USAGE,
            "nosuch.wav",
        ),
        (["talk", "--set", "nonsense"], ExitCode.USAGE, "KEY=VALUE"),
        (["text", "hello"], ExitCode.CONNECTION, "OPENAI_API_KEY"),
        (["load", "nosuch.toml"], ExitCode.USAGE, "nosuch.toml"),
        (["replay", "nosuch.jsonl"], ExitCode.USAGE, "nosuch"),
        (["serve", "--set", "local.speech=nosuch"], ExitCode.USAGE, "local.speech"),
        (["devices", "--input", "USB"], ExitCode.USAGE, "--save"),
        (["doctor", "-c", "nosuch.toml", "--offline"], ExitCode.USAGE, "nosuch.toml"),
        (["sessions", "show", "nosuch"], ExitCode.USAGE, "nosuch"),
        (["tlak"], ExitCode.USAGE, "talk"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_a_code(
    words: list[str],
    code: ExitCode,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(*words, monkeypatch=monkeypatch) == code
    told = "".join(capsys.readouterr())
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (SessionFailed("The server ended it."), ExitCode.SESSION),
        (SystemExit(6), 6),
        (ZeroDivisionError("nobody thought of this"), ExitCode.BUG),
    ],
)
def test_every_end_of_a_command_is_an_exit_code(
    end: BaseException,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command(**_: object) -> None:
        raise end

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # for the report of a bug
    monkeypatch.setattr(cli, "_asked", lambda words: command)
    assert ended("talk", monkeypatch=monkeypatch) == code
    assert "Traceback" not in capsys.readouterr().err


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
    """What a shell loads; the program is told which shell it is, which it would otherwise look for."""
    environ = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    words: list[str | Path] = [SCRIPT, "--show-completion", shell]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout


LOADED_BY = {
    "bash": "COMP_WORDS=(realtime-cli dev); COMP_CWORD=1; _realtime_cli_completion realtime-cli; "
    'echo "${COMPREPLY[*]}"',
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


def test_an_agent_file_alone_is_talked_to(tmp_path: Path) -> None:
    agent = tmp_path / "agent.toml"
    agent.write_text(
        '[connection]\nbase_url = "ws://127.0.0.1:9/v1/realtime"\n[recording]\nenabled = false\n'
    )
    for words in ([agent], ["talk", agent], ["talk", "-c", agent]):
        ended = run_cli(*words, "--plain", "-i", CLIP, "-o", "null", "--set", "connection.reconnect_tries=0")
        assert ended.returncode == ExitCode.CONNECTION, ended.stderr
        assert "127.0.0.1:9" in ended.stderr
    twice = run_cli("talk", agent, "-c", agent)
    assert twice.returncode == ExitCode.USAGE
    assert "Two agent files are given" in twice.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("run", "agent.toml"),
            "agent.toml is an agent file, not a script. Talk to it: realtime-cli talk agent.toml",
        ),
        (("talk", "script.toml"), "script.toml is a script, not an agent file."),
        (("script.toml",), "script.toml is a script, not an agent file."),
        (("run", "--import", "missing.yaml"), "There is no file missing.yaml.\n  Check the path.\n"),
        (("talk", "agent.toml", "--output", "a.mp3"), "a.mp3: sound is written as WAV only."),
        (("talk", "agent.toml", "--output", "x/a.opus"), "x/a.opus: sound is written as WAV only."),
        (
            ("text", "-c", "agent.toml", "--approve", "nosuchtool", "hi"),
            "--approve nosuchtool: no such tool.",
        ),
        (("config", "check", "agent.json"), "agent.json: this looks like JSON, not TOML."),
        (("run", "agent.yaml"), "agent.yaml is an agent file, not a script."),
    ],
)
def test_a_file_of_another_kind_says_what_to_do(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "agent.toml").write_text('[connection]\nprovider = "local"\n')
    (tmp_path / "script.toml").write_text('agent = "agent.toml"\n[[turns]]\nsay = "hello"\n')
    (tmp_path / "agent.json").write_text('{"connection": {"provider": "local"}}')
    (tmp_path / "agent.yaml").write_text("connection:\n  provider: local\n")
    ended = run_cli(*words, cwd=tmp_path)
    assert ended.returncode == ExitCode.USAGE
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("callback", "options"),
    [
        (cli.talk, talk.TalkOptions),
        (cli.text, text.TextOptions),
        (cli.run, run.RunOptions),
        (cli.load, load.LoadOptions),
        (cli.engine, engine.EngineOptions),
        (cli.replay, ReplayOptions),
        (cli.devices, devices.DevicesOptions),
        (cli.doctor, doctor.DoctorOptions),
    ],
)
def test_every_option_reaches_its_command(callback: Any, options: Any) -> None:
    taken = {field.name for field in fields(options)}
    assert set(inspect.signature(callback).parameters) - {"agent"} <= taken


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "9" * 30])
@pytest.mark.parametrize(
    "option",
    [
        ("run", "--max-cost"),
        ("run", "--repeat"),
        ("run", "--margin"),
        ("run", "--jobs"),
        ("load", "--max-cost"),
        ("replay", "--speed"),
        ("devices", "--seconds"),
        ("serve", "--port"),
    ],
    ids=" ".join,
)
def test_a_number_is_one_that_can_be(option: tuple[str, str], number: str) -> None:
    command, name = option
    told = CliRunner().invoke(app, [command, "nothing.toml", f"{name}={number}"])
    assert told.exit_code == ExitCode.USAGE
    assert f"Invalid value for '{name}'" in told.output.replace("'-j' / ", "")

"""``text`` as a program between pipes, on the local server."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from realtime_cli.commands.text import TextOptions, _messages, text
from realtime_cli.errors import ConfigError, ConnectionFailed, ExitCode

pytestmark = pytest.mark.usefixtures("recordings_verify")

AGENT = """
[connection]
provider = "local"
[[tools]]
builtin = "clock"
"""
LAMP = """
[[tools]]
command = ["echo", "green"]
name = "lamp"
description = "Read the lamp's colour"
"""


def without_lateness(said: str) -> str:
    """What was said, but for complaints about a machine that other tests keep busy."""
    return "".join(line for line in said.splitlines(keepends=True) if "The program stalled for" not in line)


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(AGENT, encoding="utf-8")
    return path


def test_each_message_is_a_turn_of_one_session(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ("Foxes like milk",) * 3
    assert text(TextOptions(config=agent, messages=said, no_record=True)) == ExitCode.OK
    out, err = capsys.readouterr()
    first, _, third = out.splitlines()
    assert first == "You said: Foxes like milk. I am only a small set of rules: ask me what I can do."
    assert third == "You said: Foxes like milk.", "it knows that it has said what it is"
    assert without_lateness(err) == ""


def test_lines_of_a_file_are_messages(
    agent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("say after me: one\n\nsay after me: two\n", encoding="utf-8")
    assert text(TextOptions(config=agent, file=file, no_record=True)) == ExitCode.OK
    assert capsys.readouterr().out == "One\nTwo\n"


def test_json_lines_tell_everything(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = TextOptions(config=agent, messages=("What time is it?",), json=True, no_record=True)
    assert text(options) == ExitCode.OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_type = {line["type"]: line for line in lines}
    assert by_type["user_text_final"]["text"] == "What time is it?"
    called, ended = by_type["tool_called"], by_type["tool_ended"]
    assert (called["name"], ended["call_id"], ended["status"]) == ("clock", called["call_id"], "done")
    assert by_type["agent_text_final"]["text"]
    assert (lines[-1]["type"], lines[-1]["exit_code"]) == ("session_ended", 0)


def test_a_command_runs_only_if_it_is_approved(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent.write_text(AGENT + LAMP, encoding="utf-8")
    options = TextOptions(config=agent, messages=("Read the lamp's colour",), no_record=True)
    assert text(options) == ExitCode.OK
    refused = capsys.readouterr()
    assert "green" not in refused.out
    assert "Not loaded: lamp." in refused.err
    assert text(replace(options, approve=("all",))) == ExitCode.OK
    assert "Not loaded: lamp." in capsys.readouterr().err, "approval is no trust"
    trusted = replace(options, trust=(str(agent),))
    assert text(trusted) == ExitCode.OK
    assert "green" not in capsys.readouterr().out, "and trust no approval"
    assert text(replace(trusted, approve=("lamp",))) == ExitCode.OK
    assert "green" in capsys.readouterr().out


def test_wrong_input_and_no_server_have_their_errors(agent: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        text(TextOptions(config=agent, file=tmp_path / "gone.txt"))
    with pytest.raises(ConfigError, match="messages and --file"):
        text(TextOptions(config=agent, messages=("a",), file=agent))
    once = ("connection.reconnect_tries=0",)
    with pytest.raises(ConnectionFailed):
        text(
            TextOptions(
                config=agent, sets=once, base_url="ws://127.0.0.1:9/v1", messages=("a",), no_record=True
            )
        )


def test_a_pipe_that_is_read_no_further_ends_it_cleanly(agent: Path) -> None:
    command = [sys.executable, "-m", "realtime_cli", "text", "-c", str(agent), "--no-record"]
    program = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdin
    assert program.stdout
    assert program.stderr
    program.stdin.write("say after me: one\n")
    program.stdin.flush()
    assert program.stdout.readline() == "One\n"
    program.stdout.close()
    program.stdin.write("say after me: two\nsay after me: three\n")
    program.stdin.close()
    assert program.wait(timeout=30) == ExitCode.OK
    assert without_lateness(program.stderr.read()) == ""
    program.stderr.close()


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("< bytes.bin", "stdin is not UTF-8 text"),
        ('"$(cat bytes.bin)"', "A message is not UTF-8 text"),
        ('""', "A message is empty"),
        ("agent.toml", "agent.toml is a file, not a message.\n  For an agent file write -c agent.toml."),
        ("hi >&-", "There is no stdout"),
        ("hi > /dev/full", "stdout cannot be written: No space left on device"),
        ("--json hi > /dev/full", "stdout cannot be written: No space left on device"),
    ],
)
def test_odd_ends_of_a_pipe_are_told_in_a_sentence(agent: Path, tmp_path: Path, ends: str, said: str) -> None:
    (tmp_path / "bytes.bin").write_bytes(b"caf\xe9\n")
    line = f"{sys.executable} -m realtime_cli text -c {agent} --no-record {ends}"
    ended = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == ExitCode.USAGE
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_stdout_cannot_spell_becomes_a_question_mark(agent: Path) -> None:
    line = (
        f"PYTHONIOENCODING=ascii {sys.executable} -m realtime_cli text -c {agent} --no-record 'say "
        "after me: né'"
    )
    ended = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (ExitCode.OK, "N?\n")


def test_a_function_of_the_session_is_asked_about_and_nobody_is_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = tmp_path / "agent.toml"
    agent.write_text(
        '[connection]\nprovider = "local"\n[recording]\nenabled = false\n'
        '[session]\noutput_modalities = ["text"]\n[[session.tools]]\ntype = "function"\n'
        'name = "end_session"\n'
        'description = "Ends the session."\nparameters = { type = "object", properties = {} }\n'
    )
    code = text(TextOptions(config=agent, messages=("please use the end_session tool",), no_record=True))
    assert code == ExitCode.SESSION, "nobody can answer the call"
    said = capsys.readouterr()
    assert "There is no tool named" not in said.out + said.err
    assert "end_session() was not answered. There is no user to give its result." in said.err


def test_a_byte_order_mark_is_no_part_of_the_first_message(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO("\ufeffhello\nthere\n".encode()), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", piped)
    assert list(_messages(TextOptions())) == ["hello", "there"]

"""What is left of the unexpected: one sentence, and a file with the rest."""

from __future__ import annotations

import stat
import sys
import tempfile
from pathlib import Path

import pytest

from realtime_cli import __version__
from realtime_cli.app import bug_report
from realtime_cli.config import load_agent
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli


def unexpected(api_key: str) -> Exception:
    try:
        raise ZeroDivisionError("nobody thought of this")
    except ZeroDivisionError as error:
        return error


def test_the_report_has_the_trace_and_no_local_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert bug_report.write(unexpected("sk-a-very-private-key")) == ExitCode.BUG
    [report] = tmp_path.glob("realtime-cli-bug-*.txt")
    text = report.read_text(encoding="utf-8")
    assert text.startswith(f"realtime-cli {__version__}, Python {sys.version.split()[0]}")
    assert "in unexpected" in text
    assert text.rstrip().endswith("ZeroDivisionError: nobody thought of this")
    assert "private-key" not in text
    if sys.platform != "win32":
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (f"realtime-cli: This is a bug: ZeroDivisionError. The details are in {report}.\n")


def test_no_key_is_in_the_report_whatever_the_error_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "firstkey1234567890\nsecondkey1234567890")
    monkeypatch.setenv("TEAM_HEADER", "of-the-team-1")
    agent = tmp_path / "agent.toml"
    agent.write_text('[connection]\napi_key = "inline-abc"\nheaders = { X-Team = "${TEAM_HEADER}" }\n')
    load_agent(agent)
    quoted = (
        "Authorization: Bearer firstkey1234567890\n"
        "secondkey1234567890, sk-pattern12345, inline-abc, of-the-team-1"
    )
    try:
        try:
            raise ValueError(quoted)
        except ValueError as error:
            raise ExceptionGroup("two", [RuntimeError(quoted)]) from error
    except ExceptionGroup as group:
        bug_report.write(group)
    [report] = tmp_path.glob("realtime-cli-bug-*.txt")
    text = report.read_text(encoding="utf-8")
    assert "RuntimeError" in text
    # In the lines of the test itself the words stand as they are written there: only what was raised counts.
    raised = "\n".join(line for line in text.splitlines() if "quoted = " not in line)
    for secret in ("firstkey", "secondkey", "sk-pattern", "inline-abc", "of-the-team-1"):
        assert secret not in raised


@pytest.mark.parametrize("command", [("text", "hello"), ("talk", "--plain")])
def test_two_keys_in_one_variable_end_before_any_connection_and_are_nobodys_bug(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    keys = {"OPENAI_API_KEY": "sk-one1234567890\nsk-two1234567890", "TMPDIR": str(tmp_path)}
    address = ("--base-url", "ws://127.0.0.1:9/v1/realtime", "--set", "connection.api_key_env=OPENAI_API_KEY")
    done = run_cli(*command, *address, environ=keys)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.startswith("realtime-cli: The key in OPENAI_API_KEY has a line break.")
    assert "sk-" not in done.stdout + done.stderr
    assert not list(tmp_path.glob("realtime-cli-bug-*"))

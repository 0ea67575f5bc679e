"""What is left of the unexpected: one sentence, and a file with the rest."""

from __future__ import annotations

import stat
import sys
import tempfile
from pathlib import Path

import pytest

from realtime_cli import __version__
from realtime_cli.commands import bug_report
from realtime_cli.errors import ExitCode


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

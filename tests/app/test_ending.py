"""How the program ends where the machine refuses something: a sentence, exit code 2, no bug report."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from realtime_cli.app import bug_report
from realtime_cli.app.ending import exit_code_of
from realtime_cli.errors import ExitCode
from tests.kit.cli import run_cli


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
def test_a_program_may_stand_in_a_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, map(os.path.abspath, sys.path))))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ran = run_cli("text", "hello")
    assert ran.returncode == ExitCode.USAGE
    assert "The current folder has been deleted." in ran.stderr


def test_without_a_temporary_folder_even_a_bug_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert bug_report.write(ZeroDivisionError()) == ExitCode.BUG
    assert "This is a bug: ZeroDivisionError. No file could be written." in capsys.readouterr().err


def test_where_no_temporary_file_can_be_made_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/dev/null/nowhere"])
    with pytest.raises(FileNotFoundError) as caught:
        tempfile.gettempdir()
    assert exit_code_of(caught.value) == ExitCode.USAGE
    assert "No usable temporary directory" in capsys.readouterr().err


def test_letters_that_stdout_does_not_know_are_question_marks(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('[session]\ninstructions = "grüß dich"\n', encoding="utf-8")
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ran = run_cli("config", "show", tmp_path / "agent.toml", environ=plain)
    assert ran.returncode == ExitCode.OK, ran.stderr
    assert "gr?? dich" in ran.stdout

"""A promoted script is tried: what comes again stays, what was chance is named, what fails is a failure."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from realtime_cli.commands import run_promoted
from realtime_cli.commands.run_convert import write
from realtime_cli.errors import ExitCode
from realtime_cli.script.chance import without_chance
from realtime_cli.script.expectations import CheckResult
from tests.commands.test_run import GOOD, run_with, script


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Of a session on the local server: one typed turn, one call, one answer."""
    assert run_with(script(tmp_path, "good", GOOD), record=tmp_path / "kept") == ExitCode.OK
    (found,) = (tmp_path / "kept").glob("*.jsonl")
    return found


def test_what_was_said_and_called_is_expected_and_comes_again(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promoted = tmp_path / "promoted.toml"
    assert write(None, recording, promoted, None) == ExitCode.OK
    [turn] = tomllib.loads(promoted.read_text(encoding="utf-8"))["turns"]
    assert turn["expect"]["calls"] == [{"name": "book_table", "args": {"people": 4}}]
    assert "booked" in turn["expect"]["contains"]
    told = capsys.readouterr().err
    assert "against its own recording" in told
    assert "against the same server" in told
    assert "left out" not in told
    assert run_with(promoted, no_record=True) == ExitCode.OK


def test_words_that_do_not_come_again_are_left_out_and_named(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = recording.read_text(encoding="utf-8").splitlines()
    recording.write_text(
        "\n".join(
            line.replace("booked by", "reserved by")
            if '"kind":"received"' in line and "output_text" in line
            else line
            for line in lines
        ),
        encoding="utf-8",
    )
    promoted = tmp_path / "promoted.toml"
    assert write(None, recording, promoted, None) == ExitCode.OK
    assert 'chance: turn 1: contains: expected a reply with "reserved"' in capsys.readouterr().err
    [turn] = tomllib.loads(promoted.read_text(encoding="utf-8"))["turns"]
    assert "reserved" not in turn["expect"]["contains"]
    assert turn["expect"]["calls"], "the rest stays"


def test_a_server_that_is_gone_is_named_and_no_failure(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = recording.read_text(encoding="utf-8")
    gone = '"provider":"custom","base_url":"ws://127.0.0.1:9/v1/realtime","was":"local"'
    head, rest = whole.split("\n", 1)
    head = head.replace('"base_url":null,', "", 1).replace('"provider":"local"', gone, 1)
    recording.write_text(f"{head}\n{rest}", encoding="utf-8")
    assert write(None, recording, tmp_path / "promoted.toml", None) == ExitCode.OK
    assert "not run: " in capsys.readouterr().err


def test_a_provider_that_costs_money_is_asked_only_with_a_limit(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    head, rest = recording.read_text(encoding="utf-8").split("\n", 1)
    head = head.replace('"provider":"local"', '"provider":"openai","model":"gpt-realtime","was":"local"', 1)
    recording.write_text(f"{head}\n{rest}", encoding="utf-8")
    assert write(None, recording, tmp_path / "promoted.toml", None) == ExitCode.OK
    assert "Not run against the same server, api.openai.com: it may cost money" in capsys.readouterr().err


def test_a_model_elsewhere_behind_the_local_server_is_asked_only_with_a_limit(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, rest = recording.read_text(encoding="utf-8").split("\n", 1)
    header = json.loads(head)
    header["config"]["local"] = {"chat_url": "https://models.example.com/v1", "chat_model": "big"}
    recording.write_text(f"{json.dumps(header)}\n{rest}", encoding="utf-8")
    assert write(None, recording, tmp_path / "promoted.toml", None) == ExitCode.OK
    assert "Not run against the same server, models.example.com: it may cost money" in capsys.readouterr().err


def test_a_server_that_cannot_be_told_is_left_alone(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, rest = recording.read_text(encoding="utf-8").split("\n", 1)
    head = head.replace('"provider":"local"', '"provider":"custom","was":"local"', 1)
    recording.write_text(f"{head}\n{rest}", encoding="utf-8")
    assert write(None, recording, tmp_path / "promoted.toml", None) == ExitCode.OK
    assert "Not run against the same server: " in capsys.readouterr().err


def test_a_script_that_fails_in_a_run_of_its_own_is_told_by_the_exit_code(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = CheckResult(1, "at", "failed", "agent.speech_started", "not within 20 s")
    monkeypatch.setattr(
        run_promoted, "without_chance", lambda *run: replace(without_chance(*run), broken=[at])
    )
    assert write(None, recording, tmp_path / "promoted.toml", None) == ExitCode.EXPECTATION_FAILED
    assert "  failed: turn 1: at: expected agent.speech_started" in capsys.readouterr().err

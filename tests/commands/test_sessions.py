"""``sessions``: what was recorded is listed, found, and deleted with all that belongs to it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from realtime_cli.commands import sessions
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header
from realtime_cli.recording.stored import find, stored
from tests.recording.conversation import record_conversation
from tests.recording.sample import record

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record_conversation(tmp_path / "2026-01-02_talk.jsonl")
    record(tmp_path / "2026-01-01_empty.jsonl", [])
    (tmp_path / "broken.jsonl").write_text("hello\n")
    for age_days, name in ((0, "2026-01-02_talk"), (10, "2026-01-01_empty"), (20, "broken")):
        then = time.time() - age_days * 86_400
        os.utime(tmp_path / f"{name}.jsonl", (then, then))
    return tmp_path


def test_the_newest_comes_last_and_the_unreadable_is_told(folder: Path, capsys: Captured) -> None:
    sessions.list_sessions(folder, as_json=True)

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["name"] for row in rows] == ["broken", "2026-01-01_empty", "2026-01-02_talk"]
    assert rows[2]["turns"] == 4
    assert rows[2]["first"] == "What time is it in Oslo?"
    assert "not JSON" in rows[0]["unreadable"]


def test_a_table_for_people(folder: Path, capsys: Captured) -> None:
    path = folder / "2026-01-02_talk.jsonl"
    header, *rest = path.read_text().splitlines(keepends=True)
    known = {
        **json.loads(header),
        "started": "2026-01-02T10:15:00.000+00:00",
        "agent": "tutor.toml",
        "config": {"connection": {"provider": "custom", "base_url": "wss://voice.example.com/v1/realtime"}},
    }
    path.write_text("".join([json.dumps(known, separators=(",", ":")) + "\n", *rest]))
    os.utime(path, (time.time(), time.time()))
    sessions.list_sessions(folder)

    head, *_, last = capsys.readouterr().out.splitlines()
    assert head.split() == list(sessions.COLUMNS)
    for cell in ("2026-01-02 10:15", "tutor", "voice.example.com", "0:14", " 4 ", " ok ", "2026-01-02_talk"):
        assert cell in last, cell


@pytest.mark.parametrize(
    ("width", "missing"), [(140, []), (84, ["server", "when"]), (50, sessions.DISPENSABLE)]
)
def test_a_narrow_table_leaves_columns_out_and_no_name(width: int, missing: list[str]) -> None:
    values = (
        "2026-01-02 10:15",
        "tutor",
        "local",
        "0:14",
        "4",
        "120 ms",
        "$0.01",
        "ok",
        "2026-01-02_" + "x" * 24,
    )
    line = dict(zip(sessions.COLUMNS, values, strict=True))
    assert [
        column for column in sessions.COLUMNS if column not in sessions._fitting([line, line], width)
    ] == [column for column in sessions.COLUMNS if column in missing]


def test_a_session_that_runs_is_not_crashed(tmp_path: Path, capsys: Captured) -> None:
    recorder = Recorder(tmp_path / "now.jsonl", Header())
    while not recorder.path.stat().st_size:
        time.sleep(0.01)
    sessions.list_sessions(tmp_path)
    assert "still running" in capsys.readouterr().out

    recorder.close()
    whole = (tmp_path / "now.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "now.jsonl").write_text("".join(whole[:-1]))
    sessions.list_sessions(tmp_path)
    assert "crashed" in capsys.readouterr().out


def test_a_recording_is_found_by_any_part_of_its_name(folder: Path) -> None:
    assert find("talk", folder).name == "2026-01-02_talk.jsonl"
    assert find("01-01", folder).name == "2026-01-01_empty.jsonl"
    with pytest.raises(ConfigError, match=r"2 recordings have '2026' .* 2026-01-02_talk, 2026-01-01_empty"):
        find("2026", folder)


def test_a_folder_that_is_none_is_an_error_and_a_dangling_link_is_not(folder: Path) -> None:
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    assert len(stored(folder)) == 3
    with pytest.raises(ConfigError, match="There is no folder"):
        sessions.list_sessions(folder / "missing")


def test_show_prints_conversation_and_figures(folder: Path, capsys: Captured) -> None:
    sessions.show("last", folder)

    assert "**You:** What time is it in Oslo?" in capsys.readouterr().out


def test_search_finds_speech_and_tools_in_any_case(folder: Path, capsys: Captured) -> None:
    assert sessions.search("oslo", folder) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) == 3
    assert any("Tool: clock" in line for line in lines)
    assert sessions.search("penguin", folder) == ExitCode.EXPECTATION_FAILED


def test_prune_takes_the_old_with_their_sidecars_and_only_those(folder: Path, capsys: Captured) -> None:
    sessions.prune(5, folder, dry_run=True)
    assert len(stored(folder)) == 3

    sessions.prune(5, folder)
    assert [one.name for one in stored(folder)] == ["2026-01-02_talk"]
    with pytest.raises(ConfigError, match="age"):
        sessions.prune(-1, folder)


def test_delete_takes_everything_of_one_recording(folder: Path) -> None:
    sessions.delete(["2026-01-02"], folder)

    assert sorted(file.name for file in folder.iterdir()) == ["2026-01-01_empty.jsonl", "broken.jsonl"]


def test_a_name_that_means_none_or_several_deletes_nothing(folder: Path) -> None:
    for name, sentence in (("x", "There is no recording"), ("2026", "2 recordings")):
        with pytest.raises(ConfigError, match=sentence):
            sessions.delete(["broken", name], folder)
    assert len(stored(folder)) == 3


def test_an_empty_folder_has_no_sessions(tmp_path: Path, capsys: Captured) -> None:
    sessions.list_sessions(tmp_path)

    assert capsys.readouterr().out == ""

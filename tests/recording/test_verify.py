"""Every recording is a regression test of the session."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.client.entry import Entry
from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import NothingToVerify, side_by_side, verify
from tests.recording.conversation import OPTIONS, record_conversation
from tests.recording.sample import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record_conversation(tmp_path / "s.jsonl")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_an_unchanged_session_wants_what_it_did(path: Path) -> None:
    verdict = verify(read(path))

    assert verdict.different == ()
    assert verdict.steps > 700


def with_later_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: with_later_keys(inner) for key, inner in value.items()}, "later": {"a": [1, None]}}
    return [with_later_keys(inner) for inner in value] if isinstance(value, list) else value


def test_keys_that_a_later_version_adds_anywhere_make_no_difference(path: Path) -> None:
    header, *lines = map(json.loads, path.read_text().splitlines())
    more = [with_later_keys(line) for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *more)))

    verdict = verify(read(path))

    assert verdict.different == ()
    assert verdict.steps > 700


def test_a_line_of_progress_is_told_each_entry(path: Path) -> None:
    known: list[Entry] = []

    def step(entry: Entry) -> Entry:
        known.append(entry)
        return entry

    verify(read(path), step)
    assert known == list(read(path).entries())


def test_another_truncation_is_shown_beside_the_recorded_one(path: Path) -> None:
    change(path, '"audio_end_ms":1700', '"audio_end_ms":1500')

    verdict = verify(read(path))

    assert len(verdict.different) == 1
    shown = side_by_side(verdict, 200)
    assert [line for line in shown.splitlines() if line.startswith("!")]
    assert "1500" in shown
    assert "1700" in shown
    assert "PlaybackStopped" in shown


def test_an_effect_that_is_missing_or_new_is_a_difference(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"type":"StopPlayback"' not in line]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept))

    (step,) = verify(read(path)).different
    assert step.recorded == step.now[1:] or step.recorded == step.now[:-1]
    assert "(nothing)" in side_by_side(verify(read(path)))


def test_other_options_make_another_session(tmp_path: Path) -> None:
    path = record_conversation(tmp_path / "s.jsonl", dataclasses.replace(OPTIONS, greet=False))
    header, rest = path.read_text().split("\n", 1)
    values = json.loads(header)
    values["session"]["greet"] = True
    values["session"]["an_option_of_later"] = 1
    path.write_text(json.dumps(values) + "\n" + rest)

    assert verify(read(path)).different


def test_a_killed_session_is_compared_as_far_as_it_was_written(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    for count in (5, 6, 7, 8, 60, 61):
        path.write_text("".join(lines[:count]))
        assert verify(read(path)).different == ()


def test_what_cannot_be_verified_says_why(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"type":"session.created"}\n')
    with pytest.raises(ConfigError, match="log of another tool"):
        verify(read(tmp_path / "log.jsonl"))

    path = record_conversation(tmp_path / "s.jsonl")
    change(path, '"lost":0', '"lost":3')
    with pytest.raises(ConfigError, match="3 entries"):
        verify(read(path))


def test_where_nothing_happened_nothing_was_verified(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", [])
    with pytest.raises(NothingToVerify, match="nothing to verify"):
        verify(read(tmp_path / "s.jsonl"))

"""Pauses are cut, clocks are read, places are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import read
from realtime_cli.recording.time_warp import TimeWarp, marker_at, time_warp, turn_at
from tests.recording.conversation import record_conversation


def test_a_long_pause_is_cut_to_the_limit_and_time_goes_on_behind_it() -> None:
    times = TimeWarp([1.0, 2.0, 10.0, 11.0], idle_limit_s=1.5)

    assert [times.shown(at) for at in (0.5, 2.0, 3.0, 3.5, 9.0, 10.0, 11.0)] == [
        0.5,
        2.0,
        3.0,
        3.5,
        3.5,
        3.5,
        4.5,
    ]


def test_without_a_limit_nothing_is_cut() -> None:
    assert TimeWarp([1.0, 100.0]).shown(50.0) == 50.0


def test_turns_and_notes_are_places(tmp_path: Path) -> None:
    recording = read(record_conversation(tmp_path / "s.jsonl"))

    assert turn_at(recording, 2) == pytest.approx(3.0, abs=0.05)
    assert marker_at(recording, "GOOD") == 8.0
    with pytest.raises(ConfigError, match="no turn 9"):
        turn_at(recording, 9)
    with pytest.raises(ConfigError, match="No note contains 'x'"):
        marker_at(recording, "x")


def test_the_microphone_and_levels_do_not_make_a_pause_eventful(tmp_path: Path) -> None:
    recording = read(record_conversation(tmp_path / "s.jsonl"))

    assert time_warp(recording, 0.5).shown(14.0) < 11.5

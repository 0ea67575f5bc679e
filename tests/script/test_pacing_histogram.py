"""Lateness as a histogram: what is merged is what was counted."""

from __future__ import annotations

import json

from realtime_cli.script.pacing_histogram import MAX_MS, PacingHistogram


def noted(*late_ms: float) -> PacingHistogram:
    lateness = PacingHistogram()
    for ms in late_ms:
        lateness.note(ms)
    return lateness


def test_without_frames_nothing_is_late() -> None:
    assert PacingHistogram().percentile_ms(0.99) == 0
    assert PacingHistogram().reliable


def test_one_late_frame_in_a_hundred_is_forgiven_and_two_are_not() -> None:
    assert noted(*[1.0] * 99, 500.0).reliable
    assert not noted(*[1.0] * 98, 500.0, 500.0).reliable


def test_a_frame_late_by_a_frame_is_the_limit() -> None:
    assert noted(20.0).reliable
    assert not noted(20.1).reliable


def test_frames_before_their_time_and_beyond_all_measure_are_counted_at_the_ends() -> None:
    assert noted(-3.0, 1e9).counts == {0: 1, MAX_MS: 1}


def test_what_was_taken_adds_up_elsewhere() -> None:
    here, there = noted(0.4, 0.6, 7.2), noted(30.0)
    there.add(json.loads(json.dumps(here.taken())))
    assert here.frames == 0
    assert there.counts == {1: 2, 8: 1, 30: 1}

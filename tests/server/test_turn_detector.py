"""Turn detection by literal probabilities."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.server.settings import SEMANTIC_VAD, SERVER_VAD
from realtime_cli.server.turn_detector import (
    WINDOW_MS,
    TurnDetector,
    TurnEnded,
    TurnMark,
    TurnPaused,
    TurnResumed,
    TurnStarted,
    looks_complete,
)


def detector(start_ms: float = 0.0, **settings: Any) -> TurnDetector:
    base = SEMANTIC_VAD if settings.get("type") == "semantic_vad" else SERVER_VAD
    return TurnDetector({**base, **settings}, start_ms)


def feed(detect: TurnDetector, *runs: tuple[int, float]) -> list[TurnMark]:
    """Runs of (windows, probability)."""
    return [
        mark for windows, probability in runs for _ in range(windows) for mark in detect.feed(probability)
    ]


def test_speech_begins_where_its_first_window_began():
    assert feed(detector(1000), (3, 0.1), (2, 0.9)) == [TurnStarted(1000 + 3 * WINDOW_MS)]


def test_a_click_is_no_speech():
    assert feed(detector(), (1, 0.9), (1, 0.1), (1, 0.9), (5, 0.1)) == []


def test_a_turn_ends_after_the_silence_that_was_asked_for():
    marks = feed(detector(silence_duration_ms=480), (10, 0.9), (20, 0.0))
    assert marks == [TurnStarted(0), TurnPaused(0, 320), TurnEnded(0, 320, 320 + 480)]


def test_a_short_silence_is_long_enough_when_it_was_asked_for():
    assert feed(detector(silence_duration_ms=0), (3, 0.9), (1, 0.0))[-1] == TurnEnded(0, 96, 128)


def test_who_goes_on_has_not_ended():
    marks = feed(detector(silence_duration_ms=500), (10, 0.9), (9, 0.0), (2, 0.9), (9, 0.0), (9, 0.0))
    assert [type(mark) for mark in marks] == [TurnStarted, TurnPaused, TurnResumed, TurnPaused, TurnEnded]
    assert marks[-1] == TurnEnded(0, 21 * WINDOW_MS, (21 + 16) * WINDOW_MS)


def test_a_fading_vowel_does_not_flicker_but_noise_does_not_resume():
    assert feed(detector(), (5, 0.9), (30, 0.4)) == [TurnStarted(0)], "still loud enough to go on"
    marks = feed(detector(), (5, 0.9), (1, 0.0), (30, 0.4))
    assert isinstance(marks[-1], TurnEnded)


def test_the_threshold_is_the_clients():
    assert feed(detector(threshold=0.95), (20, 0.9)) == []
    assert feed(detector(threshold=0.2), (2, 0.3)) == [TurnStarted(0)]


def test_a_second_turn_is_a_turn_like_the_first():
    detect = detector(silence_duration_ms=320)
    feed(detect, (10, 0.9), (10, 0.0))
    assert feed(detect, (2, 0.9)) == [TurnStarted(20 * WINDOW_MS)]


@pytest.mark.parametrize(
    ("eagerness", "text", "wait_ms"),
    [
        ("auto", "What time is it?", 608),
        ("high", "What time is it?", 416),
        ("low", "What time is it?", 1024),
        ("auto", "I would like to", 4000),
        ("high", "I would like to", 2016),
        ("low", "Well, um...", 8000),
    ],
)
def test_semantic_detection_waits_for_words_that_are_complete(eagerness: str, text: str, wait_ms: int):
    detect = detector(type="semantic_vad", eagerness=eagerness)
    assert isinstance(feed(detect, (10, 0.9), (8, 0.0))[-1], TurnPaused)
    detect.judge_transcript(text)
    ended = feed(detect, (300, 0.0))
    assert ended == [TurnEnded(0, 320, 320 + wait_ms)]


def test_words_of_before_do_not_count_for_what_follows():
    detect = detector(type="semantic_vad", eagerness="high")
    feed(detect, (10, 0.9), (8, 0.0))
    detect.judge_transcript("Stop.")
    assert feed(detect, (2, 0.9), (20, 0.0)) == [TurnResumed(), TurnPaused(0, 640)]


@pytest.mark.parametrize(
    "text", ["", "I want to go to", "and then the", "Well,", "So…", "My name is.", "one, two -"]
)
def test_unfinished(text: str):
    assert not looks_complete(text)


@pytest.mark.parametrize("text", ["Hello.", "What time is it?", "Set a timer for ten minutes", "Yes"])
def test_finished(text: str):
    assert looks_complete(text)

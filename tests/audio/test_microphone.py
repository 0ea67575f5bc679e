"""What a microphone says of its own condition."""

from __future__ import annotations

import numpy as np

from realtime_cli.audio.microphone import ZEROS_S, Condition

ZEROS = np.zeros(480, np.int16)
SOUND = np.full(480, 900, np.int16)
LOUD = np.full(480, 32767, np.int16)


def told(condition: Condition, frame: np.ndarray, begin_s: float, seconds: float) -> list[str]:
    times = [begin_s + step * 0.02 for step in range(round(seconds / 0.02))]
    return [words for at_s in times if (words := condition.frame(at_s, frame))]


def test_only_zeros_from_the_beginning_are_told_once():
    condition = Condition()
    assert told(condition, ZEROS, 0, ZEROS_S) == []
    (zeros,) = told(condition, ZEROS, ZEROS_S, 20)
    assert "nothing but zeros" in zeros
    assert told(condition, SOUND, 30, 1) == ["The microphone gives sound now."]


def test_a_gate_that_closes_between_words_is_no_fault():
    condition = Condition()
    assert told(condition, SOUND, 0, 1) == []
    assert told(condition, ZEROS, 1, 30) == []


def test_clipping_is_told_once_a_minute():
    condition = Condition()
    (clips,) = told(condition, LOUD, 0, 30)
    assert "clips" in clips

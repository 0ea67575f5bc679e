"""What was said before it was sure is sent late, and the time is made up for."""

from __future__ import annotations

import numpy as np

from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.pre_roll import PreRoll

STEP = 240


def step(value: int) -> Samples:
    return np.full(STEP, value, np.int16)


def values(sent: Samples) -> list[int]:
    return sent[::STEP].tolist()


def test_the_last_of_what_was_withheld_goes_before_the_words() -> None:
    pre_roll = PreRoll(length_ms=30, step_ms=10)
    assert [values(pre_roll.withhold([step(at)])) for at in range(1, 6)] == [[0]] * 5
    assert values(pre_roll.release([step(6)])) == [3, 4, 5, 6]
    assert values(pre_roll.release([step(7)])) == [7]


def test_as_much_silence_is_left_out_as_was_sent_late() -> None:
    pre_roll = PreRoll(length_ms=30, step_ms=10)
    sent = [pre_roll.withhold([step(at)]) for at in range(5)]
    sent += [pre_roll.release([step(5)])]
    sent += [pre_roll.withhold([step(at)]) for at in range(6, 10)]
    assert [len(part) for part in sent[6:]] == [0, 0, 0, STEP]
    assert sum(map(len, sent)) == 10 * STEP


def test_it_is_never_further_ahead_than_it_is_long() -> None:
    pre_roll, chance = PreRoll(length_ms=30, step_ms=10), np.random.default_rng(5)
    sent = 0
    for taken in range(1, 2000):
        act = pre_roll.withhold if chance.random() < 0.5 else pre_roll.release
        sent += len(act([step(1)]))
        assert 0 <= sent - taken * STEP <= 3 * STEP


def test_words_that_become_known_late_go_in_order() -> None:
    pre_roll = PreRoll(length_ms=30, step_ms=10)
    for _ in range(5):
        assert values(pre_roll.withhold([])) == [0]
    pre_roll.withhold([step(2), step(3)])
    assert values(pre_roll.release([step(4), step(5), step(6), step(7)])) == [4, 5, 6, 7]


def test_what_is_forgotten_is_not_sent() -> None:
    pre_roll = PreRoll(length_ms=30, step_ms=10)
    pre_roll.withhold([step(1)])
    pre_roll.forget()
    assert values(pre_roll.release([step(2)])) == [2]

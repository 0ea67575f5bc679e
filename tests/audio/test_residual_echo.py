"""The rest of the echo: how much it is, and when the gate closes on it."""

from __future__ import annotations

import pytest

from realtime_cli.audio.pcm import STEP_MS, silence
from realtime_cli.audio.residual_echo import EchoPathDetector, ErleEstimator, ResidualEchoSuppressor
from tests.audio.room import tone


def test_the_estimate_does_not_take_the_user_for_echo() -> None:
    estimate = ErleEstimator()
    for _ in range(200):
        estimate.frame(tone(20, 3000), tone(20, 1000), tone(20, 10))
    assert estimate.erle_db == pytest.approx(40, abs=1)
    for _ in range(200):
        estimate.frame(tone(20, 3000), tone(20, 9000), tone(20, 8900))
    assert estimate.erle_db == pytest.approx(40, abs=1)
    assert ErleEstimator().erle_db is None
    assert ErleEstimator().residual_dbfs is None


def test_the_gate_is_open_while_the_agent_is_silent() -> None:
    gate = ResidualEchoSuppressor()
    soft = tone(STEP_MS, 5)
    assert gate.step(silence(240), tone(STEP_MS, 5000), soft) is soft


def test_the_gate_closes_on_what_lies_far_under_the_echo() -> None:
    gate = ResidualEchoSuppressor()
    for _ in range(3):
        left = gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 3000), tone(STEP_MS, 200), learning=True)
    assert not left.any()


def test_the_gate_opens_at_once_for_a_voice() -> None:
    gate = ResidualEchoSuppressor()
    for _ in range(3):
        gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 3000), tone(STEP_MS, 200))
    opening = gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 4000), tone(STEP_MS, 2500))
    assert opening[-1] == 2500
    assert gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 4000), tone(STEP_MS, 2500)).tolist() == [2500] * 240


def test_a_first_word_that_the_canceller_takes_a_part_of_does_not_shut_the_gate() -> None:
    gate = ResidualEchoSuppressor()
    for _ in range(100):
        gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 0), tone(STEP_MS, 0))
    for _ in range(30):
        left = gate.step(tone(STEP_MS, 3000), tone(STEP_MS, 3000), tone(STEP_MS, 600))
    assert left.any()


def learned() -> ResidualEchoSuppressor:
    """It knows the way: the echo is 10 dB softer than what was given."""
    gate = ResidualEchoSuppressor()
    gate.step(silence(240), tone(STEP_MS, 10), tone(STEP_MS, 10))  # the room
    for _ in range(100):
        gate.step(tone(STEP_MS, 9500), tone(STEP_MS, 3000), tone(STEP_MS, 30), learning=True)
    return gate


def test_when_the_agent_begins_again_after_a_pause_the_gate_still_knows_how_loud_the_echo_is() -> None:
    gate = learned()
    for _ in range(500):
        gate.step(silence(240), silence(240), silence(240))
    for _ in range(3):
        left = gate.step(tone(STEP_MS, 9500), tone(STEP_MS, 3000), tone(STEP_MS, 250))
    assert not left.any()


def test_what_resembles_the_agent_must_be_louder_than_its_echo() -> None:
    for correlation, passes in ((0.0, True), (0.5, False), (0.7, False)):
        gate = learned()
        for _ in range(3):
            left = gate.step(
                tone(STEP_MS, 9500), tone(STEP_MS, 3000), tone(STEP_MS, 1400), correlation=correlation
            )
        assert bool(left.any()) == passes, correlation


def test_after_a_long_time_with_headphones_an_echo_is_believed_within_a_second() -> None:
    gate = learned()
    for _ in range(6000):
        gate.step(tone(STEP_MS, 9500), silence(240), silence(240))
    for _ in range(100):
        left = gate.step(tone(STEP_MS, 9500), tone(STEP_MS, 3000), tone(STEP_MS, 100), correlation=0.5)
    assert not left.any()


def test_headphones_have_no_echo_path_also_while_the_user_speaks() -> None:
    path = EchoPathDetector()
    for _ in range(100):
        path.frame(tone(20, 3000), tone(20, 1))
    assert path.absent
    for _ in range(40):
        path.frame(tone(20, 3000), tone(20, 4000))
    assert path.absent
    path.reset()
    assert not path.absent


def test_a_room_has_an_echo_path() -> None:
    path = EchoPathDetector()
    for _ in range(200):
        path.frame(tone(20, 3000), tone(20, 100))
    assert not path.absent


def test_the_noise_of_a_room_is_no_voice_however_soft_the_last_echo_was() -> None:
    gate = learned()
    for _ in range(2000):
        gate.step(silence(240), tone(STEP_MS, 300), tone(STEP_MS, 300))
    for _ in range(10):
        gate.step(tone(STEP_MS, 10), tone(STEP_MS, 320), tone(STEP_MS, 320))
    assert not gate.near_end_speaks
    for _ in range(10):
        gate.step(tone(STEP_MS, 10), tone(STEP_MS, 3000), tone(STEP_MS, 3000))
    assert gate.near_end_speaks


def test_a_user_is_louder_than_the_echo_and_an_echo_that_gets_through_is_not() -> None:
    gate = learned()
    for _ in range(10):
        gate.step(tone(STEP_MS, 9500), tone(STEP_MS, 3000), tone(STEP_MS, 2900))
    assert gate.near_end_speaks
    assert not gate.louder_than_echo
    for _ in range(4):
        gate.step(tone(STEP_MS, 9500), tone(STEP_MS, 7000), tone(STEP_MS, 2900))
    assert gate.louder_than_echo

"""Streaming conversion: even, early, and the same sound."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.resample import Resampler, convert

PAIRS = [
    (48_000, 24_000),
    (44_100, 24_000),
    (24_000, 48_000),
    (24_000, 44_100),
    (8_000, 24_000),
    (24_000, 8_000),
]


def sine(hz: float, rate_hz: int, seconds: float = 1.0) -> np.ndarray:
    return (16_000 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.int16)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_after_the_first_block_the_output_is_even(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    sound = sine(440, from_hz)
    lengths = [len(resampler.feed(block)) for block in np.split(sound, 50)]
    assert set(lengths[1:]) == {to_hz // 50}


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_at_most_2_ms_are_held_between_device_rates_and_2_5_for_telephone(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    given = len(resampler.feed(sine(440, from_hz)))
    assert 0 < resampler.held_ms <= (2.6 if 8_000 in (from_hz, to_hz) else 1.0)
    assert given + len(resampler.flush()) == to_hz
    assert resampler.held_ms == 0


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_tone_stays_the_tone(from_hz: int, to_hz: int) -> None:
    converted = convert(sine(1000, from_hz), from_hz, to_hz)
    assert abs(len(converted) - to_hz) <= 2
    expected = sine(1000, to_hz)[: len(converted)].astype(float)
    middle = slice(to_hz // 10, -to_hz // 10)
    error = np.abs(converted[: len(expected)][middle] - expected[middle])
    assert error.max() < 16_000 * 10 ** (-60 / 20)


def test_what_would_alias_is_gone() -> None:
    converted = convert(sine(15_000, 48_000), 48_000, 24_000)
    assert np.abs(converted[2400:-2400]).max() < 16_000 * 10 ** (-60 / 20)


def test_equal_rates_pass_through_and_load_no_library() -> None:
    resampler = Resampler(24_000, 24_000)
    block = sine(440, 24_000)
    assert resampler.feed(block) is block
    assert resampler.held_ms == 0
    assert len(resampler.flush()) == 0


def test_a_new_stream_after_flush() -> None:
    resampler = Resampler(48_000, 24_000)
    first = np.concatenate([resampler.feed(sine(440, 48_000)), resampler.flush()])
    second = np.concatenate([resampler.feed(sine(440, 48_000)), resampler.flush()])
    assert first.tolist() == second.tolist()

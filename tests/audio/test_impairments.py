"""Rooms, microphones and lines: each does to a sound what it says."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.impairments import (
    amplified,
    concealed,
    in_room,
    lost_packets,
    overdriven,
    stretched,
    through_g711,
)
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Floats, Samples, dbfs, to_float, to_int16
from tests.kit.speech import clip


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(hz: float, seconds: float = 1.0, size: float = 0.3) -> Floats:
    return (size * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def pitch(sound: Floats) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() / len(sound) * RATE_HZ)


def test_a_room_lets_a_sound_die_away_as_slowly_as_it_is_told() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[0] = 1
    energy = np.cumsum(in_room(click, 600, chance())[::-1].astype(np.float64) ** 2)[::-1]  # Schroeder
    decay_db = 10 * np.log10(energy[1:] / energy[1])
    fell_5, fell_25 = (int(np.flatnonzero(decay_db < -db)[0]) for db in (5, 25))
    assert 3 * (fell_25 - fell_5) / RATE_HZ * 1000 == pytest.approx(600, rel=0.1)


def test_a_room_keeps_length_and_level() -> None:
    voice = to_float(clip("heart-06"))
    heard = in_room(voice, 400, chance())
    assert len(heard) == len(voice)
    assert dbfs(to_int16(heard)) == pytest.approx(dbfs(clip("heart-06")), abs=1.5)


def test_gain_is_in_decibels_and_clipping_takes_the_peaks() -> None:
    sound = tone(440)
    assert dbfs(to_int16(amplified(sound, -20))) == pytest.approx(dbfs(to_int16(sound)) - 20, abs=0.1)
    driven = overdriven(sound, 6)
    assert np.abs(driven).max() == 1
    assert np.mean(np.abs(driven) > 0.999) == pytest.approx(2 / 3, abs=0.01)  # of a sine, over half its peak


@pytest.mark.parametrize("speed", [0.7, 1.3, 2.0])
def test_faster_speech_is_shorter_and_of_the_same_pitch(speed: float) -> None:
    sound = stretched(tone(220), speed)
    assert len(sound) == pytest.approx(RATE_HZ / speed, abs=1)
    assert pitch(sound) == pytest.approx(220, abs=4)
    inner = sound[len(sound) // 4 : -len(sound) // 4]
    assert dbfs(to_int16(inner)) == pytest.approx(dbfs(to_int16(tone(220))), abs=1)


@pytest.mark.parametrize("a_law", [False, True])
def test_a_telephone_lets_nothing_above_4_khz_through(a_law: bool) -> None:
    assert dbfs(through_g711(to_int16(tone(6000)), a_law=a_law)) < -60
    spoken = through_g711(to_int16(tone(1000)), a_law=a_law)
    assert len(spoken) == RATE_HZ
    assert dbfs(spoken) == pytest.approx(dbfs(to_int16(tone(1000))), abs=0.5)
    assert pitch(to_float(spoken)) == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(("share", "burst"), [(0.05, 1), (0.2, 1), (0.1, 3)])
def test_so_many_packets_are_lost_in_bursts_so_long(share: float, burst: float) -> None:
    lost = lost_packets(50_000, share, burst, 0, chance())
    begins = int(np.sum(lost[1:] & ~lost[:-1]))
    assert lost.mean() == pytest.approx(share, rel=0.1)
    assert lost.sum() / begins == pytest.approx(burst if burst > 1 else 1 / (1 - share), rel=0.35)


def test_only_what_comes_too_late_is_lost_by_jitter() -> None:
    assert not lost_packets(1000, 0, 1, 0, chance()).any()
    assert lost_packets(50_000, 0, 1, 20, chance()).mean() == pytest.approx(np.exp(-3), rel=0.1)


def without(sound: Samples, *packets: int) -> Samples:
    lost = np.zeros(len(sound) // FRAME_SAMPLES, np.bool_)
    lost[list(packets)] = True
    return concealed(sound, lost)


def packet(sound: Samples, number: int) -> Samples:
    return sound[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]


def test_a_gap_in_a_vowel_is_filled_and_a_long_one_fades_to_silence() -> None:
    sound = to_int16(tone(150))
    filled = without(sound, 10)
    assert np.abs(packet(filled, 10).astype(int) - packet(sound, 10))[:240].max() < 2000
    assert np.array_equal(packet(filled, 9), packet(sound, 9))
    faded = without(sound, 10, 11, 12, 13, 14)
    levels = [dbfs(packet(faded, number)) for number in range(9, 15)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == -120
    assert np.array_equal(packet(faded, 16), packet(sound, 16))


def test_a_gap_at_the_very_beginning_is_silent() -> None:
    assert dbfs(packet(without(to_int16(tone(150)), 0), 0)) == -120

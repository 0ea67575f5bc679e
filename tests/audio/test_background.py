"""Noise that is made: of the level and the kind that was asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from realtime_cli.audio.background import at_level, crowd, pitched, room_noise, speech_rms, television
from realtime_cli.audio.pcm import RATE_HZ, Floats, to_float
from tests.kit.speech import clip

VOICE = to_float(clip("heart-06"))
SECONDS = 2 * RATE_HZ
MADE: dict[str, Callable[[np.random.Generator], Floats]] = {
    "room": lambda chance: room_noise(SECONDS, chance),
    "crowd": lambda chance: crowd([VOICE, to_float(clip("michael-05"))], SECONDS, chance),
    "television": lambda chance: television(VOICE, SECONDS, chance),
}


@pytest.mark.parametrize("kind", MADE)
def test_noise_is_alike_for_the_same_chance_only(kind: str) -> None:
    one, again, other = (MADE[kind](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(one) == SECONDS
    assert np.array_equal(one, again)
    assert not np.allclose(one, other, atol=0.01)
    assert np.abs(one).max() < 1


def test_the_level_of_speech_leaves_its_pauses_out() -> None:
    paused = np.concatenate([np.zeros(3 * RATE_HZ, np.float32), VOICE, np.zeros(RATE_HZ, np.float32)])
    assert speech_rms(paused) == pytest.approx(speech_rms(VOICE), rel=0.01)
    assert speech_rms(at_level(paused, 0.05)) == pytest.approx(0.05, rel=0.1)
    assert speech_rms(np.zeros(RATE_HZ, np.float32)) == 0


def test_a_room_has_more_low_sound_than_high() -> None:
    spectrum = np.abs(np.fft.rfft(room_noise(SECONDS, np.random.default_rng(0)))) ** 2
    hz = np.fft.rfftfreq(SECONDS, 1 / RATE_HZ)
    low, high = (spectrum[(hz > begin) & (hz < 2 * begin)].mean() for begin in (300, 4800))
    assert 10 * np.log10(low / high) == pytest.approx(12, abs=1.5)  # four octaves


def test_a_television_has_no_low_sound() -> None:
    spectrum = np.abs(np.fft.rfft(television(VOICE, SECONDS, np.random.default_rng(0)))) ** 2
    assert spectrum[: 2 * 100].sum() < 1e-6 * spectrum.sum()


def test_a_higher_voice_is_shorter_by_as_much() -> None:
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    higher = pitched(tone, 1.25)
    assert len(higher) == pytest.approx(RATE_HZ / 1.25, abs=2)
    assert np.abs(np.fft.rfft(higher)).argmax() / len(higher) * RATE_HZ == pytest.approx(375, abs=3)

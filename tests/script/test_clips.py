"""Sounds that scripts say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, silence
from realtime_cli.errors import ConfigError
from realtime_cli.script import clips
from realtime_cli.script.clips import clip_from


def test_a_clip_knows_where_its_sound_begins_and_ends() -> None:
    tone = (8000 * np.sin(np.arange(RATE_HZ // 10) / 5)).astype(np.int16)
    clip = clips.clip_of(np.concatenate([silence(RATE_HZ // 10), tone, silence(RATE_HZ // 5 + 7)]))
    assert clip.sounding == (5, 9)
    assert {len(frame) for frame in clip.frames} == {FRAME_SAMPLES}
    assert clip.seconds == pytest.approx(0.42)


def test_silence_counts_as_a_whole() -> None:
    clip = clips.silent(100)
    assert (len(clip.frames), clip.sounding) == (5, (0, 4))


def test_keys_are_pairs_of_tones() -> None:
    samples = clips.dtmf("5").astype(np.float32)
    spectrum, hz = np.abs(np.fft.rfft(samples)), np.fft.rfftfreq(len(samples), 1 / RATE_HZ)

    def strongest(low_hz: float, high_hz: float) -> float:
        band = (hz > low_hz) & (hz < high_hz)
        return float(hz[band][spectrum[band].argmax()])

    assert strongest(600, 1000) == pytest.approx(770, abs=10)
    assert strongest(1100, 1700) == pytest.approx(1336, abs=10)


RAMP = np.arange(-480, 480, dtype=np.int16) * 30


@pytest.mark.parametrize(
    "sound",
    [
        RAMP,
        (RAMP / 32768).astype(np.float32),
        RAMP / 32768,
        RAMP.astype("<i2").tobytes(),
        bytearray(RAMP.astype("<i2").tobytes()),
        [RAMP[:100], RAMP[100:]],
        (piece for piece in (RAMP[:7].astype("<i2").tobytes(), RAMP[7:].astype("<i2").tobytes())),
        [RAMP.astype("<i2").tobytes()[:33], RAMP.astype("<i2").tobytes()[33:]],
    ],
    ids=["int16", "float32", "float64", "bytes", "bytearray", "list", "generator", "odd bytes"],
)
def test_sound_may_come_in_any_of_these_shapes(sound: Any) -> None:
    clip = clip_from(sound)
    assert np.abs(np.concatenate(clip.frames).astype(int) - RAMP).max() <= 1


@pytest.mark.parametrize("sound", [b"", [], b"abc", np.zeros((2, 480), np.int16), np.zeros(480, np.int64), 3])
def test_what_is_no_sound_is_refused(sound: Any) -> None:
    with pytest.raises(ConfigError):
        clip_from(sound)


@pytest.mark.parametrize("sound", [RAMP.astype(np.float32), np.array([0.0, np.nan]), np.array([np.inf])])
def test_floats_of_another_scale_are_no_noise_but_an_error(sound: Any) -> None:
    with pytest.raises(ConfigError, match="go from -1 to 1"):
        clip_from(sound)

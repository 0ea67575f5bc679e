"""Sounds that scripts say."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, silence
from realtime_cli.script import clips


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
    samples = np.concatenate(clips.dtmf("5").frames).astype(np.float32)
    spectrum, hz = np.abs(np.fft.rfft(samples)), np.fft.rfftfreq(len(samples), 1 / RATE_HZ)

    def strongest(low_hz: float, high_hz: float) -> float:
        band = (hz > low_hz) & (hz < high_hz)
        return float(hz[band][spectrum[band].argmax()])

    assert strongest(600, 1000) == pytest.approx(770, abs=10)
    assert strongest(1100, 1700) == pytest.approx(1336, abs=10)

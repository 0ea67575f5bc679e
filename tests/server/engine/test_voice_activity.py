"""Speech is found in speech and not in room tone, however the sound is cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.server.engine.crop import find_speech
from realtime_cli.server.engine.voice_activity import VoiceActivity
from tests.kit.speech import clip, transcripts

pytestmark = pytest.mark.xdist_group("voice")
SPOKEN = sorted(name for name, words in transcripts().items() if words)


def test_room_tone_has_no_onset() -> None:
    probabilities = VoiceActivity().feed(clip("more-case-silence"))
    assert len(probabilities) > 90
    assert max(probabilities) < 0.1


@pytest.mark.parametrize("name", SPOKEN)
def test_every_clip_is_speech_with_quiet_around_it(name: str) -> None:
    sound = clip(name)
    speech = find_speech(VoiceActivity().feed(sound))
    assert speech is not None
    assert 200 <= speech.onset_ms < speech.end_ms <= len(sound) / 24 - 100


@pytest.mark.parametrize("block", [1, 480, 777, 24_000])
def test_the_blocks_do_not_matter(block: int) -> None:
    sound = clip("more-case-stop")[:12_000] if block == 1 else clip("more-case-stop")
    whole, cut = VoiceActivity(), VoiceActivity()
    expected = whole.feed(sound)
    got = [each for start in range(0, len(sound), block) for each in cut.feed(sound[start : start + block])]
    assert got == pytest.approx(expected[: len(got)], abs=0.02)
    assert len(expected) - len(got) <= 1


def test_one_probability_for_each_window() -> None:
    detector = VoiceActivity()
    assert detector.window_ms == 32
    assert len(detector.feed(np.zeros(24_000, np.int16))) == 31  # 1000 ms / 32 ms, the rest waits
    assert detector.feed(np.zeros(0, np.int16)) == []


def test_a_reset_forgets_the_voice_before() -> None:
    detector = VoiceActivity()
    detector.feed(clip("heart-01")[: 24_000 * 3 // 2])
    detector.reset()
    assert detector.feed(clip("heart-02")) == VoiceActivity().feed(clip("heart-02"))

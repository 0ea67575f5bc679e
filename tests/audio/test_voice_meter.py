"""Who speaks, by level alone."""

from __future__ import annotations

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, silence
from realtime_cli.audio.voice_meter import AGENT, USER, VoiceMeter


def tone(ms: int, level: int) -> np.ndarray:
    return np.full(ms * SAMPLES_PER_MS, level, np.int16)


def test_an_agent_whose_stream_begins_with_speech_is_heard():
    changes = VoiceMeter(AGENT).feed(np.concatenate([tone(500, 5000), silence(24_000)]))
    assert [(change.speaking, change.position_ms) for change in changes] == [(True, 0), (False, 500)]


def test_a_room_that_is_loud_from_the_beginning_is_no_user():
    assert VoiceMeter(USER).feed(tone(3_000, 200)) == []


def test_noise_that_begins_after_digital_silence_is_a_user_for_seconds_not_half_a_minute():
    changes = VoiceMeter(USER).feed(np.concatenate([silence(24_000), tone(8_000, 250)]))
    assert [change.speaking for change in changes] == [True, False]

"""What was said, cut out whole: a server hears the beginning late, and the end early."""

from __future__ import annotations

import numpy as np

from realtime_cli.script.recorded_clips import RecordedClips

RATE_HZ = 24_000


def sounding(*spans: tuple[float, float, int], seconds: float = 6.0, noise: int = 0) -> np.ndarray:
    """Silence, or a hum as loud as ``noise``, with tones of these amplitudes between these times."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    made = noise * np.sin(2 * np.pi * 90 * time_s)
    for begin, end, loud in spans:
        made += np.where((time_s >= begin) & (time_s < end), loud * np.sin(2 * np.pi * 300 * time_s), 0)
    return made.astype(np.int16)


def test_a_soft_beginning_that_the_server_missed_is_kept() -> None:
    soft_then_loud = sounding((2.0, 2.5, 90), (2.5, 4.0, 6000))
    clip, at = RecordedClips(soft_then_loud).whole(2.6, 4.2, 0.0)
    assert abs(at - 1.75) < 0.03, "a quarter of a second of quiet, then the first soft sound"
    assert len(clip) / RATE_HZ > 2.4


def test_an_end_that_the_server_told_too_early_is_kept() -> None:
    clip, at = RecordedClips(sounding((2.0, 4.0, 6000))).whole(2.0, 3.6, 0.0)
    assert abs(at + len(clip) / RATE_HZ - 4.1) < 0.03


def test_it_goes_back_neither_over_a_pause_nor_into_what_was_said_before() -> None:
    twice = sounding((1.0, 2.0, 6000), (2.4, 4.0, 6000))
    assert abs(RecordedClips(twice).whole(2.5, 4.0, 0.0)[1] - 2.15) < 0.03
    close = sounding((1.0, 2.0, 6000), (2.1, 4.0, 6000))
    assert RecordedClips(close).whole(2.5, 4.0, 2.0)[1] == 2.0


def test_a_room_that_hums_is_no_beginning() -> None:
    humming = sounding((2.0, 4.0, 6000), noise=200)
    assert abs(RecordedClips(humming).whole(2.1, 4.0, 0.0)[1] - 1.75) < 0.03


def test_nothing_is_heard_in_silence_and_where_no_sound_is() -> None:
    assert not len(RecordedClips(sounding()).whole(1.0, 2.0, 0.0)[0])
    assert not len(RecordedClips(np.zeros(0, np.int16)).whole(1.0, 2.0, 0.0)[0])

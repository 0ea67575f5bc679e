"""Where speech is in a sound, and which part of it the recogniser gets."""

from __future__ import annotations

import numpy as np

from realtime_cli.server.engine.crop import Speech, crop, find_speech, pieces, quietest


def test_from_the_first_onset_to_the_last_speech() -> None:
    assert find_speech([0, 0, 0.9, 0.9, 0, 0, 0.8, 0.8, 0]) == Speech(onset_ms=64, end_ms=256)


def test_a_click_is_no_speech() -> None:
    assert find_speech([0, 0.9, 0, 0, 0.9, 0]) is None
    assert find_speech([]) is None
    assert find_speech([0.9]) is None


def test_100_ms_before_and_250_ms_after() -> None:
    sound = np.arange(24 * 2000).astype(np.int16)
    cut = crop(sound, onset_ms=500, end_ms=1000)
    assert len(cut) == 850 * 24
    assert cut[0] == sound[400 * 24]


def test_a_crop_stays_inside_the_sound() -> None:
    sound = np.zeros(24 * 300, np.int16)
    assert len(crop(sound, onset_ms=20, end_ms=290)) == len(sound)


def test_a_long_sound_is_cut_in_its_pause_and_nothing_is_lost() -> None:
    sound = np.full(24_000 * 15, 5000, np.int16)
    sound[24_000 * 10 : 24_000 * 10 + 4800] = 3
    parts = list(pieces(sound))
    assert np.array_equal(np.concatenate(parts), sound)
    assert [round(len(part) / 24_000, 1) for part in parts] == [10.1, 5.0]


def test_a_sound_without_pauses_is_cut_all_the_same() -> None:
    parts = list(pieces(np.full(24_000 * 30, 5000, np.int16)))
    assert max(map(len, parts)) <= 24_000 * 12
    assert list(pieces(np.zeros(0, np.int16))) == []


def test_the_quietest_place_is_looked_for_near_the_end_only() -> None:
    sound = np.full(24_000, 900, np.int16)
    sound[:12_000] = 0
    sound[20_000:23_000] = 9
    assert 20_000 < quietest(sound, 9_600) < 23_000

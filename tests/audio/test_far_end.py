"""The reference keeps step with the microphone, whatever comes late."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.far_end import FarEnd
from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples


def numbered(place: int, count: int = FRAME_SAMPLES) -> Samples:
    return np.full(count, place, np.int16)


def firsts(reference: FarEnd, count: int) -> list[int]:
    return [int(reference.take(FRAME_SAMPLES)[0]) for _ in range(count)]


def started() -> FarEnd:
    """Aligned: block 1 taken, block 2 in hand."""
    reference = FarEnd()
    reference.put(numbered(1))
    assert firsts(reference, 1) == [0], "it waits for one in hand"
    reference.put(numbered(2))
    assert firsts(reference, 1) == [1]
    return reference


def test_a_frame_takes_as_much_as_it_is_long() -> None:
    reference = started()
    for place in range(3, 9):
        reference.put(numbered(place))
        assert firsts(reference, 1) == [place - 1]
    assert reference.misses == 0


def test_one_late_block_is_bridged_by_the_one_in_hand() -> None:
    reference = started()
    assert firsts(reference, 1) == [2]
    reference.put(numbered(3))
    reference.put(numbered(4))
    assert firsts(reference, 2) == [3, 4]
    assert reference.misses == 0


def test_what_comes_still_later_is_dropped_when_it_comes() -> None:
    reference = started()
    assert firsts(reference, 2) == [2, 0]
    reference.put(numbered(3))
    reference.put(numbered(4))
    assert firsts(reference, 1) == [4]
    assert (reference.misses, reference.realigned) == (1, 0)


def test_a_loudspeaker_that_stood_is_aligned_anew() -> None:
    reference = started()
    firsts(reference, 10)
    assert reference.realigned == 1
    given = []
    for place in range(3, 13):
        reference.put(numbered(place))
        given += firsts(reference, 1)
    assert given == [0, *range(3, 12)]


def test_devices_that_start_in_bursts_are_aligned_until_the_first_sound() -> None:
    reference = FarEnd()
    for _ in range(7):
        reference.put(numbered(0))
    firsts(reference, 20)
    for _ in range(3):
        reference.put(numbered(0))
        firsts(reference, 1)
    given = []
    for place in range(1, 6):
        reference.put(numbered(place))
        given += firsts(reference, 1)
    assert given == [0, 1, 2, 3, 4]
    assert (reference.misses, reference.realigned) == (0, 0)


def test_misses_again_and_again_are_a_slip_though_never_many_in_a_row() -> None:
    reference = started()
    firsts(reference, 1)
    for place in range(3, 40, 2):  # two blocks come together, just after the frame that wants the first
        firsts(reference, 1)
        reference.put(numbered(place))
        reference.put(numbered(place + 1))
        firsts(reference, 1)
    assert reference.realigned == 1
    assert reference.misses <= 5


def test_a_busy_loop_does_not_shift_it() -> None:
    reference = started()
    for place in range(3, 13):
        reference.put(numbered(place))
    assert firsts(reference, 10) == list(range(2, 12))
    assert (reference.misses, reference.realigned) == (0, 0)


def test_what_drift_piles_up_is_taken_out() -> None:
    reference = started()
    for place in range(3, 7):
        reference.put(numbered(place))
    given = []
    for place in range(7, 250):
        reference.put(numbered(place))
        given += firsts(reference, 1)
    assert reference.realigned == 1
    assert given[-1] >= 247


@pytest.mark.parametrize("size", [240, 441, 480, 960])
def test_blocks_of_any_length(size: int) -> None:
    reference = FarEnd()
    counted = np.arange(1, 30_001, dtype=np.int16)
    taken = []
    for start in range(0, len(counted), size):
        reference.put(counted[start : start + size])
        while (len(taken) + 3) * FRAME_SAMPLES <= start + size:
            taken.append(reference.take(FRAME_SAMPLES))
    sound = np.concatenate(taken)
    sound = sound[sound != 0]
    assert sound.tolist() == list(range(sound[0], sound[0] + len(sound)))
    assert len(sound) > 25_000

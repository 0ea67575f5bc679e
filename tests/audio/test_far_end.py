"""The far_end keeps step with the microphone, whatever comes late."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.far_end import FarEnd
from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples


def numbered(place: int, count: int = FRAME_SAMPLES) -> Samples:
    return np.full(count, place, np.int16)


def firsts(far_end: FarEnd, count: int) -> list[int]:
    return [int(far_end.take(FRAME_SAMPLES)[0]) for _ in range(count)]


def started() -> FarEnd:
    """Aligned: block 1 taken, block 2 in hand."""
    far_end = FarEnd()
    far_end.put(numbered(1))
    assert firsts(far_end, 1) == [0], "it waits for one in hand"
    far_end.put(numbered(2))
    assert firsts(far_end, 1) == [1]
    return far_end


def test_a_frame_takes_as_much_as_it_is_long() -> None:
    far_end = started()
    for place in range(3, 9):
        far_end.put(numbered(place))
        assert firsts(far_end, 1) == [place - 1]
    assert far_end.misses == 0


def test_one_late_block_is_bridged_by_the_one_in_hand() -> None:
    far_end = started()
    assert firsts(far_end, 1) == [2]
    far_end.put(numbered(3))
    far_end.put(numbered(4))
    assert firsts(far_end, 2) == [3, 4]
    assert far_end.misses == 0


def test_what_comes_still_later_is_dropped_when_it_comes() -> None:
    far_end = started()
    assert firsts(far_end, 2) == [2, 0]
    far_end.put(numbered(3))
    far_end.put(numbered(4))
    assert firsts(far_end, 1) == [4]
    assert (far_end.misses, far_end.realigned) == (1, 0)


def test_a_loudspeaker_that_stood_is_aligned_anew() -> None:
    far_end = started()
    firsts(far_end, 10)
    assert far_end.realigned == 1
    given = []
    for place in range(3, 13):
        far_end.put(numbered(place))
        given += firsts(far_end, 1)
    assert given == [0, *range(3, 12)]


def test_devices_that_start_in_bursts_are_aligned_until_the_first_sound() -> None:
    far_end = FarEnd()
    for _ in range(7):
        far_end.put(numbered(0))
    firsts(far_end, 20)
    for _ in range(3):
        far_end.put(numbered(0))
        firsts(far_end, 1)
    given = []
    for place in range(1, 6):
        far_end.put(numbered(place))
        given += firsts(far_end, 1)
    assert given == [0, 1, 2, 3, 4]
    assert (far_end.misses, far_end.realigned) == (0, 0)


def test_misses_again_and_again_are_a_slip_though_never_many_in_a_row() -> None:
    far_end = started()
    firsts(far_end, 1)
    for place in range(3, 40, 2):  # two blocks come together, just after the frame that wants the first
        firsts(far_end, 1)
        far_end.put(numbered(place))
        far_end.put(numbered(place + 1))
        firsts(far_end, 1)
    assert far_end.realigned == 1
    assert far_end.misses <= 5


def test_a_busy_loop_does_not_shift_it() -> None:
    far_end = started()
    for place in range(3, 13):
        far_end.put(numbered(place))
    assert firsts(far_end, 10) == list(range(2, 12))
    assert (far_end.misses, far_end.realigned) == (0, 0)


@pytest.mark.parametrize("before", range(20))
def test_half_a_second_of_a_busy_loop_does_not_shift_it_either(before: int) -> None:
    far_end, place = started(), 3
    for _ in range(30 + before):
        far_end.put(numbered(place))
        firsts(far_end, 1)
        place += 1
    for _ in range(25):
        far_end.put(numbered(place))
        place += 1
    firsts(far_end, 25)
    far_end.put(numbered(place))
    assert firsts(far_end, 1) == [place - 1]
    assert far_end.realigned == 0


@pytest.mark.parametrize("before", range(20))
def test_where_the_microphone_has_lost_sound_it_is_aligned_soon(before: int) -> None:
    """The echo would come before its far end, which no canceller can take out."""
    far_end, place = started(), 3
    for _ in range(30 + before):
        far_end.put(numbered(place))
        firsts(far_end, 1)
        place += 1
    for _ in range(10):
        far_end.put(numbered(place))
        place += 1
    for _ in range(35):
        far_end.put(numbered(place))
        given = firsts(far_end, 1)
        place += 1
    assert far_end.realigned == 1
    assert given == [place - 2]


def test_it_is_behind_while_far_too_much_is_in_hand() -> None:
    far_end = started()
    for place in range(3, 13):
        far_end.put(numbered(place))
    firsts(far_end, 1)
    assert far_end.behind
    firsts(far_end, 8)
    assert not far_end.behind


def test_what_drift_piles_up_is_taken_out() -> None:
    far_end = started()
    for place in range(3, 7):
        far_end.put(numbered(place))
    given = []
    for place in range(7, 250):
        far_end.put(numbered(place))
        given += firsts(far_end, 1)
    assert far_end.realigned == 1
    assert given[-1] >= 247


@pytest.mark.parametrize("block_ms", [10, 20])
def test_while_nobody_takes_the_last_five_seconds_are_kept(block_ms: int) -> None:
    far_end = FarEnd()
    size = 24 * block_ms
    for second in range(1, 9):
        for _ in range(1000 // block_ms):
            far_end.put(numbered(second, size))
    far_end._aligned = True  # as it is in the middle of a conversation
    assert firsts(far_end, 1) == [4]


@pytest.mark.parametrize("size", [240, 441, 480, 960])
def test_blocks_of_any_length(size: int) -> None:
    far_end = FarEnd()
    counted = np.arange(1, 30_001, dtype=np.int16)
    far_end.put(np.zeros(120_000 - 15_000, np.int16))  # so that the ring ends in the middle
    taken: list[Samples] = []
    for start in range(0, len(counted), size):
        far_end.put(counted[start : start + size])
        while (len(taken) + 3) * FRAME_SAMPLES <= start + size:
            taken.append(far_end.take(FRAME_SAMPLES))
    sound = np.concatenate(taken)
    sound = sound[sound != 0]
    assert sound.tolist() == list(range(sound[0], sound[0] + len(sound)))
    assert len(sound) > 25_000

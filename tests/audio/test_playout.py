"""The playout by literal contents: what goes in comes out, in order, on time, and is accounted for."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.audio.pcm import SAMPLES_PER_MS
from realtime_cli.audio.playout import FADE_SAMPLES, Playout
from realtime_cli.notices import HeardItem
from tests.audio.room import Clock, Room, tone


def paced(item: str, ms: int, at_ms: float = 0, piece_ms: int = 20) -> list:
    """A wire that gives sound at real-time pace, and says when it is complete."""
    pieces = [(at_ms + t, item, tone(piece_ms)) for t in range(0, ms, piece_ms)]
    return [*pieces, (at_ms + ms, item, None)]


def stalling(item: str, ms: int, at_ms: float, lead_ms: float, every_ms: int, stall_ms: float) -> list:
    """Real-time on average with a lead; nothing comes for ``stall_ms`` once every ``every_ms``."""
    arrivals = []
    for place in range(0, ms, 20):
        due = place - lead_ms
        into = due % every_ms
        held = stall_ms - into if due > 0 and into < stall_ms else 0
        arrivals.append((at_ms + max(0, due) + held, item, tone(20)))
    return [*arrivals, (arrivals[-1][0], item, None)]


def test_silence_when_there_is_nothing() -> None:
    assert not Playout(Clock()).pull(480).any()


def test_samples_come_out_as_they_went_in() -> None:
    playout = Playout(Clock())
    playout.push("a", 0, np.arange(1, 6, dtype=np.int16))
    playout.push("a", 0, np.arange(6, 9, dtype=np.int16))
    playout.end("a", 0)
    assert playout.pull(4).tolist() == [1, 2, 3, 4]
    assert playout.pull(3).tolist() == [5, 6, 7]
    assert playout.pull(3).tolist() == [8, 0, 0]
    assert (playout.underruns, playout.queued_ms) == (0, 0.0)


def test_a_reply_of_85_ms_is_played_whole() -> None:
    room = Room()
    room.run(200, [(0, "a", tone(85)), (3, "a", None)])
    assert np.count_nonzero(room.sound) == 85 * SAMPLES_PER_MS
    assert room.playout.heard() == (HeardItem("a", 0, 85.0, finished=True),)


def test_a_fast_wire_starts_at_once() -> None:
    room = Room()
    room.run(100, [(5, "a", tone(1000))])
    assert room.first_sound_ms() <= 10


def test_a_paced_wire_is_held_back_for_a_piece_and_then_smooth() -> None:
    room = Room()
    room.run(2200, paced("a", 2000))
    assert room.first_sound_ms() == 20
    assert (room.silence_inside_ms(), room.playout.underruns) == (0, 0)


def test_items_are_played_in_the_order_pushed_even_when_they_interleave() -> None:
    room = Room()
    room.run(
        300,
        [(0, "a", tone(50, 1)), (1, "b", tone(50, 3)), (2, "a", tone(50, 2)), (3, "a", None), (3, "b", None)],
    )
    sound = room.sound[np.nonzero(room.sound)]
    assert sound.tolist() == [*tone(50, 1), *tone(50, 2), *tone(50, 3)]


def test_an_item_that_is_never_ended_does_not_hold_up_the_next_for_ever() -> None:
    room = Room()
    room.run(800, [(0, "a", tone(100, 1)), (50, "b", tone(100, 2))])
    sound = room.sound
    assert np.count_nonzero(sound == 1) == np.count_nonzero(sound == 2) == 100 * SAMPLES_PER_MS
    assert 390 <= np.nonzero(sound == 2)[0][0] / SAMPLES_PER_MS <= 490


def test_an_end_that_comes_after_the_last_sample_is_no_underrun() -> None:
    room = Room()
    room.run(500, [(0, "a", tone(100)), (300, "a", None)])
    assert (room.playout.underruns, room.playout.gap_ms) == (0, 0)


def test_a_gap_is_counted_when_sound_goes_on_after_it() -> None:
    room = Room()
    room.run(800, [(0, "a", tone(100)), (300, "a", tone(100)), (300, "a", None)])
    assert room.playout.underruns == 1
    assert room.playout.gap_ms == pytest.approx(140, abs=1)  # the first piece had waited for 60
    assert room.silence_inside_ms() == pytest.approx(140, abs=1)


def long_pieces(seed: int, answer: int, ms: int = 4000) -> list:
    """A wire at real-time pace in pieces of 150 to 300 ms, each when it is complete, every five seconds."""
    chance, sent, pieces = random.Random(seed * 1000 + answer), 0, []
    while sent < ms:
        piece_ms = min(ms - sent, chance.randint(150, 300))
        sent += piece_ms
        pieces.append((5000 * answer + sent, f"{answer}", tone(piece_ms)))
    return [*pieces, (5000 * answer + sent, f"{answer}", None)]


def test_a_wire_of_long_late_pieces_is_silent_for_a_tenth_of_a_second_and_then_hardly_any_more() -> None:
    minutes = []
    for seed in range(3):
        room, gaps_ms = Room(), [0.0]
        for answer in range(30):
            room.run(5000 * (answer + 1), long_pieces(seed, answer))
            gaps_ms.append(room.playout.gap_ms)
        minutes.append((gaps_ms[15], gaps_ms[30] - gaps_ms[15]))
    first, second = zip(*minutes, strict=True)
    assert sum(first) / 3 <= 90, minutes
    assert sum(second) / 3 <= 20, minutes


def test_lateness_is_remembered_in_the_next_answer() -> None:
    room = Room()
    first = stalling("a", 4000, 0, lead_ms=100, every_ms=1500, stall_ms=300)
    room.run(6000, first)
    gap_ms = room.playout.gap_ms
    assert 190 <= gap_ms <= 310
    assert 200 <= room.playout.wait_ms <= 300
    room.played.clear()
    room.run(12_000, stalling("b", 4000, 6000, lead_ms=100, every_ms=1500, stall_ms=300))
    assert room.playout.gap_ms == gap_ms
    assert room.silence_inside_ms() == 0


def test_a_complete_answer_starts_at_once_on_a_wire_known_to_be_late() -> None:
    room = Room()
    room.run(6000, stalling("a", 4000, 0, lead_ms=100, every_ms=1500, stall_ms=300))
    room.played.clear()
    room.run(6200, [(6000, "b", tone(85)), (6001, "b", None)])
    assert room.first_sound_ms() <= 10


def test_a_wire_that_got_better_is_trusted_again() -> None:
    room = Room()
    room.run(6000, stalling("a", 4000, 0, lead_ms=100, every_ms=1500, stall_ms=300))
    assert room.playout.wait_ms > 200
    for answer in range(8):
        at_ms = 6000 + 2000 * answer
        room.run(at_ms + 2000, [(at_ms, f"good {answer}", tone(1500)), (at_ms, f"good {answer}", None)])
    assert room.playout.wait_ms == 0


def test_short_answers_do_not_make_it_forget() -> None:
    room = Room()
    room.run(6000, stalling("a", 4000, 0, lead_ms=100, every_ms=1500, stall_ms=300))
    for answer in range(20):
        at_ms = 6000 + 200 * answer
        room.run(at_ms + 200, [(at_ms, f"yes {answer}", tone(100)), (at_ms, f"yes {answer}", None)])
    assert room.playout.wait_ms > 200


def test_a_slow_drip_gives_few_gaps() -> None:
    room = Room()
    pieces = [(t * 25, "a", tone(20)) for t in range(200)]  # 5 s at four fifths of real time
    room.run(6000, [*pieces, (5000, "a", None)])
    assert np.count_nonzero(room.sound) == 200 * 20 * SAMPLES_PER_MS
    assert room.silence_inside_ms() <= 1100  # 1000 cannot be avoided
    assert room.playout.underruns <= 20


def test_one_minute_on_a_jittery_wire() -> None:
    """The rig of the audio notes: gaps of 150 to 300 ms at a real-time average, answers of 5 s."""
    chance = random.Random(1)
    room = Room()
    gaps = []
    for answer in range(24):
        at_ms, arrivals, t = answer * 6000.0, [], 0.0
        while t < 5000:
            gap = chance.uniform(150, 300)
            arrivals.append((at_ms + t, f"{answer}", tone(round(gap))))
            t += gap
        arrivals = [
            (when if n == 0 else when + chance.uniform(0, 150), item, sound)
            for n, (when, item, sound) in enumerate(arrivals)
        ]
        arrivals.sort(key=lambda arrival: arrival[0])
        room.run(at_ms + 6000, [*arrivals, (arrivals[-1][0], f"{answer}", None)])
        gaps.append(room.playout.gap_ms)
    assert gaps[9] < 300, "the first minute"
    assert gaps[-1] - gaps[9] < 50, "a minute after it"


# -- what was heard ---------------------------------------------------------------------------


def test_heard_is_what_left_the_loudspeaker_not_what_was_pulled() -> None:
    room = Room(latency_ms=60)
    room.run(100, [(0, "a", tone(500))])
    assert room.playout.heard() == (HeardItem("a", 0, 40.0, finished=False),)


def test_stop_tells_every_part_in_play_order() -> None:
    room = Room()
    room.run(150, [(0, "a", tone(100)), (0, "a", None), (0, "b", tone(100)), (0, "c", tone(100))])
    assert room.playout.stop() == (
        HeardItem("a", 0, 100.0, finished=True),
        HeardItem("b", 0, 50.0, finished=False),
        HeardItem("c", 0, 0.0, finished=False),
    )


def test_a_finished_part_is_told_once_more_after_it_was_told_but_not_after_the_next_began() -> None:
    room = Room()
    room.run(200, [(0, "a", tone(100)), (0, "a", None)])
    assert room.playout.heard()[0].finished
    room.playout.push("b", 0, tone(100))
    assert [item.item_id for item in room.playout.heard()] == ["b"]


def test_a_finished_part_that_nobody_was_told_of_is_kept() -> None:
    room = Room()
    room.run(200, [(0, "a", tone(100)), (0, "a", None)])
    room.playout.push("b", 0, tone(100))
    assert [item.item_id for item in room.playout.heard()] == ["a", "b"]


def test_it_is_idle_when_the_last_sample_has_been_heard() -> None:
    room = Room(latency_ms=50)
    room.run(100, [(0, "a", tone(100)), (0, "a", None)])
    assert not room.playout.idle
    room.run(150)
    assert room.playout.idle


def test_sound_after_a_part_was_ended_is_still_played() -> None:
    room = Room()
    room.run(400, [(0, "a", tone(100)), (1, "a", None), (200, "a", tone(50)), (201, "a", None)])
    assert np.count_nonzero(room.sound) == 150 * SAMPLES_PER_MS
    assert room.playout.heard() == (HeardItem("a", 0, 150.0, finished=True),)


def test_a_device_that_takes_a_moment_to_stop_is_heard_for_that_moment() -> None:
    room = Room(latency_ms=60)
    room.run(100, [(0, "a", tone(500))])
    assert room.playout.stop(flush_s=0.005)[0].heard_ms == pytest.approx(45)


# -- cuts -------------------------------------------------------------------------------------


def test_a_cut_fades_within_10_ms() -> None:
    room = Room()
    room.run(100, [(0, "a", tone(500))])
    room.playout.stop()
    after = room.playout.pull(480)
    assert (np.diff(after[:FADE_SAMPLES]) <= 0).all()
    assert after[0] == 1000
    assert np.abs(np.diff(after)).max() < 20, "no step that clicks"
    assert not after[FADE_SAMPLES:].any()


def test_a_flushed_device_gets_no_fade() -> None:
    room = Room()
    room.run(100, [(0, "a", tone(500))])
    room.playout.stop()
    room.playout.forget_fade()
    assert not room.playout.pull(480).any()


def test_what_comes_behind_a_cut_is_played_whatever_its_id() -> None:
    room = Room()
    room.run(100, [(0, "a", tone(500))])
    room.playout.stop()
    room.playout.push("a", 0, tone(50, 2))
    room.playout.end("a", 0)
    room.playout.push("b", 0, tone(50, 3))
    room.run(300)
    for value in (2, 3):
        assert np.count_nonzero(room.sound == value) == 50 * SAMPLES_PER_MS


def test_stopping_nothing_tells_nothing() -> None:
    assert Playout(Clock()).stop() == ()


# -- whatever comes ---------------------------------------------------------------------------

pieces = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from("abc"), st.integers(1, 90), st.integers(1, 9)), max_size=25
)


@given(pieces, st.integers(0, 120))
def test_nothing_is_dropped_nothing_is_doubled_nothing_is_out_of_order(
    given_pieces: list[tuple[int, str, int, int]], latency_ms: int
) -> None:
    at_ms, arrivals = 0, []
    for gap_ms, item, ms, value in given_pieces:
        at_ms += gap_ms
        arrivals.append((float(at_ms), item, tone(ms, value)))
    room = Room(latency_ms=latency_ms)
    room.run(at_ms + 6000, arrivals)
    for item in "abc":
        room.playout.end(item, 0)
    told = {heard.item_id: heard for heard in room.playout.heard()}
    for item in "abc":
        expected = [sound for _, name, sound in arrivals if name == item]
        if expected:
            assert told[item].heard_ms == sum(map(len, expected)) / SAMPLES_PER_MS
            assert told[item].finished
    total = np.sort(np.concatenate([sound for _, _, sound in arrivals])) if arrivals else np.zeros(0)
    assert np.sort(room.sound[room.sound != 0]).tolist() == total.tolist()


@given(pieces, st.integers(0, 3000), st.integers(0, 200))
def test_heard_never_exceeds_what_was_played(
    given_pieces: list[tuple[int, str, int, int]], cut_ms: int, latency_ms: int
) -> None:
    at_ms, arrivals = 0, []
    for gap_ms, item, ms, value in given_pieces:
        at_ms += gap_ms
        if at_ms < cut_ms:
            arrivals.append((float(at_ms), item, tone(ms, value)))
    room = Room(latency_ms=latency_ms)
    cut_ms -= cut_ms % 10
    room.run(max(10, cut_ms), [arrival for arrival in arrivals if arrival[0] <= cut_ms])
    audible = np.count_nonzero(room.sound[: max(0, max(10, cut_ms) - latency_ms) * SAMPLES_PER_MS])
    assert sum(heard.heard_ms for heard in room.playout.stop()) == pytest.approx(
        audible / SAMPLES_PER_MS, abs=0.1
    )


def test_ducking_lowers_by_a_ramp_and_comes_back():
    playout = Playout(clock=lambda: 0.0)
    playout.push("A", 0, np.full(4800, 8000, np.int16))
    playout.end("A", 0)
    assert (playout.pull(480) == 8000).all()
    playout.duck(True)
    falling = playout.pull(480)
    assert falling[0] == 8000
    assert falling[-1] == 2000
    assert (playout.pull(480) == 2000).all()
    playout.duck(False)
    assert playout.pull(480)[-1] == 8000
    assert (playout.pull(480) == 8000).all()


def test_what_is_held_goes_on_from_the_same_sample():
    playout = Playout(clock=lambda: 0.0)
    sound = np.arange(4800, dtype=np.int16)
    playout.push("A", 0, sound)
    playout.end("A", 0)
    assert (playout.pull(480) == sound[:480]).all()
    playout.duck(True, hold=True)
    fading = playout.pull(480)
    assert fading[0] == 480
    assert not fading[240:].any()
    assert not playout.pull(4800).any()
    playout.duck(False)
    resumed = playout.pull(480)
    assert resumed[0] == 0
    assert resumed[-1] == sound[959]
    assert (playout.pull(480) == sound[960:1440]).all()


@pytest.mark.parametrize("block_ms", [10, 20])
def test_a_hold_loses_nothing_and_doubles_nothing(block_ms: int):
    """The fade before a hold and the ramp behind it are the same samples, and add up to them."""
    size = block_ms * SAMPLES_PER_MS
    sound = (6000 * np.sin(np.arange(20 * size) / 7)).astype(np.int16)
    playout = Playout(clock=lambda: 0.0)
    playout.push("A", 0, sound)
    playout.end("A", 0)
    whole = np.zeros(0)
    for held_blocks in (2, 1, 5):
        whole = np.concatenate([whole, *(playout.pull(size) for _ in range(4))])
        playout.duck(True, hold=True)
        fade, *rest = (playout.pull(size) for _ in range(held_blocks))
        assert not np.any(rest)
        playout.duck(False)
        whole = np.concatenate([whole, fade.astype(float) + playout.pull(size)])
    assert np.abs(whole - sound[: len(whole)]).max() <= 2


def test_the_time_of_a_hold_is_no_gap():
    clock = Clock()
    playout = Playout(clock)
    playout.push("A", 0, tone(20))
    clock.now += 0.2
    for _ in range(3):
        playout.pull(480)  # starved
    clock.now += 0.05
    playout.duck(True, hold=True)
    playout.push("A", 0, tone(400))
    clock.now += 0.6
    playout.pull(480)
    playout.duck(False)
    playout.pull(480)
    assert 49 <= playout.gap_ms <= 75


def test_what_is_stopped_while_held_was_heard_up_to_there():
    now = 0.0
    playout = Playout(clock=lambda: now)
    playout.push("A", 0, np.full(9600, 8000, np.int16))
    playout.pull(480)
    playout.duck(True, hold=True)
    for _ in range(20):
        now += 0.02
        playout.pull(480)
    (item,) = playout.stop()
    assert (item.heard_ms, item.finished) == (20.0, False)
    assert not playout.pull(480).any()
    playout.push("B", 0, np.full(4800, 8000, np.int16))
    playout.end("B", 0)
    assert playout.pull(480)[-1] == 8000

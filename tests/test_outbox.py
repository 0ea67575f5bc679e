"""The outbox: order kept, sound bounded, words never lost."""

from __future__ import annotations

import asyncio

import pytest

from realtime_cli.outbox import FRAMES, Outbox


def test_what_goes_in_comes_out_in_order() -> None:
    outbox = Outbox()
    outbox.put("settings", sound=False)
    outbox.put("frame", sound=True)
    assert [outbox.take(), outbox.take()] == ["settings", "frame"]
    assert len(outbox) == 0
    with pytest.raises(IndexError):
        outbox.take()


def test_the_oldest_sound_goes_and_every_word_stays() -> None:
    outbox = Outbox()
    outbox.put("words", sound=False)
    dropped = [outbox.put(f"frame {n}", sound=True) for n in range(FRAMES + 2)]
    assert dropped == [False] * FRAMES + [True, True]
    assert outbox.dropped_frames == 2
    assert [outbox.take(), outbox.take()] == ["words", "frame 2"]


def test_room_that_was_made_can_be_filled_again() -> None:
    outbox = Outbox()
    for n in range(FRAMES):
        outbox.put(f"frame {n}", sound=True)
    outbox.take()
    assert not outbox.put("one more", sound=True)
    outbox.clear()
    assert len(outbox) == 0
    assert not outbox.put("after a lost socket", sound=True)


async def test_the_pump_sleeps_until_there_is_something_or_a_new_wire() -> None:
    outbox = Outbox()
    waiting = asyncio.ensure_future(outbox.filled())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put("words", sound=False)
    await waiting
    again = asyncio.ensure_future(outbox.filled())
    await asyncio.sleep(0)
    assert not again.done()
    outbox.stir()
    await again


def test_its_size_is_that_of_what_waits() -> None:
    outbox = Outbox()
    outbox.put("four", sound=False)
    for _ in range(FRAMES + 3):
        outbox.put("ab", sound=True)
    assert outbox.size == 4 + 2 * FRAMES
    outbox.take()
    assert outbox.size == 2 * FRAMES
    outbox.clear()
    assert outbox.size == 0

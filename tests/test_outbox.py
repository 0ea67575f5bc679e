"""The outbox: order kept, sound bounded, words never lost."""

from __future__ import annotations

import asyncio

import pytest

from realtime_cli.outbox import MAX_SOUND_MS, Outbox


def test_what_goes_in_comes_out_in_order() -> None:
    outbox = Outbox()
    outbox.put("settings")
    outbox.put("frame", sound_ms=20)
    assert [outbox.take(), outbox.take()] == ["settings", "frame"]
    assert len(outbox) == 0
    with pytest.raises(IndexError):
        outbox.take()


@pytest.mark.parametrize("block_ms", [10, 20])
def test_five_seconds_of_sound_wait_then_the_oldest_goes_and_every_word_stays(block_ms: int) -> None:
    outbox, blocks = Outbox(), 5000 // block_ms
    outbox.put("words")
    dropped = [outbox.put(f"block {n}", sound_ms=block_ms) for n in range(blocks + 2)]
    assert dropped == [False] * blocks + [True, True]
    assert (outbox.sound_ms, outbox.dropped_ms) == (5000, 2 * block_ms)
    assert [outbox.take(), outbox.take()] == ["words", "block 2"]


def test_a_long_block_takes_the_place_of_as_much_sound_as_it_needs() -> None:
    outbox = Outbox()
    for n in range(500):
        outbox.put(f"block {n}", sound_ms=10)
    assert outbox.put("pre-roll", sound_ms=300)
    assert (outbox.sound_ms, outbox.dropped_ms) == (5000, 300)
    assert outbox.take() == "block 30"


def test_room_that_was_made_can_be_filled_again() -> None:
    outbox = Outbox()
    outbox.put("sound", sound_ms=MAX_SOUND_MS)
    outbox.take()
    assert not outbox.put("one more", sound_ms=20)
    outbox.clear()
    assert (len(outbox), outbox.sound_ms) == (0, 0)
    assert not outbox.put("after a lost socket", sound_ms=MAX_SOUND_MS)


async def test_the_pump_sleeps_until_there_is_something_or_a_new_wire() -> None:
    outbox = Outbox()
    waiting = asyncio.ensure_future(outbox.filled())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put("words")
    await waiting
    again = asyncio.ensure_future(outbox.filled())
    await asyncio.sleep(0)
    assert not again.done()
    outbox.notify()
    await again


def test_what_waits_beside_the_sound_is_counted() -> None:
    outbox = Outbox()
    outbox.put("four")
    outbox.put("sound", sound_ms=20)
    outbox.put("a picture")
    assert outbox.other_chars == 13
    outbox.take()
    assert outbox.other_chars == 9
    outbox.clear()
    assert outbox.other_chars == 0

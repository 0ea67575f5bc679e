"""The in-memory twin behaves as a socket does."""

from __future__ import annotations

import asyncio

import pytest

from realtime_cli.wire.transport import FRAMES_IN_FLIGHT, Closed, memory_pair


async def test_frames_arrive_in_order_both_ways():
    here, there = memory_pair()
    await here.send("1")
    await here.send("2")
    await there.send("back")
    assert [await there.recv(), await there.recv(), await here.recv()] == ["1", "2", "back"]


async def test_what_was_sent_before_the_close_is_read_first_then_closed_for_ever():
    here, there = memory_pair()
    await here.send("last")
    await here.close(4000, "because")
    assert await there.recv() == "last"
    for _ in range(2):
        with pytest.raises(Closed) as closed:
            await there.recv()
        assert (closed.value.code, closed.value.reason) == (4000, "because")
    with pytest.raises(Closed):
        await there.send("late")


async def test_a_reader_that_waits_is_told_of_the_close():
    here, there = memory_pair()
    reading = asyncio.create_task(there.recv())
    await asyncio.sleep(0)
    await here.close(1006)
    with pytest.raises(Closed, match="1006"):
        await reading


async def test_a_sender_waits_for_a_slow_reader():
    here, there = memory_pair()
    for number in range(FRAMES_IN_FLIGHT):
        await here.send(str(number))
    sending = asyncio.create_task(here.send("more"))
    await asyncio.sleep(0.01)
    assert not sending.done()
    assert await there.recv() == "0"
    await sending

"""The stream of the agent's sound: what waits for a slow reader is limited by its duration."""

from __future__ import annotations

import pytest

from realtime_cli.audio.pcm import RATE_HZ, Samples, silence
from realtime_cli.session_api.agent_sound import MAX_AHEAD_S, FrameStream


@pytest.mark.parametrize("frame_ms", [10, 20, 500])
async def test_the_last_minute_waits_for_a_slow_reader_whatever_the_size_of_its_frames(frame_ms: int) -> None:
    stream = FrameStream()
    for number in range(2 * MAX_AHEAD_S * 1000 // frame_ms):
        stream.put(silence(frame_ms * RATE_HZ // 1000) + (number % 30_000))
    stream.close()
    frames: list[Samples] = [frame async for frame in stream]
    assert sum(map(len, frames)) == MAX_AHEAD_S * RATE_HZ
    assert frames[-1][0] == (2 * MAX_AHEAD_S * 1000 // frame_ms - 1) % 30_000, "the oldest are lost"


async def test_a_frame_longer_than_the_limit_is_kept_whole() -> None:
    stream = FrameStream()
    stream.put(silence(2 * MAX_AHEAD_S * RATE_HZ))
    stream.close()
    assert [len(frame) async for frame in stream] == [2 * MAX_AHEAD_S * RATE_HZ]

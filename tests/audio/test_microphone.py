"""What a microphone says of its own condition, and what it does with sound that comes too late."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from realtime_cli.audio.microphone import ZEROS_S, DeviceMicrophone, InputHealth

ZEROS = np.zeros(480, np.int16)
SOUND = np.full(480, 900, np.int16)
LOUD = np.full(480, 32767, np.int16)


def told(condition: InputHealth, frame: np.ndarray, begin_s: float, seconds: float) -> list[str]:
    times = [begin_s + step * 0.02 for step in range(round(seconds / 0.02))]
    return [words for at_s in times if (words := condition.frame(at_s, frame))]


def test_only_zeros_from_the_beginning_are_told_once():
    condition = InputHealth()
    assert told(condition, ZEROS, 0, ZEROS_S) == []
    (zeros,) = told(condition, ZEROS, ZEROS_S, 20)
    assert "only silence" in zeros
    assert told(condition, SOUND, 30, 1) == ["The microphone delivers sound now."]


def test_a_gate_that_closes_between_words_is_no_fault():
    condition = InputHealth()
    assert told(condition, SOUND, 0, 1) == []
    assert told(condition, ZEROS, 1, 30) == []


def test_clipping_is_told_once_a_minute():
    condition = InputHealth()
    (clips,) = told(condition, LOUD, 0, 30)
    assert "clips" in clips


class Device:
    """An open device that does nothing by itself."""

    device_name, rate_hz, channels, active, latency_s = "test", 24_000, 1, True, 0.01

    def start(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize("block_ms", [10, 20])
async def test_after_a_sleep_the_newest_second_is_heard_and_the_rest_is_reported(block_ms: int):
    """A machine that wakes up, or a sound server that held back, gives minutes at once."""
    said: list[str] = []
    heard: list[int] = []
    block = 24 * block_ms
    microphone = DeviceMicrophone(
        lambda _: Device(), lambda level, topic, text: said.append(text), block_ms=block_ms
    )
    microphone.start(lambda frame: heard.extend(frame[::block].tolist()) if frame is not None else None)
    second = 1000 // block_ms
    for number in range(1, 3 * second + 1):
        microphone._on_block(np.full((block, 1), number, np.int16))  # as the audio thread does
    while len(heard) < second:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert heard == [*range(2 * second + 1, 3 * second + 1)]
    assert said == ["2000 ms of microphone sound arrived too late and were dropped."]
    await microphone.close()


async def frame_lengths_ms(*levels: int) -> list[int]:
    """How long the frames are that come of blocks of 10 ms, each at one level and looked at by the loop."""
    lengths: list[int] = []
    microphone = DeviceMicrophone(lambda _: Device(), lambda level, topic, text: None)
    microphone.start(lambda frame: lengths.append(len(frame) // 24) if frame is not None else None)
    for level in levels:
        microphone._on_block(np.full((240, 1), level, np.int16))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await microphone.close()
    return lengths


async def test_a_voice_is_delivered_every_10_ms_and_a_quiet_room_every_20():
    assert await frame_lengths_ms(0, 0, 10, 10) == [20, 20]
    assert await frame_lengths_ms(900, 900, 900) == [10, 10, 10]


async def test_a_voice_takes_the_quiet_block_before_it_along():
    assert await frame_lengths_ms(0, 0, 0, 900, 900) == [20, 20, 10]
    assert await frame_lengths_ms(900, 0, 0, 0, 900) == [10, 20, 20]


async def test_a_room_that_has_been_quiet_for_two_seconds_is_delivered_every_40_ms():
    assert await frame_lengths_ms(*[0] * 208) == [20] * 100 + [40, 40]


async def test_a_voice_after_a_long_quiet_is_delivered_at_once_and_in_short_frames():
    lengths = await frame_lengths_ms(*[0] * 205, 900, 900, 0, 0)
    assert lengths[100:] == [40, 20, 10, 20]


async def test_an_echo_is_taken_out_every_20_ms_and_sent_every_40_and_a_voice_every_10():
    taken: list[int] = []
    delivered: list[int] = []

    def without_echo(frame: np.ndarray) -> np.ndarray:
        taken.append(len(frame) // 24)
        return np.where(frame > 900, frame, 0).astype(np.int16)

    microphone = DeviceMicrophone(lambda _: Device(), lambda level, topic, text: None, without_echo)
    microphone.start(lambda frame: delivered.append(len(frame) // 24) if frame is not None else None)
    for level in [900] * 6 + [3000] * 3:
        microphone._on_block(np.full((240, 1), level, np.int16))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await microphone.close()
    assert taken == [10, 20, 20, 20, 10, 10]
    assert delivered == [40, 20, 10, 10, 10]


@pytest.mark.parametrize("level", [0, 900])
async def test_a_burst_comes_in_frames_of_20_ms(level: int):
    lengths: list[int] = []
    microphone = DeviceMicrophone(lambda _: Device(), lambda level, topic, text: None)
    microphone.start(lambda frame: lengths.append(len(frame) // 24) if frame is not None else None)
    for _ in range(10):
        microphone._on_block(np.full((240, 1), level, np.int16))
    await asyncio.sleep(0.01)
    await microphone.close()
    assert lengths == [20] * 5


async def test_a_single_sample_at_full_scale_is_seen():
    condition, frame = InputHealth(), np.zeros(480, np.int16)
    frame[::100] = -32768
    assert "clips" in "".join(told(condition, frame, 0, 30))


async def test_a_guard_may_give_more_or_nothing_for_a_while():
    """An echo canceller sends what was said before it was sure, and leaves out silence later."""
    given = iter([np.full(960, 900, np.int16), np.zeros(0, np.int16), np.full(240, 900, np.int16)])
    heard: list[np.ndarray] = []
    microphone = DeviceMicrophone(
        lambda callback: Device(), lambda level, topic, text: None, process=lambda frame: next(given)
    )
    microphone.start(lambda samples: heard.append(samples) if samples is not None else None)
    for _ in range(3):
        microphone._finish(SOUND[:240])
    await microphone.close()
    assert [len(samples) for samples in heard] == [480, 480, 240]

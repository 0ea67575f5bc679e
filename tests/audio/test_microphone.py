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
    microphone = DeviceMicrophone(
        lambda _: Device(), lambda level, topic, text: said.append(text), block_ms=block_ms
    )
    microphone.start(lambda frame: heard.append(int(frame[0])) if frame is not None else None)
    second = 1000 // block_ms
    for number in range(1, 3 * second + 1):
        microphone._on_block(np.full((24 * block_ms, 1), number, np.int16))  # as the audio thread does
    while len(heard) < second:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert heard == [*range(2 * second + 1, 3 * second + 1)]
    assert said == ["2000 ms of microphone sound arrived too late and were dropped."]
    await microphone.close()

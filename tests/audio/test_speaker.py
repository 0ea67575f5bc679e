"""The loudspeaker as its device sees it: asked for blocks, cut, and opened deeper when it has gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from realtime_cli.audio import supervised_stream
from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.audio.speaker import DeviceSpeaker, OutputCallback
from tests.audio.paper_device import PaperDevice, until

LEVEL = 5000


def sound(ms: int) -> Samples:
    return np.full(ms * SAMPLES_PER_MS, LEVEL, np.int16)


class Played:
    """A speaker, and its device's side."""

    def __init__(self, rate_hz: int = 24_000) -> None:
        self.log: list[str] = []
        self.told: list[str] = []
        self.blocks: list[Samples] = []
        self.asked_s: list[float] = []
        self._rate_hz = rate_hz
        self.speaker = DeviceSpeaker(self._open, self._report, self.blocks.append)

    def _open(self, callback: OutputCallback, latency_s: float) -> PaperDevice:
        self.log.append("open")
        self.asked_s.append(latency_s)
        self._callback = callback
        self.device = PaperDevice(self.log, self._rate_hz, latency_s)
        return self.device

    def _report(self, level: str, topic: str, text: str) -> None:
        self.told.append(text)

    def ask(self, ms: int = 10, *, channels: int = 1, underflow: bool = False) -> Samples:
        """The device wants its next block; the first channel of it."""
        out = np.full((ms * self._rate_hz // 1000, channels), 77, np.int16)
        self._callback(out, 0.0001, underflow)
        assert (out == out[:, :1]).all(), "all channels are the same"
        return out[:, 0]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_stream, "WATCH_S", 0.005)


@asynccontextmanager
async def playing(rate_hz: int = 24_000) -> AsyncIterator[Played]:
    played = Played(rate_hz)
    played.speaker.start()
    await until(lambda: played.device.active)
    yield played
    await played.speaker.close()


async def test_it_plays_what_is_queued_and_silence_else() -> None:
    async with playing() as played:
        assert not played.ask(channels=2).any()
        played.speaker.playout.push("A", 0, sound(400))
        played.speaker.playout.end("A", 0)
        heard = np.concatenate([played.ask() for _ in range(60)])
        assert (heard == LEVEL).sum() == pytest.approx(400 * SAMPLES_PER_MS, abs=SAMPLES_PER_MS)
        assert not heard[-240:].any()
        await played.speaker.drained()
        assert np.array_equal(np.concatenate(played.blocks)[240:], heard), "the canceller is told of the same"
        assert played.speaker.device_name == "paper"


async def test_a_device_of_another_rate_gets_the_same_sound_and_the_canceller_that_of_24_khz() -> None:
    async with playing(48_000) as played:
        assert played.speaker.rate_hz == 48_000
        played.speaker.playout.push("A", 0, sound(400))
        played.speaker.playout.end("A", 0)
        heard = np.concatenate([played.ask(7) for _ in range(90)])
        told = np.concatenate(played.blocks)
    assert len(heard) == 90 * 7 * 48
    assert abs(len(told) * 2 - len(heard)) < 48 * 60
    assert (np.abs(heard - LEVEL) < 100).sum() == pytest.approx(400 * 48, abs=48 * 5)


async def test_a_cut_is_silence_at_once_and_tells_what_was_heard() -> None:
    async with playing() as played:
        played.speaker.playout.push("A", 0, sound(2000))
        for _ in range(50):
            played.ask()
        [item] = played.speaker.stop_now()
        assert (item.item_id, item.finished) == ("A", False)
        assert 0 < item.heard_ms <= 500
        assert played.speaker.stop_now() == ()
        await until(lambda: played.log[-2:] == ["abort", "start"])
        assert not played.ask().any()
        played.speaker.playout.push("B", 0, sound(400))
        assert any(played.ask().any() for _ in range(50)), "the next answer is heard"


async def test_while_the_device_is_flushed_the_canceller_hears_of_silence() -> None:
    async with playing() as played:
        played.speaker.playout.push("A", 0, sound(2000))
        played.ask()
        during: list[Samples] = []
        abort = played.device.abort

        def aborted() -> None:
            during.append(played.ask())
            abort()

        played.device.abort = aborted  # type: ignore[method-assign]
        played.speaker.stop_now()
        await until(lambda: played.log[-2:] == ["abort", "start"])
        assert not during[0].any()
        assert not played.blocks[-1].any()


async def test_silence_is_not_flushed() -> None:
    async with playing() as played:
        assert played.speaker.stop_now() == ()
        assert "abort" not in played.log


async def test_gaps_in_the_sound_make_it_deeper_and_those_of_the_start_and_of_silence_do_not() -> None:
    async with playing() as played:
        for _ in range(60):
            played.ask(underflow=True)
        assert played.speaker.device_gaps == 0  # nobody hears them
        played.speaker.playout.push("A", 0, sound(5000))
        for _ in range(40):
            played.ask(underflow=True)
        assert played.speaker.device_gaps > 6
        await until(lambda: played.speaker.reopened == 1)
        assert played.asked_s[1] > played.asked_s[0]
        assert played.told[0].startswith("Output latency raised because the sound had gaps; now ")
        assert any(played.ask().any() for _ in range(5)), "it goes on where it was"


@pytest.mark.parametrize("block_ms", [10, 20])
async def test_what_a_new_device_reports_of_its_own_empty_buffer_in_the_first_half_second_is_no_gap(
    block_ms: int,
) -> None:
    async with playing() as played:
        played.speaker.playout.push("A", 0, sound(3000))
        for _ in range(480 // block_ms):
            played.ask(block_ms, underflow=True)
        assert played.speaker.device_gaps == 0
        for _ in range(40 // block_ms + 1):
            played.ask(block_ms, underflow=True)
        assert played.speaker.device_gaps > 0


async def test_a_device_that_is_gone_has_no_name_and_no_latency() -> None:
    played = Played()
    assert played.speaker.latency_s == played.asked_s[0]
    await played.speaker.close()
    assert (played.speaker.device_name, played.speaker.latency_s) == ("", 0.0)

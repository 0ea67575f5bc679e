"""A device that is kept alive: watched, flushed, opened again."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from realtime_cli.audio import supervised_stream
from realtime_cli.audio.supervised_stream import STALL_S, StallDetector, SupervisedStream
from realtime_cli.brief_thread import BriefThread
from realtime_cli.errors import AudioDeviceError
from tests.audio.paper_device import PaperDevice, until


class Kept:
    """A stream over paper devices. ``gone``: opening fails with this."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.told: list[str] = []
        self.gone = ""
        self.alive = True
        self._beats = itertools.count()
        self.stream = SupervisedStream(
            "loudspeaker", self._open, self._beat, self._report, BriefThread("loudspeaker")
        )

    def _open(self) -> PaperDevice:
        if self.gone:
            raise AudioDeviceError(self.gone)
        self.log.append("open")
        self.device = PaperDevice(self.log)
        return self.device

    def _beat(self) -> int:
        return next(self._beats) if self.alive else -7

    def _report(self, level: str, topic: str, text: str) -> None:
        self.told.append(f"{level}: {text}")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch looks often, so that nobody waits long for it."""
    monkeypatch.setattr(supervised_stream, "WATCH_S", 0.005)
    monkeypatch.setattr(supervised_stream, "RETRY_S", 0.005)


@asynccontextmanager
async def running() -> AsyncIterator[Kept]:
    kept = Kept()
    kept.stream.start()
    await until(lambda: kept.device.active)
    yield kept
    await kept.stream.close()


def test_a_heart_that_stands_still_for_a_second_has_stopped() -> None:
    heart = StallDetector()
    assert not heart.stalled(0.0, 1)
    assert not heart.stalled(STALL_S - 0.01, 1)
    assert heart.stalled(STALL_S, 1)
    assert not heart.stalled(STALL_S, 2)
    heart.restart(5.0)
    assert not heart.stalled(5.0 + STALL_S / 2, 2)
    assert heart.stalled(5.0 + STALL_S, 2)


async def test_it_is_opened_at_once_started_watched_and_closed() -> None:
    watched: list[int] = []
    kept = Kept()
    assert kept.log == ["open"]
    kept.stream.start(lambda: watched.append(1))
    await until(lambda: len(watched) > 2)
    await kept.stream.close()
    assert kept.log == ["open", "start", "close"]
    assert kept.told == []


async def test_what_never_started_can_be_closed() -> None:
    kept = Kept()
    await kept.stream.close()
    assert kept.log == ["open", "close"]


async def test_a_flush_is_an_abort_and_a_start_with_something_between() -> None:
    async with running() as kept:
        kept.stream.flush(lambda: kept.log.append("between"))
        await until(lambda: kept.log[-1] == "start" and "between" in kept.log)
        assert kept.log == ["open", "start", "abort", "between", "start"]
    assert kept.told == []


@pytest.mark.parametrize("way", ["died", "stalled"])
async def test_a_device_that_stops_is_opened_again(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised_stream, "STALL_S", 0.02)
    async with running() as kept:
        if way == "died":
            kept.device.active = False
        else:
            kept.alive = False
        await until(lambda: kept.stream.reopened >= 1)
        kept.alive = True
        await until(lambda: kept.told[-1].startswith("info"))
        assert kept.log[:5] == ["open", "start", "close", "open", "start"]
        assert kept.told[:2] == [
            "warning: The loudspeaker stopped working; opening it again.",
            "info: The loudspeaker works again (paper).",
        ]


async def test_a_device_that_is_gone_is_looked_for_until_it_is_back_and_told_of_once() -> None:
    async with running() as kept:
        kept.gone = "There is none."
        kept.device.active = False
        await until(lambda: any("There is none." in line for line in kept.told))
        kept.gone = "Somebody else has it."
        await until(lambda: any("Somebody else" in line for line in kept.told))
        kept.gone = ""
        await until(lambda: kept.told[-1].startswith("info"))
    assert kept.told == [
        "warning: The loudspeaker stopped working; opening it again.",
        "error: The loudspeaker cannot be opened: There is none. Still trying.",
        "error: The loudspeaker cannot be opened: Somebody else has it. Still trying.",
        "info: The loudspeaker works again (paper).",
    ]


async def test_a_device_that_refuses_to_be_flushed_is_another_one_soon() -> None:
    async with running() as kept:
        broken = kept.device
        broken.refuses = {"abort"}
        kept.stream.flush(lambda: None)
        await until(lambda: kept.stream.reopened == 1)
        assert kept.device is not broken
        assert not broken.active


async def test_it_may_be_opened_again_on_demand_and_says_why_it_cannot() -> None:
    async with running() as kept:
        await kept.stream.reopen()
        assert kept.stream.reopened == 1
    other = Kept()
    other.gone = "There is none."
    with pytest.raises(AudioDeviceError, match="There is none"):
        await other.stream.reopen()
    await other.stream.close()

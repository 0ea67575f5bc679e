"""A microphone that says what it is told, frame by frame, and does not hide how late it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples, silence
from realtime_cli.script.clips import Clip, clip_of, silent
from realtime_cli.script.microphone import ScriptMicrophone


def loud(frames: int, value: int = 8000) -> Samples:
    return np.full(frames * FRAME_SAMPLES, value, np.int16)


class Listening:
    """What came out, and the marks, in their order."""

    def __init__(self, between: Clip | None = None) -> None:
        self.late_ms: list[float] = []
        self.microphone = ScriptMicrophone(self._mark, self.late_ms.append, between=between)
        self.heard: list[str] = []
        self.marks: list[dict[str, Any]] = []

    def _mark(self, kind: str, **data: Any) -> None:
        self.marks.append({"mark": kind, **data})
        self.heard.append(kind)

    def deliver(self, frame: Samples | None) -> None:
        assert frame is not None
        assert len(frame) == FRAME_SAMPLES
        self.heard.append(str(frame[0]))

    @property
    def said(self) -> list[str]:
        """From the first sound on, without what a slow machine brings about."""
        first = self.heard.index("7")
        return [word for word in self.heard[first:] if word != "late"]


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    made = Listening()
    made.microphone.start(made.deliver)
    try:
        yield made
    finally:
        await made.microphone.close()


def clip(*parts: Samples) -> Clip:
    return clip_of(np.concatenate(parts))


async def test_between_clips_it_hears_what_it_is_told_and_silence_is_no_exception() -> None:
    made = Listening(between=clip(loud(1, 40), loud(1, 41)))
    made.microphone.start(made.deliver)
    await made.microphone.say(clip(loud(1, 8000)))
    await made.microphone.say_nothing(silent(60))
    await made.microphone.close()
    said = [word for word in made.heard if word.isdigit()]
    before = said.index("8000")
    around = [*said[:before], *said[before + 1 :]]
    assert len(around) >= 3
    assert around == [("40", "41")[place % 2] for place in range(len(around))]


async def test_first_and_last_sound_of_a_clip_are_marked_and_then_it_is_silent() -> None:
    async with listening() as made:
        await made.microphone.say(clip(loud(1, 7), loud(1), loud(1), silence(FRAME_SAMPLES)))
        count = len(made.heard)
        while len(made.heard) < count + 2:
            await asyncio.sleep(0.01)
    assert [word for word in made.said if word != "7"][:6] == ["8000", "speaking", "8000", "said", "0", "0"]


async def test_a_clip_waits_for_the_one_before_it() -> None:
    async with listening() as made:
        both = [made.microphone.say(clip(loud(2, value))) for value in (1000, 2000)]
        await asyncio.gather(*both)
    frames = [word for word in made.heard if word not in ("0", "late")]
    assert frames == ["1000", "speaking", "1000", "said", "2000", "speaking", "2000", "said"]


async def test_a_single_frame_is_spoken_and_silence_is_said_to_its_end() -> None:
    async with listening() as made:
        await made.microphone.say(clip(loud(1)))
        await made.microphone.say(silent(40))
        await made.microphone.say(Clip((), (0, -1)))
    assert [mark["mark"] for mark in made.marks if mark["mark"] != "late"] == ["speaking", "speaking", "said"]


async def test_its_own_lateness_is_told_when_it_is_worse_than_before_and_for_each_turn_anew() -> None:
    async with listening() as made:
        for _ in range(2):
            made.microphone.forget_lateness()
            told = len(made.marks)
            await made.microphone.say(silent(20))
            time.sleep(0.15)  # noqa: ASYNC251 (the loop is held up on purpose)
            await made.microphone.say(silent(40))
            late = [mark["ms"] for mark in made.marks[told:] if mark["mark"] == "late"]
            assert late
            assert late == sorted(late)
            assert late[-1] > 100
            assert round(max(made.late_ms), 1) >= late[-1]


async def test_what_never_began_can_be_closed() -> None:
    await Listening().microphone.close()


async def test_what_is_cancelled_is_not_said_to_its_end() -> None:
    async with listening() as made:
        first = asyncio.create_task(made.microphone.say(clip(loud(500, 7))))
        await asyncio.sleep(0)
        second = asyncio.create_task(made.microphone.say(clip(loud(3, 9))))
        while "7" not in made.heard:
            await asyncio.sleep(0.005)
        first.cancel()
        assert await second
        await made.microphone.say(silent(20))
    assert made.heard.count("7") < 400
    assert made.heard.count("9") == 3


async def test_of_a_stream_that_breaks_nothing_is_said_later() -> None:
    async def frames() -> AsyncIterator[Samples]:
        for _ in range(40):
            yield loud(1, 7)
        raise OSError("unplugged")

    async with listening() as made:
        with pytest.raises(OSError, match="unplugged"):
            await made.microphone.say_stream(frames())
        await made.microphone.say(clip(loud(1, 9)))
    assert made.heard.count("7") < 20
    assert made.heard.count("9") == 1

"""A microphone that says what a script wants said, at real-time pace or as fast as the wire takes it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, Samples, silence
from realtime_cli.script.clips import Clip, is_sounding

FRAME_S = FRAME_MS / 1000
NOTICED_LATE_MS = 40.0  # two frames: nothing is measured more finely
MAX_AHEAD_FRAMES = 50  # of a stream: a second of sound

Deliver = Callable[[Samples | None], None]


class _Queued(NamedTuple):
    frame: Samples
    mark: str
    fast: bool
    whose: object  # what it is a part of


class ScriptMicrophone:
    """Gives a frame every 20 ms: of the clips that were asked for, or silence.

    ``on_mark(kind, **data)`` is called when the first and the last sound of a clip goes out, and how late
    the pacing was whenever that is worse than before; ``on_frame`` how late each frame is, in ms.
    ``has_room``: asked ahead of each frame that is to go as fast as the wire takes it. ``between``: what is
    heard instead of silence, again and again.
    """

    def __init__(
        self,
        on_mark: Callable[..., None],
        on_frame: Callable[[float], None] | None = None,
        has_room: Callable[[], bool] = lambda: True,
        between: Clip | None = None,
    ) -> None:
        self._on_mark = on_mark
        self._on_frame = on_frame
        self._has_room = has_room
        self._between = itertools.cycle(between.frames if between else (silence(FRAME_SAMPLES),))
        self._frames: deque[_Queued] = deque()
        self._streaming = False
        self._spoken = asyncio.Event()
        self._spoken.set()
        self._task: asyncio.Task[None] | None = None
        self._worst_ms = NOTICED_LATE_MS
        self._closed = False

    def start(self, deliver: Deliver) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(deliver), name="script microphone")

    async def close(self) -> None:
        """Give no more; whoever is saying something waits no longer."""
        self._closed = True
        self._spoken.set()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def forget_lateness(self) -> None:
        """A new measurement begins."""
        self._worst_ms = NOTICED_LATE_MS

    async def say(self, clip: Clip, *, fast: bool = False) -> bool:
        """Say a clip behind what is being said, until its last frame went out.

        False when the microphone was closed before. Cancelled, it says no more of the clip.
        """
        last = len(clip.frames) - 1
        first_sound, last_sound = clip.sounding
        for index, frame in enumerate(clip.frames):
            kind = "speaking" if index == first_sound else ""
            kind = "said" if index == last_sound and index != first_sound else kind
            self._frames.append(_Queued(frame, kind, fast, clip))
        if last >= 0 and not self._closed:
            with self._dropped_on_failure(clip):
                await self._until_spoken()
        return not self._closed

    async def _until_spoken(self) -> None:
        self._spoken.clear()
        await self._spoken.wait()

    @contextmanager
    def _dropped_on_failure(self, whose: object) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._frames = deque(queued for queued in self._frames if queued.whose is not whose)
            raise

    async def say_nothing(self, clip: Clip) -> bool:
        """Silence as long as a clip, or what is heard instead of it. Returns like ``say``."""
        frames = tuple(itertools.islice(self._between, len(clip.frames)))
        return await self.say(Clip(frames, clip.sounding))

    async def say_stream(self, frames: AsyncIterator[Samples], *, fast: bool = False) -> bool:
        """Say frames of 20 ms as they come; silence where the next one is late. Returns like ``say``.

        What is ahead of the wire waits at its source: no more than ``MAX_AHEAD_FRAMES`` lie here. When the
        source raises or the call is cancelled, these are not said.
        """
        with self._dropped_on_failure(frames):
            self._streaming = True
            try:
                if not await self._put_all(frames, fast=fast):
                    return False
            finally:
                self._streaming = False
            if self._frames and not self._closed:
                await self._until_spoken()
        return not self._closed

    async def _put_all(self, frames: AsyncIterator[Samples], *, fast: bool) -> bool:
        """Queue a stream, marked where speech begins in it and where it pauses; False when closed."""
        held: Samples | None = None
        spoke = False

        async def put(frame: Samples, *, last: bool) -> bool:
            sounds = is_sounding(frame)
            mark = "speaking" if sounds and not spoke else "said" if sounds and last else ""
            await self._put(_Queued(frame, mark, fast, frames))
            return spoke or sounds

        async for frame in frames:
            if held is not None:
                spoke = await put(held, last=not is_sounding(frame))
            held = frame
            if self._closed:
                return False
        if held is not None:
            await put(held, last=True)
        return True

    async def _put(self, queued: _Queued) -> None:
        self._frames.append(queued)
        while len(self._frames) >= MAX_AHEAD_FRAMES and not self._closed:
            await asyncio.sleep(FRAME_S)

    async def _run(self, deliver: Deliver) -> None:
        due_s = time.monotonic()
        while True:
            fast = bool(self._frames) and self._frames[0].fast
            if fast:
                await asyncio.sleep(0 if self._has_room() else FRAME_S)
                if not self._has_room():
                    continue
                due_s = time.monotonic()
            else:
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                self._watch_lateness(1000 * (time.monotonic() - due_s))
            queued = self._frames.popleft() if self._frames else _Queued(next(self._between), "", False, None)
            deliver(queued.frame)
            if queued.mark:
                self._on_mark(queued.mark)
            if not self._frames and not self._streaming:
                self._spoken.set()
            # After a long pause of the whole machine the frames come at their pace again, not in one burst.
            due_s = max(due_s, time.monotonic() - 1.0) + FRAME_S

    def _watch_lateness(self, late_ms: float) -> None:
        if self._on_frame:
            self._on_frame(late_ms)
        if late_ms > self._worst_ms:
            self._worst_ms = late_ms
            self._on_mark("late", ms=round(late_ms, 1))

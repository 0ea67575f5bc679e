"""A device stream that is kept alive: reopened when it dies, stalls or needs another latency.

Opening, aborting and closing block for up to 350 ms, so a thread of the stream's own (the ``worker``) does
them, one after the other; the event loop only watches. What is watched: whether the stream says that it is
active and whether its callback is still called, because a dead one raises nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Literal, Protocol

from realtime_cli.errors import AudioDeviceError

WATCH_S = 0.25
STALL_S = 1.0
RETRY_S = 1.0
SETTLED_S = 0.25  # opening while a sound server is just ending can abort the process inside libpulse

Level = Literal["debug", "info", "warning", "error"]
Report = Callable[[Level, str, str], None]


class Stream(Protocol):
    """An open device, as :mod:`realtime_cli.audio.device` gives it."""

    device_name: str
    rate_hz: int
    channels: int

    @property
    def active(self) -> bool: ...

    @property
    def latency_s(self) -> float: ...

    def start(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class StallDetector:
    """Whether the callback count stands still. Time comes with the question."""

    def __init__(self) -> None:
        self._count = -1
        self._since_s = 0.0

    def stalled(self, at_s: float, count: int) -> bool:
        """Whether the count has been the same for a second."""
        if count != self._count:
            self._count, self._since_s = count, at_s
        return at_s - self._since_s >= STALL_S

    def restart(self, at_s: float) -> None:
        """A new stream gets the whole second again."""
        self._since_s = at_s


class SupervisedStream:
    """``open`` returns a stream that is not yet started, or raises :class:`AudioDeviceError`."""

    def __init__(
        self,
        noun: str,
        open: Callable[[], Stream],
        callback_count: Callable[[], int],
        report: Report,
        worker: Executor,
    ) -> None:
        self._noun = noun
        self._open = open
        self._callback_count = callback_count
        self._report = report
        self._worker = worker
        self._stall_detector = StallDetector()
        self._watching: asyncio.Task[None] | None = None
        self._flushing: Future[None] | None = None
        self.stream: Stream | None = open()
        self.reopened = 0

    def start(self, on_watch: Callable[[], None] = lambda: None) -> None:
        """Start the device and watch it; ``on_watch`` is called on the loop, four times a second."""
        self._watching = asyncio.get_running_loop().create_task(
            self._watch(on_watch), name=f"watch {self._noun}"
        )

    def flush(self, while_stopped: Callable[[], None]) -> None:
        """Throw away what the device holds; ``while_stopped`` is called while it stands. Returns at once."""
        self._flushing = self._worker.submit(self._flush, while_stopped)

    async def reopen(self) -> None:
        """Close, open and start again, off the loop. Raises :class:`AudioDeviceError`."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self._reopen)
        self._stall_detector.restart(time.monotonic())

    async def close(self) -> None:
        """Stop and close the device."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._worker, self._drop)
        self._worker.shutdown(wait=False)

    # -- on the loop --------------------------------------------------------------------------

    async def _watch(self, on_watch: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._worker, self._or_drop, lambda stream: stream.start())
        self._stall_detector.restart(time.monotonic())
        while True:
            await asyncio.sleep(WATCH_S)
            stalled = self._stall_detector.stalled(time.monotonic(), self._callback_count())
            if stalled or self._is_dead:
                await self._bring_back()
            else:
                on_watch()

    @property
    def _is_dead(self) -> bool:
        if self._flushing and not self._flushing.done():
            return False
        return self.stream is None or not self.stream.active

    async def _bring_back(self) -> None:
        self._report("warning", "device", f"The {self._noun} stopped working; opening it again.")
        reported = ""
        await asyncio.sleep(SETTLED_S)
        while True:
            try:
                await self.reopen()
            except AudioDeviceError as error:
                if error.message != reported:
                    reported = error.message
                    self._report(
                        "error", "device", f"The {self._noun} cannot be opened: {reported} Still trying."
                    )
                await asyncio.sleep(RETRY_S)
                continue
            name = self.stream.device_name if self.stream else ""
            self._report("info", "device", f"The {self._noun} works again ({name}).")
            return

    # -- on the worker ------------------------------------------------------------------------

    def _flush(self, while_stopped: Callable[[], None]) -> None:
        self._or_drop(lambda stream: stream.abort())
        while_stopped()
        self._or_drop(lambda stream: stream.start())

    def _or_drop(self, act: Callable[[Stream], None]) -> None:
        """A stream that refuses is closed; the watch opens it again."""
        try:
            if self.stream:
                act(self.stream)
        except AudioDeviceError:
            self._drop()

    def _reopen(self) -> None:
        self._drop()
        self.stream = self._open()
        self.stream.start()
        self.reopened += 1

    def _drop(self) -> None:
        stream, self.stream = self.stream, None
        if stream:
            stream.close()

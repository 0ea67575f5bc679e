"""The pump of frames: a thread that looks, and tells the loop. Nothing of it can delay sound.

A source that fails is reported once and opened again, more and more slowly; while the user lets the
agent see nothing, frames are dropped where they come from.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.config.video import Video
from realtime_cli.errors import ConfigError
from realtime_cli.video.address import Address, address
from realtime_cli.video.frame import VideoFrame
from realtime_cli.video.sources import moments

FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
CLOSE_S = 0.5
EARLY = 0.1  # of the interval: a source of the same pace is not passed over for being a hair too early
# A frame counts as changed when this many of its 64 by 48 cells differ by more than this much (of 255): a
# line of text on a screen moves a dozen cells by 20 and more, a cursor one or two, a camera's noise none.
CHANGED_BY, CHANGED_CELLS = 10, 4

Report = Callable[[Any, str, str], None]


class BackgroundCapture:
    """Eyes for the duplex. ``report`` takes level, topic and text, on the loop's thread."""

    def __init__(
        self, video: Video, folder: Path, report: Report, platform: str, environ: Mapping[str, str]
    ) -> None:
        self._video = video
        self._where = (folder, video.interval_s, platform, environ)
        self._report = report
        self._watching = threading.Event()
        if not video.start_paused or video.when == "on_key":  # it shows nothing unless the key is pressed
            self._watching.set()
        self._stop = threading.Event()
        self._latest: VideoFrame | None = None
        self._shown: VideoFrame | None = None
        self._next_at = 0.0
        self._said = ""
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deliver: Callable[[VideoFrame], None] | None = None

    # -- on the loop ----------------------------------------------------------------------------

    def start(self, deliver: Callable[[VideoFrame], None]) -> None:
        self._deliver, self._loop = deliver, asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="eyes", daemon=True)
        self._thread.start()

    def latest(self) -> VideoFrame | None:
        return self._latest if self._watching.is_set() else None

    def watch(self, on: bool) -> None:
        self._latest = self._shown = None
        if on:
            self._watching.set()
        else:
            self._watching.clear()

    async def close(self) -> None:
        """A driver that does not answer is left behind: the thread keeps no process alive."""
        self._stop.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join, CLOSE_S)

    # -- in the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                place = address(self._video.source or "", *self._where)
                self._look(place)
                if not place.live:
                    self._notify("info", f"{place.shown} has ended.")
                    return
                self._notify("warning", f"The {place.kind} {place.shown} has ended; trying again.")
            except ConfigError as error:
                self._notify("error", f"{error} Trying again; the conversation continues.")
            except Exception as error:
                self._notify(
                    "error", f"The video failed: {error!r}. Trying again; the conversation continues."
                )
            if self._latest is not None:  # it was seen meanwhile
                pause_s, self._latest = FIRST_PAUSE_S, None
            self._stop.wait(pause_s)
            pause_s = min(MAX_PAUSE_S, pause_s * 2)

    def _look(self, place: Address) -> None:
        for show in moments(place, self._due, self._sleep):
            if self._stop.is_set():
                return
            self._plan_next()
            try:
                sight = show(self._video.max_side, self._video.quality)
            except ConfigError as error:  # one bad picture among others
                self._notify("error", f"{error} The conversation continues.")
                continue
            if self._said:
                self._said = ""
                self._notify("info", f"Video works: {place.shown}.", keep=False)
            self._saw(replace(sight, source=place.shown))

    def _plan_next(self) -> None:
        """In step with the clock; what was missed is not made up for."""
        now, next_at = time.monotonic(), self._next_at + self._video.interval_s
        self._next_at = next_at if next_at > now else now + self._video.interval_s

    def _due(self) -> bool:
        """Also true when all is over: whoever waits for it must look."""
        at = self._next_at - EARLY * self._video.interval_s
        return self._stop.is_set() or (self._watching.is_set() and time.monotonic() >= at)

    def _sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _saw(self, sight: VideoFrame) -> None:
        if not self._watching.is_set():
            return
        self._latest = sight
        when = self._video.when
        if when == "interval" or (when == "on_change" and not looks_alike(self._shown, sight)):
            self._shown = sight
            self._call(self._deliver, sight)

    def _notify(self, level: str, text: str, *, keep: bool = True) -> None:
        if text != self._said:
            self._said = text if keep else ""
            self._call(self._report, level, "video", text)

    def _call(self, function: Callable[..., None] | None, *arguments: Any) -> None:
        if function and self._loop and not self._stop.is_set():
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(function, *arguments)


def looks_alike(before: VideoFrame | None, now: VideoFrame) -> bool:
    """Whether nothing that matters has changed: not noise, not a blinking cursor."""
    if before is None or (before.width, before.height) != (now.width, now.height):
        return False
    differences = np.abs(_values(before) - _values(now))
    return int((differences > CHANGED_BY).sum()) < CHANGED_CELLS


def _values(sight: VideoFrame) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.frombuffer(sight.gray, np.uint8).astype(np.int16)

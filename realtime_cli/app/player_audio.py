"""The sound of a replay: both sides of the recording mixed, through the loudspeaker, in time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ
from realtime_cli.audio.sample_format import Samples
from realtime_cli.config.audio import names_a_file
from realtime_cli.recording.export.sound import stereo
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.time_warp import TimeWarp

CHUNK = RATE_HZ // 4
AHEAD_MS = 1000.0  # queued in the playout: enough for a busy machine, short enough to stop at once


class ReplaySound:
    """Feeds the playout from a place in the recording, leaving out what the time map cuts."""

    def __init__(self, recording: Recording, times: TimeWarp) -> None:
        self._samples = stereo(recording)
        self._times = times
        self._speaker: Any = None
        self._feeding: asyncio.Task[None] | None = None
        self._part = 0

    def open(self, choice: str) -> None:
        """Raises AudioDeviceError when there is no such device."""
        if names_a_file(choice):
            from realtime_cli.audio.wav import WavSpeaker

            self._speaker = WavSpeaker(None if choice == "null" else choice)
        else:
            from realtime_cli.audio.device import open_speaker

            self._speaker = open_speaker(choice)
        self._speaker.start()

    def play_from(self, at: float) -> None:
        """Play on from this session second, instead of what is playing."""
        self.pause()
        self._part += 1
        self._feeding = asyncio.get_running_loop().create_task(self._feed(at), name="replay sound")

    def pause(self) -> None:
        if self._feeding:
            self._feeding.cancel()
            self._feeding = None
            self._speaker.stop_now()

    async def _feed(self, at: float) -> None:
        part, playout = f"replay {self._part}", self._speaker.playout
        for begin in range(max(0, round(at * RATE_HZ)), len(self._samples), CHUNK):
            while playout.queued_ms > AHEAD_MS:
                await asyncio.sleep(CHUNK / RATE_HZ / 2)
            playout.push(part, 0, mixed(self._kept(begin)))
        playout.end(part, 0)

    def _kept(self, begin: int) -> Samples:
        """A chunk, or the part of it that is not cut."""
        chunk = self._samples[begin : begin + CHUNK]
        first, last = (self._times.shown(sample / RATE_HZ) for sample in (begin, begin + len(chunk)))
        return chunk[: min(len(chunk), max(0, round((last - first) * RATE_HZ)))]

    async def drained(self) -> None:
        """Until all of it was heard."""
        if self._feeding:
            with suppress(asyncio.CancelledError):
                await self._feeding
            await self._speaker.drained()

    async def close(self) -> None:
        self.pause()
        if self._speaker:
            await self._speaker.close()


def mixed(samples: Samples) -> Samples:
    """Both channels as one; clipped where both are loud."""
    together: Samples = np.clip(samples.astype(np.int32).sum(axis=1), -32768, 32767).astype(np.int16)
    return together

"""The microphone: blocks of the device in, frames of 10 to 40 ms out, on the event loop's thread.

The audio thread copies the block and hands it over, nothing more. On the loop: mix down to one channel,
resample if the device refused 24 kHz, cut into frames, take the echo out, deliver. What is loud is
delivered at once, 10 ms at a time; what is quiet waits for the next 10 ms, for it is not urgent, and half
as many frames are half the work for everybody behind. In a room that has been quiet for some time nobody
waits for the end of a turn: there it waits for 40 ms. What is quiet in the room does not even wake the
loop. Where a frame was quiet only without its echo, the next one is taken whole, too, and two of them are
delivered together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import (
    FRAME_MS,
    FRAME_SAMPLES,
    RATE_HZ,
    SAMPLES_PER_MS,
    Samples,
    down_mix,
    energy,
    silence,
)
from realtime_cli.audio.resample import Resampler
from realtime_cli.audio.supervised_stream import Report, Stream, SupervisedStream
from realtime_cli.brief_thread import BriefThread

ZEROS_S = 1.5
REST_MS = 2000  # of quiet, after which frames are longer; shorter: the end of a turn is sent later
REST_FRAME_MS = 40
QUIET_DBFS = -50.0
QUIET_ENERGY = (32768 * 10 ** (QUIET_DBFS / 20)) ** 2  # of one sample
CLIPPED_ENERGY = 32000**2  # a block with less of it has no sample at full scale
CLIPPED_SHARE = 0.002
CLIPPING_REPEAT_S = 60.0
MAX_WAITING_MS = 1000  # sound that may wait for the loop: 200 ms of a busy loop must not be audible

InputCallback = Callable[[npt.NDArray[np.int16]], None]
OpenInput = Callable[[InputCallback], Stream]


class InputHealth:
    """What is wrong with the sound itself: only zeros, or clipped. Time comes with the frame.

    Zeros are reported only before the first sound: headsets and sound servers gate what is quiet.
    """

    def __init__(self) -> None:
        self._began_at_s: float | None = None
        self._heard = False
        self._reported_zeros = False
        self._reported_clipping_s = -CLIPPING_REPEAT_S
        self._clipped = 0.0

    def frame(self, at_s: float, samples: Samples) -> str:
        """What the user should know now, or an empty text. int16, mono, 24 kHz, any length."""
        if self._began_at_s is None:
            self._began_at_s = at_s
        sound = energy(samples)
        if not self._heard and sound:
            self._heard = True
            if self._reported_zeros:
                return "The microphone delivers sound now."
        elif not (self._heard or self._reported_zeros) and at_s - self._began_at_s >= ZEROS_S:
            self._reported_zeros = True
            return "The microphone delivers only silence. Is it muted, or is access blocked?"
        return self._clipping(at_s, samples, loud=sound >= CLIPPED_ENERGY)

    def _clipping(self, at_s: float, samples: Samples, *, loud: bool) -> str:
        share = 0.0
        if loud and (samples.max() == 32767 or samples.min() == -32768):
            share = float(np.mean((samples == 32767) | (samples == -32768)))
        self._clipped += (share - self._clipped) * len(samples) / RATE_HZ  # over about a second
        if self._clipped < CLIPPED_SHARE or at_s - self._reported_clipping_s < CLIPPING_REPEAT_S:
            return ""
        self._reported_clipping_s = at_s
        return "The microphone clips. Lower its level."


class DeviceMicrophone:
    """A device as microphone: int16 mono frames at 24 kHz, 10 to 40 ms long.

    ``process`` (an echo canceller) gets one or more blocks of ``block_ms`` and returns what is to be sent: in
    the long run as much, for a moment more or less.
    """

    def __init__(
        self,
        open: OpenInput,
        report: Report,
        process: Callable[[Samples], Samples] | None = None,
        block_ms: int = 10,
    ) -> None:
        self._block_ms = block_ms
        self._block_samples = block_ms * SAMPLES_PER_MS
        self._quiet_blocks = 0  # waiting ones that the loop has not been told about; by the audio thread
        self._quiet_ms = 0  # how long the room has been quiet; written by the audio thread
        self._held_back = silence(0)
        self._echo_only = False  # the last frame was loud, and quiet without its echo; written by the loop
        self._report = report
        self._process = process
        self._health = InputHealth()
        self._deliver: Callable[[Samples | None], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._partial = silence(0)
        self._callback_count = 0
        # A machine that slept, or a sound server that held back, delivers minutes at once: the oldest goes.
        self._blocks: deque[npt.NDArray[np.int16]] = deque(maxlen=MAX_WAITING_MS // block_ms)
        self._dropped = 0
        self._stream = SupervisedStream(
            "microphone",
            lambda: open(self._on_block),
            lambda: self._callback_count,
            report,
            BriefThread("microphone"),
        )
        self._resampler = Resampler(self.rate_hz, RATE_HZ)

    @property
    def rate_hz(self) -> int:
        """What the device runs at."""
        return self._stream.stream.rate_hz if self._stream.stream else RATE_HZ

    @property
    def device_name(self) -> str:
        return self._stream.stream.device_name if self._stream.stream else ""

    @property
    def reopened(self) -> int:
        """How often the device had to be opened again."""
        return self._stream.reopened

    def start(self, deliver: Callable[[Samples | None], None]) -> None:
        """Begin to deliver frames to ``deliver`` on the running loop's thread."""
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._stream.start()

    async def close(self) -> None:
        """Deliver no more, and release the device."""
        self._deliver = None
        await self._stream.close()

    def _on_block(self, frames: npt.NDArray[np.int16]) -> None:
        """On the audio thread; ``frames`` has shape (n, channels) and is only lent."""
        self._callback_count += 1
        if self._loop and not self._loop.is_closed():
            self._dropped += len(self._blocks) == self._blocks.maxlen
            self._blocks.append(frames.copy())
            quiet = _is_quiet(frames)
            self._quiet_ms = self._quiet_ms + self._block_ms if quiet else 0
            waits = quiet or self._echo_only
            self._quiet_blocks = (self._quiet_blocks + 1) % self._blocks_per_frame if waits else 0
            if not self._quiet_blocks:
                self._loop.call_soon_threadsafe(self._take_next)

    @property
    def _frame_ms(self) -> int:
        return REST_FRAME_MS if self._quiet_ms > REST_MS else FRAME_MS

    @property
    def _blocks_per_frame(self) -> int:
        return max(1, self._frame_ms // self._block_ms)

    def _take_next(self) -> None:
        """Up to one frame; what is left of a burst comes next."""
        count = min(len(self._blocks), self._blocks_per_frame)
        if not count:
            return  # it was taken with the one before, or dropped for a newer one
        taken = [self._blocks.popleft() for _ in range(count)]
        self._take(taken[0] if count == 1 else np.concatenate(taken))
        if len(self._blocks) > self._quiet_blocks and self._loop:
            self._loop.call_soon(self._take_next)
        if self._dropped and not self._blocks:
            text = (
                f"{self._dropped * self._block_ms} ms of microphone sound arrived too late and were dropped."
            )
            self._report("warning", "microphone", text)
            self._dropped = 0

    def _take(self, frames: npt.NDArray[np.int16]) -> None:
        if self._resampler.from_hz != self.rate_hz:
            self._resampler = Resampler(self.rate_hz, RATE_HZ)
        block = self._resampler.feed(down_mix(frames))
        if len(self._partial):
            block = np.concatenate([self._partial, block])
        whole = len(block) - len(block) % self._block_samples
        self._partial = block[whole:]
        if whole:
            self._finish(block[:whole])

    def _finish(self, frame: Samples) -> None:
        if self._deliver is None:
            return
        if text := self._health.frame(time.monotonic(), frame):
            self._report("warning", "microphone", text)
        quiet = _is_quiet(frame)
        if self._process:
            heard_quiet, frame = quiet, self._process(frame)
            quiet = _is_quiet(frame)
            self._echo_only = quiet and not heard_quiet
        if len(self._held_back):
            frame, self._held_back = np.concatenate([self._held_back, frame]), silence(0)
        most = (REST_FRAME_MS if self._echo_only else self._frame_ms) * SAMPLES_PER_MS
        least = most if self._echo_only else FRAME_SAMPLES
        while len(frame) > most:
            self._deliver(frame[:most])
            frame = frame[most:]
        if len(frame) < least and quiet:
            self._held_back = frame
        elif len(frame):
            self._deliver(frame)


def _is_quiet(samples: npt.NDArray[np.int16]) -> bool:
    """In each of its channels and samples, on the whole."""
    return energy(samples.ravel()) < QUIET_ENERGY * samples.size

"""The loudspeaker: the device pulls from the playout, and is flushed when the user interrupts.

A cut is made by aborting the device and starting it again: what it holds is gone in 5 ms, however deep
its buffer is. A fade cannot be laid over sound that the device already has, so it is heard only where
nothing can be aborted (see ``wav.WavSpeaker``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.adaptive_latency import STEPS_S, AdaptiveLatency
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.playout import Playout
from realtime_cli.audio.resample import Resampler
from realtime_cli.audio.supervised_stream import Report, Stream, SupervisedStream
from realtime_cli.notices import HeardItem

PULL_SAMPLES = 10 * SAMPLES_PER_MS
WARM_UP_S = 0.5  # a device that starts reports its own empty buffer
POLL_S = 0.01
FLUSH_S = 0.008  # from stop_now to silence: what an abort takes, and half the step of a sound server
MAX_LATENCY_S = 1.0

OutputCallback = Callable[[npt.NDArray[np.int16], float, bool], None]
OpenOutput = Callable[[OutputCallback, float], Stream]


class DeviceSpeaker:
    """A device as loudspeaker.

    ``on_played`` gets every block of the far end (int16 mono, 24 kHz), silence too, on the audio thread.
    """

    def __init__(
        self,
        open: OpenOutput,
        report: Report,
        on_played: Callable[[Samples], None] | None = None,
        latency_s: float = STEPS_S[0],
    ) -> None:
        self.playout = Playout()
        self._on_played = on_played
        self._tap: Callable[[Samples], None] | None = None
        self.device_gaps = 0
        self._seen_gaps = 0
        self._report = report
        self._latency = AdaptiveLatency((latency_s, *(step for step in STEPS_S if step > latency_s)))
        self._callback_count = 0
        self._running_s = 0.0  # of sound since the device was started
        self._flushing = False
        self._partial = silence(0)
        self._changing: asyncio.Task[None] | None = None
        self._resampler = Resampler(RATE_HZ, RATE_HZ)
        self._stream = SupervisedStream(
            "loudspeaker",
            lambda: self._open(open),
            lambda: self._callback_count,
            report,
            ThreadPoolExecutor(1, "loudspeaker"),  # kept open: an interruption cannot wait
        )

    @property
    def rate_hz(self) -> int:
        """What the device runs at."""
        return self._resampler.to_hz

    @property
    def device_name(self) -> str:
        return self._stream.stream.device_name if self._stream.stream else ""

    @property
    def reopened(self) -> int:
        """How often the device had to be opened again."""
        return self._stream.reopened

    @property
    def latency_s(self) -> float:
        """From the callback to the ear, as the device says."""
        return self._stream.stream.latency_s if self._stream.stream else 0.0

    @property
    def level_dbfs(self) -> float:
        return self.playout.level_dbfs

    def start(self, tap: Callable[[Samples], None] | None = None) -> None:
        """Start the device; it plays silence until there is something in the playout.

        ``tap`` gets every 24 kHz block given to the device, as ``on_played`` does.
        """
        self._tap = tap
        self._stream.start(self._watch_gaps)

    def stop_now(self) -> tuple[HeardItem, ...]:
        """Silence within some milliseconds; returns at once what was heard."""
        sounding = not self.playout.idle
        heard = self.playout.stop(FLUSH_S)
        if sounding and not self._flushing:
            self._flushing = True
            self._stream.flush(self._flushed)
        return heard

    async def drained(self) -> None:
        """Until everything queued has been heard."""
        while not self.playout.idle:
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Stop, and release the device."""
        if self._changing:
            await asyncio.gather(self._changing, return_exceptions=True)
        await self._stream.close()

    # -- on the stream's worker ---------------------------------------------------------------

    def _open(self, open: OpenOutput) -> Stream:
        stream = open(self._on_pull, self._latency.latency_s)
        self._resampler = Resampler(RATE_HZ, stream.rate_hz)
        self._partial = silence(0)
        self._running_s = 0.0
        return stream

    def _flushed(self) -> None:
        self.playout.forget_fade()
        self._partial = silence(0)
        self._resampler.reset()
        self._running_s = 0.0
        self._flushing = False

    # -- on the audio thread ------------------------------------------------------------------

    def _on_pull(self, out: npt.NDArray[np.int16], dac_in_s: float, underflow: bool) -> None:
        """Fill ``out``, shape (n, channels), audible in ``dac_in_s``."""
        self._callback_count += 1
        self._running_s += len(out) / self.rate_hz
        if underflow and self.playout.flowing and self._running_s > WARM_UP_S:
            self.device_gaps += 1  # not audible in silence
        if self._flushing:
            out.fill(0)
            self._notify_played(silence(round(len(out) * RATE_HZ / self.rate_hz)))
            return
        latency_s = dac_in_s if 0 < dac_in_s < MAX_LATENCY_S else self.latency_s
        out[:] = self._next(len(out), latency_s)[:, None]

    def _next(self, count: int, latency_s: float) -> Samples:
        if self._resampler.from_hz == self._resampler.to_hz:
            block = self.playout.pull(count, latency_s)
            self._notify_played(block)
            return block
        while len(self._partial) < count:
            waiting_s = len(self._partial) / self.rate_hz + self._resampler.held_ms / 1000
            block = self.playout.pull(PULL_SAMPLES, latency_s + waiting_s)
            self._notify_played(block)
            self._partial = np.concatenate([self._partial, self._resampler.feed(block)])
        ready, self._partial = self._partial[:count], self._partial[count:]
        return ready

    def _notify_played(self, block: Samples) -> None:
        for listener in (self._on_played, self._tap):
            if listener:
                listener(block)

    # -- on the loop --------------------------------------------------------------------------

    def _watch_gaps(self) -> None:
        now = time.monotonic()
        for _ in range(self.device_gaps - self._seen_gaps):
            self._latency.gap(now)
        self._seen_gaps = self.device_gaps
        before_s = self._latency.latency_s
        if not self._flushing and self._latency.change(now, silent=self.playout.idle):
            self._changing = asyncio.get_running_loop().create_task(self._change(before_s))

    async def _change(self, before_s: float) -> None:
        wider = self._latency.latency_s > before_s
        change = "raised because the sound had gaps" if wider else "lowered: no gaps for a long time"
        self._report(
            "info", "device", f"Output latency {change}; now {self._latency.latency_s * 1000:.0f} ms."
        )
        await self._stream.reopen()

"""A virtual device as the sound server gives it: samples, and when they arrived."""

from __future__ import annotations

import subprocess
import threading
import time

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples

CHUNK_MS = 5
LOUD = 1000
PEAK_MS = 1


class Capture:
    """Runs until closed. Times are those of the monotonic clock."""

    def __init__(self, source: str, environment: dict[str, str]) -> None:
        form = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", f"--latency-msec={CHUNK_MS}"]
        self._child = subprocess.Popen(
            ["parec", f"--device={source}", *form], stdout=subprocess.PIPE, env=environment
        )
        self._chunks: list[tuple[float, Samples]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        size = 2 * CHUNK_MS * SAMPLES_PER_MS
        while len(data := self._child.stdout.read(size)) == size:
            self._chunks.append((time.monotonic(), np.frombuffer(data, "<i2")))

    def first_loud(self, since_s: float) -> float:
        """When the first loud sample after this arrived; nan if there was none."""
        for at, chunk in self._after(since_s):
            if np.abs(chunk.astype(np.int32)).max() > LOUD:
                return at
        return float("nan")

    def last_loud(self, since_s: float, until_s: float = float("inf")) -> float:
        """When the last loud sample between these times arrived."""
        times = [
            at
            for at, chunk in self._after(since_s)
            if at < until_s and np.abs(chunk.astype(np.int32)).max() > LOUD
        ]
        return max(times, default=float("nan"))

    def stretches(self, since_s: float, quiet_s: float = 0.2) -> list[tuple[float, float]]:
        """When each sound began and ended that has so much silence around it."""
        found: list[tuple[float, float]] = []
        for at, chunk in self._after(since_s):
            if np.abs(chunk.astype(np.int32)).max() > LOUD:
                goes_on = found and at - found[-1][1] <= quiet_s
                found.append((found.pop()[0] if goes_on else at, at))
        return found

    def sound_ms(self, since_s: float) -> tuple[float, list[float]]:
        """From the first loud sample to the last, and the silences between them of more than 2 ms."""
        chunks = [chunk for _, chunk in self._after(since_s)]
        if not chunks:
            return 0.0, []
        loud = np.flatnonzero(np.abs(np.concatenate(chunks).astype(np.int32)) > LOUD)
        if not len(loud):
            return 0.0, []
        steps = np.diff(loud) / SAMPLES_PER_MS
        return float(loud[-1] - loud[0] + 1) / SAMPLES_PER_MS, [float(s) for s in steps if s > 2]

    def _after(self, since_s: float) -> list[tuple[float, Samples]]:
        return [(at, chunk) for at, chunk in list(self._chunks) if at >= since_s]

    def forget(self) -> None:
        """Keep the memory small."""
        del self._chunks[:-1]

    def close(self) -> None:
        self._child.terminate()
        self._child.wait()
        self._reader.join(timeout=2)
        if self._child.stdout:
            self._child.stdout.close()

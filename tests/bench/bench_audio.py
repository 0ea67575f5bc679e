"""Devices against a bare sounddevice loop on the same virtual devices, in one run: ratios count, not figures.

    python -m tests.bench.bench_audio [--quick]

Mouth to wire: what our side adds between the audio thread's block and the delivered frame. Wire to ear and
stop to silence: both loops are watched through the same capture, so that what the sound server adds is in
both. Gaps: a tone beside three spinning processes, with the latency held and with the latency that widens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples

CHUNK_SAMPLES = RATE_HZ // 200
LOUD = 300
Trial = Callable[[], None]


class Capture:
    """The loudspeaker as the sound server gives it: the loudness of each 5 ms and when it arrived."""

    def __init__(self) -> None:
        form = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=5"]
        self._child = subprocess.Popen(["parec", "--device=speaker.monitor", *form], stdout=subprocess.PIPE)
        self.heard: list[tuple[float, int]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        while len(data := self._child.stdout.read(2 * CHUNK_SAMPLES)) == 2 * CHUNK_SAMPLES:
            peak = int(np.abs(np.frombuffer(data, "<i2").astype(np.int32)).max())
            self.heard.append((time.perf_counter(), peak))

    def first_loud(self, since_s: float) -> float:
        return min((at for at, peak in self.heard if at >= since_s and peak > LOUD), default=float("nan"))

    def last_loud(self, since_s: float) -> float:
        return max((at for at, peak in self.heard if at >= since_s and peak > LOUD), default=float("nan"))

    def gaps(self, since_s: float) -> list[int]:
        """Silences inside the sound, in ms."""
        loud = [place for place, (at, peak) in enumerate(self.heard) if at >= since_s and peak > LOUD]
        return [5 * int(step - 1) for step in np.diff(loud) if step > 1]

    def close(self) -> None:
        self._child.terminate()
        self._child.wait()


def sine(seconds: float) -> Samples:
    turns = np.arange(round(RATE_HZ * seconds)) * 500 / RATE_HZ
    return (12_000 * np.cos(2 * np.pi * turns)).astype(np.int16)


def milliseconds(values: list[float]) -> dict[str, float]:
    found = np.array(values) * 1000
    return {
        "median": round(float(np.nanmedian(found)), 1),
        "p95": round(float(np.nanpercentile(found, 95)), 1),
    }


class BareSpeaker:
    """The least there can be: a callback that copies from one array; abort and start to stop."""

    def __init__(self) -> None:
        import sounddevice

        self._sound = np.zeros(0, np.int16)
        self._at = 0
        self._stream = sounddevice.OutputStream(
            samplerate=RATE_HZ, channels=1, dtype="int16", blocksize=FRAME_SAMPLES, latency=0.04,
            callback=self._fill,
        )  # fmt: skip
        self._stream.start()

    def _fill(self, out: Any, frames: int, when: Any, status: Any) -> None:
        block = self._sound[self._at : self._at + frames]
        out[: len(block), 0] = block
        out[len(block) :] = 0
        self._at += len(block)

    def play(self, sound: Samples) -> None:
        self._sound, self._at = sound, 0

    def stop(self) -> None:
        self._sound = self._sound[:0]
        self._stream.abort()
        self._stream.start()

    def close(self) -> None:
        self._stream.close()


async def tried(capture: Capture, count: int, play: Trial, stop: Trial) -> dict[str, Any]:
    """Start and cut a tone at random times; when each was heard."""
    chance = random.Random(1)
    to_ear, to_silence = [], []
    for _ in range(count):
        began = time.perf_counter()
        play()
        await asyncio.sleep(chance.uniform(0.25, 0.35))
        to_ear.append(capture.first_loud(began) - began)
        ended = time.perf_counter()
        stop()
        await asyncio.sleep(chance.uniform(0.25, 0.35))
        to_silence.append(max(0.0, capture.last_loud(began) - ended))
    return {"to_ear_ms": milliseconds(to_ear), "to_silence_ms": milliseconds(to_silence)}


async def bare_speaker(count: int) -> dict[str, Any]:
    speaker, capture = BareSpeaker(), Capture()
    await asyncio.sleep(0.7)
    result = await tried(capture, count, lambda: speaker.play(sine(2)), speaker.stop)
    capture.close()
    speaker.close()
    return result


async def our_speaker(count: int) -> dict[str, Any]:
    from realtime_cli.audio import device

    speaker, capture = device.open_speaker(), Capture()
    speaker.start()
    await asyncio.sleep(0.7)
    places = iter(range(count))
    result = await tried(
        capture,
        count,
        lambda: speaker.playout.push(f"item {next(places)}", 0, sine(2)),
        lambda: (speaker.stop_now(), None)[1],
    )
    capture.close()
    await speaker.close()
    return result


async def our_microphone(seconds: float, echo: str) -> dict[str, Any]:
    """From the block in the audio thread to the delivered frame."""
    from realtime_cli.audio import device
    from realtime_cli.audio.echo import make_echo_control

    guard = make_echo_control(echo)  # type: ignore[arg-type]
    took: list[float] = []
    microphone = device.open_microphone(process=guard.process)
    on_block, blocks = microphone._on_block, []

    def stamped(frames: Any) -> None:
        blocks.append(time.perf_counter())
        on_block(frames)

    microphone._on_block = stamped  # type: ignore[method-assign]
    await microphone._stream.reopen()
    speaker = device.open_speaker(on_played=guard.played)
    speaker.start()
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    microphone.start(lambda frame: took.append(time.perf_counter() - blocks[len(took)]))
    speaker.playout.push("talk", 0, sine(seconds))
    await asyncio.sleep(seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    await microphone.close()
    await speaker.close()
    busy_s = used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime
    return {"added_ms": milliseconds(took), "cpu_s_per_min": round(busy_s * 60 / seconds, 1)}


def _spin() -> None:
    while True:
        pass


@contextmanager
def load(processes: int) -> Any:
    spinning = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(processes)]
    for process in spinning:
        process.start()
    try:
        yield
    finally:
        for process in spinning:
            process.kill()


async def gaps_under_load(seconds: float, widen: bool) -> dict[str, Any]:
    from realtime_cli.audio import device
    from realtime_cli.audio.adaptive_latency import AdaptiveLatency

    notes: list[str] = []
    speaker, capture = device.open_speaker(report=lambda *note: notes.append(note[2])), Capture()
    if not widen:
        speaker._ladder = AdaptiveLatency((0.04,))
    speaker.start()
    await asyncio.sleep(0.7)
    found: list[int] = []
    with load(3):
        for turn in range(round(seconds / 5)):
            began = time.perf_counter()
            speaker.playout.push(f"turn {turn}", 0, sine(4))
            speaker.playout.end(f"turn {turn}", 0)
            await speaker.drained()
            await asyncio.sleep(1)
            found += capture.gaps(began)
    result = {
        "gaps_per_min": round(len(found) * 60 / seconds, 1),
        "gap_ms": found[:20],
        "device_gaps": speaker.device_gaps,
        "notes": notes,
    }
    capture.close()
    await speaker.close()
    return result


PARTS: dict[str, Any] = {
    "bare": bare_speaker,
    "ours": our_speaker,
    "microphone": our_microphone,
    "gaps": gaps_under_load,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("arguments", nargs="*", type=json.loads)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(asyncio.run(PARTS[options.part](*options.arguments))))
        return
    _compare(8 if options.quick else 40, 20 if options.quick else 60)


def _compare(count: int, seconds: int) -> None:
    from tests.kit.virtual_devices import running

    with running() as devices:

        def part(name: str, *arguments: Any) -> dict[str, Any]:
            words = ["-m", "tests.bench.bench_audio", "--part", name, *map(json.dumps, arguments)]
            done = devices.run(words, timeout_s=600)
            assert done.returncode == 0, done.stderr
            return dict(json.loads(done.stdout.splitlines()[-1]))

        bare, ours = part("bare", count), part("ours", count)
        for figure in ("to_ear_ms", "to_silence_ms"):
            floor, own = bare[figure]["median"], ours[figure]["median"]
            print(
                f"{figure:14} bare {bare[figure]}  ours {ours[figure]}  +{own - floor:.1f} ms, x{own / max(floor, 1):.2f}"
            )
        for echo in ("off", "aec"):
            print(f"mouth to frame, echo {echo:3}: {part('microphone', min(seconds, 20), echo)}")
        for widen in (False, True):
            print(
                f"beside three spinning processes, latency {'widens' if widen else 'held'}: {part('gaps', seconds, widen)}"
            )


if __name__ == "__main__":
    sys.exit(main())

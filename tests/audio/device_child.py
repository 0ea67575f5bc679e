"""What the device tests run in a child process on virtual devices: a scenario by name, figures as JSON.

The virtual devices take every rate. ``--rate`` makes them refuse all others, as hardware does.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import random
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from realtime_cli.audio import device
from realtime_cli.audio.echo import make_echo_control
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, dbfs
from realtime_cli.audio.speaker import DeviceSpeaker
from realtime_cli.audio.wav_file import read_wav

Notes = list[tuple[str, str, str]]
WARM_UP_S = 0.6


def refuse_all_but(rate_hz: int, channels: int) -> None:
    """The device has one rate and one count of channels."""
    asked = device._takes

    def takes(found: Any, direction: Any, rate: int, count: int) -> bool:
        return (rate, count) == (rate_hz, channels) and asked(found, direction, rate, count)

    device._takes = takes  # type: ignore[assignment]


def sine(seconds: float, hz: float = 500.0) -> Samples:
    turns = np.arange(round(RATE_HZ * seconds)) * hz / RATE_HZ
    return (12_000 * np.sin(2 * np.pi * turns)).astype(np.int16)


async def opened_speaker(notes: Notes) -> DeviceSpeaker:
    speaker = device.open_speaker(report=lambda *note: notes.append(note))
    speaker.start()
    await asyncio.sleep(WARM_UP_S)
    return speaker


def state(speaker: DeviceSpeaker, notes: Notes) -> dict[str, Any]:
    return {
        "rate_hz": speaker.rate_hz,
        "latency_ms": speaker.latency_s * 1000,
        "underruns": speaker.playout.underruns,
        "device_gaps": speaker.device_gaps,
        "reopened": speaker.reopened,
        "notes": notes,
    }


async def interrupt(count: int, seed: int) -> dict[str, Any]:
    """Cut tones after random times; what was heard of each."""
    notes: Notes = []
    chance = random.Random(seed)
    speaker = await opened_speaker(notes)
    heard, took = [], []
    for turn in range(count):
        speaker.playout.push(f"item {turn}", 0, sine(3))
        await asyncio.sleep(chance.uniform(0.15, 0.5))
        began = time.perf_counter()
        (item,) = speaker.stop_now()
        took.append(1000 * (time.perf_counter() - began))
        heard.append(item.heard_ms)
        await asyncio.sleep(0.25)
    result = {"heard_ms": heard, "stop_took_ms": max(took), **state(speaker, notes)}
    await speaker.close()
    return result


async def short_reply() -> dict[str, Any]:
    """85 ms, whole; then a soft one right after a cut."""
    notes: Notes = []
    speaker = await opened_speaker(notes)
    speaker.playout.push("short", 0, sine(0.085))
    speaker.playout.end("short", 0)
    await speaker.drained()
    heard = [item.heard_ms for item in speaker.playout.heard()]
    await asyncio.sleep(0.3)
    speaker.playout.push("long", 0, sine(2))
    await asyncio.sleep(0.3)
    speaker.stop_now()
    speaker.playout.push("next", 0, sine(0.2) // 4)
    speaker.playout.end("next", 0)
    await speaker.drained()
    await asyncio.sleep(0.2)
    result = {"heard_ms": heard, **state(speaker, notes)}
    await speaker.close()
    return result


async def busy_loop() -> dict[str, Any]:
    """A tone of 2 s while the event loop stands for 200 ms again and again."""
    notes: Notes = []
    speaker = await opened_speaker(notes)
    speaker.playout.push("tone", 0, sine(2))
    speaker.playout.end("tone", 0)
    while not speaker.playout.idle:
        time.sleep(0.2)  # noqa: ASYNC251 - a loop that stands is the point
        await asyncio.sleep(0)
    result = state(speaker, notes)
    await speaker.close()
    return result


async def held_interpreter(pause_ms: float) -> dict[str, Any]:
    """A tone of 4 s while something in C keeps the interpreter's lock again and again."""
    notes: Notes = []
    holding = ctypes.PyDLL(None).usleep  # unlike CDLL, it does not let go of the lock
    speaker = await opened_speaker(notes)
    speaker.playout.push("tone", 0, sine(4))
    speaker.playout.end("tone", 0)
    while not speaker.playout.idle:
        await asyncio.sleep(0.25)
        holding(round(1000 * pause_ms))
    result = state(speaker, notes)
    await speaker.close()
    return result


async def listen(seconds: float) -> dict[str, Any]:
    """Frames of the microphone: how many, how long, how loud."""
    notes: Notes = []
    frames: list[Samples] = []
    microphone = device.open_microphone(report=lambda *note: notes.append(note))
    microphone.start(lambda frame: frames.append(frame) if frame is not None else None)
    print("listening", flush=True)
    await asyncio.sleep(seconds)
    await microphone.close()
    sound = np.concatenate(frames)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return {
        "rate_hz": microphone.rate_hz if microphone.device_name else 0,
        "lengths": sorted({len(frame) for frame in frames}),
        "ms": len(sound) / SAMPLES_PER_MS,
        "peak": int(np.abs(sound.astype(np.int32)).max()),
        "pitch_hz": float(np.argmax(spectrum) * RATE_HZ / len(sound)),
        "notes": notes,
    }


async def outlive() -> dict[str, Any]:
    """Both devices go away while they run, and come back: told through stdin."""
    notes: Notes = []
    frames = 0

    def deliver(frame: Samples | None) -> None:
        nonlocal frames
        frames += 1

    def report(*note: str) -> None:
        notes.append(note)  # type: ignore[arg-type]
        print(json.dumps(note), flush=True)

    speaker = device.open_speaker(report=report)
    microphone = device.open_microphone(report=report)
    speaker.start()
    microphone.start(deliver)
    await asyncio.sleep(WARM_UP_S)
    print(json.dumps("running"), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before = frames
    speaker.playout.push("after", 0, sine(0.3))
    speaker.playout.end("after", 0)
    await asyncio.wait_for(speaker.drained(), 10)
    await asyncio.sleep(0.5)
    result = {"frames_after": frames - before, **state(speaker, notes)}
    await microphone.close()
    await speaker.close()
    return result


async def missing_from_the_list() -> dict[str, Any]:
    """The microphone dies, and is not in the list that was made when the loudspeaker came back without it."""
    notes: Notes = []
    frames: list[Samples | None] = []
    speaker = await opened_speaker(notes)
    microphone = device.open_microphone(report=lambda *note: notes.append(note))
    microphone.start(frames.append)
    await asyncio.sleep(WARM_UP_S)
    listed, library = device.list_devices, device._library()
    started_anew = library._initialize

    def initialize() -> None:
        started_anew()
        device.list_devices = listed

    library._initialize = initialize
    device.list_devices = lambda: [replace(each, input_channels=0) for each in listed()]
    assert microphone._stream.stream
    microphone._stream.stream.abort()
    until = time.monotonic() + 20
    while sum("works again" in str(note) for note in notes) < 2 and time.monotonic() < until:
        await asyncio.sleep(0.05)
    frames.clear()
    await asyncio.sleep(0.5)
    result = {"frames": len(frames), **state(speaker, notes)}
    await microphone.close()
    await speaker.close()
    return result


async def hear_itself(path: str, mode: str) -> dict[str, Any]:
    """The agent speaks a file three times into a room that echoes; what the guard lets through."""
    notes: Notes = []
    guard = make_echo_control(mode)  # type: ignore[arg-type]
    with open(path, "rb") as file:
        speech = np.concatenate(list(read_wav(file, path)))
    heard: list[Samples] = []
    cleaned: list[Samples] = []

    def process(frame: Samples) -> Samples:
        heard.append(frame)
        cleaned.append(guard.process(frame))
        return cleaned[-1]

    speaker = device.open_speaker(on_played=guard.played, report=lambda *note: notes.append(note))
    microphone = device.open_microphone(process=process, report=lambda *note: notes.append(note))
    speaker.start()
    microphone.start(lambda frame: None)
    await asyncio.sleep(WARM_UP_S)
    for turn in range(3):
        speaker.playout.push(f"turn {turn}", 0, speech)
    await speaker.drained()
    await microphone.close()
    await speaker.close()
    after = len(heard) // 3
    return {
        "heard_dbfs": dbfs(np.concatenate(heard[after:])),
        "left_dbfs": dbfs(np.concatenate(cleaned[after:])),
        "state": asdict(guard.state),
        "voice": _loudest_voice(np.concatenate(cleaned)),
        **state(speaker, notes),
    }


def _loudest_voice(sound: Samples) -> float | None:
    try:
        from realtime_cli.server.engine.voice_activity import VoiceActivity
    except ImportError:
        return None
    return max(VoiceActivity().feed(sound))


SCENARIOS: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
    "hear_itself": hear_itself,
    "interrupt": interrupt,
    "short_reply": short_reply,
    "busy_loop": busy_loop,
    "held_interpreter": held_interpreter,
    "listen": listen,
    "outlive": outlive,
    "missing_from_the_list": missing_from_the_list,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("arguments", nargs="*", type=json.loads)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--channels", type=int, default=1)
    options = parser.parse_args()
    if options.rate:
        refuse_all_but(options.rate, options.channels)
    result = asyncio.run(SCENARIOS[options.scenario](*options.arguments))
    print(json.dumps(result), flush=True)
    sys.stdout.flush()
    os._exit(0) if options.scenario == "outlive" else None


if __name__ == "__main__":
    main()

"""Synthetic rooms: what the agent says, and how the microphone hears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.echo_canceller import EchoCanceller
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples
from realtime_cli.audio.wav_file import read_wav

SPEECH = Path(__file__).parents[1] / "data" / "speech"
ROOMS = {
    "30 ms": (30, 0, None),
    "120 ms": (120, 0, None),
    "250 ms": (250, 0, None),
    "80 ppm drift": (120, 80, None),
    "clipped loudspeaker": (30, 0, 6_000),
}


def far_speech(seconds: float = 10) -> Samples:
    """What the agent says."""
    parts = []
    for path in sorted(SPEECH.glob("*.wav")):
        with path.open("rb") as file:
            parts.append(np.concatenate(list(read_wav(file, path.name))))
    return np.resize(np.concatenate(parts), round(RATE_HZ * seconds))


def through_room(
    far: Samples, delay_ms: int, drift_ppm: float, clip: int | None, seed: int = 1, decay_s: float = 0.04
) -> Samples:
    """As the microphone hears it: loudspeaker, reflections (150 ms usually), clocks apart, a little noise."""
    chance = np.random.default_rng(seed)
    sound = far.astype(np.float64) if clip is None else np.clip(far, -clip, clip).astype(np.float64)
    seconds = np.arange(round(3.75 * decay_s * RATE_HZ)) / RATE_HZ
    response = 0.05 * chance.standard_normal(len(seconds)) * np.exp(-seconds / decay_s)
    response[0] = 0.5
    size = len(sound) + len(response)
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]
    heard = np.concatenate([np.zeros(delay_ms * SAMPLES_PER_MS), heard])[: len(sound)]
    places = np.arange(len(sound))
    heard = np.interp(places * (1 + drift_ppm * 1e-6), places, heard)
    noisy = 0.5 * heard + 3 * chance.standard_normal(len(heard))
    return np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)


def frames(sound: Samples) -> list[Samples]:
    return [sound[at : at + FRAME_SAMPLES] for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def cancelled(
    far: Samples, near: Samples, *, erl_db: float | None = None, **options: Any
) -> tuple[Samples, EchoCanceller]:
    """``erl_db``: what the canceller is told of the room before it begins."""
    canceller = EchoCanceller(latency_s=0.02, **options)  # a room of 30 ms has no more
    if erl_db is not None:
        canceller.begin_with(erl_db)
    cleaned = []
    for given, heard in zip(frames(far), frames(near), strict=True):
        canceller.played(given)
        cleaned.append(canceller.process(heard))
    return np.concatenate(cleaned), canceller


def slipping(near: Samples, seed: int, from_s: float = 4.0) -> Samples:
    """As it comes from devices that lose sound, or give some too much, every few seconds."""
    chance = np.random.default_rng(seed)
    at = round(from_s * RATE_HZ)
    pieces = [near[:at]]
    while at < len(near):
        count, slip = int(chance.uniform(1, 4) * RATE_HZ), int(chance.choice([-40, -20, 10, 20, 40, 80]))
        pieces.append(np.zeros(max(0, slip) * SAMPLES_PER_MS, np.int16))
        at += max(0, -slip) * SAMPLES_PER_MS
        pieces.append(near[at : at + count])
        at += count
    return np.resize(np.concatenate([*pieces, np.zeros(len(near), np.int16)]), len(near))

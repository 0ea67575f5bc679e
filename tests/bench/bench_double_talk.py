"""How well a user is understood who speaks while the agent does: word errors of the local recogniser.

    python -m tests.bench.bench_double_talk [NAME ...]

Every utterance is spoken into a synthetic room in which the agent talks without a pause, and goes through
the canceller and the gate behind it; the same utterance alone is the measure of comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from realtime_cli.audio.echo import EchoCanceller
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.wav_file import read_wav
from tests.kit.speech import clip_path, transcripts
from tests.kit.words import word_error_rate

LEAD_S = 4
"""The agent speaks for so long before the user does: the canceller has learned the room."""
AGENT = ("heart-01", "michael-02", "heart-03", "michael-04")
ROOMS = {"60 ms": 60, "200 ms": 200}


def clip(name: str) -> Samples:
    with clip_path(name).open("rb") as file:
        return np.concatenate(list(read_wav(file, name)))


def echo_of(far: Samples, delay_ms: int, chance: np.random.Generator) -> Samples:
    """The agent as the microphone hears it: direct sound, reflections of 150 ms, 6 dB softer."""
    seconds = np.arange(150 * SAMPLES_PER_MS) / RATE_HZ
    response = 0.05 * chance.standard_normal(len(seconds)) * np.exp(-seconds / 0.04)
    response[0] = 0.5
    heard = np.convolve(far.astype(np.float64), response)[: len(far)]
    late = np.concatenate([np.zeros(delay_ms * SAMPLES_PER_MS), heard])[: len(far)]
    return np.clip(np.rint(0.5 * late + 3 * chance.standard_normal(len(late))), -32768, 32767).astype(
        np.int16
    )


def through_double_talk(user: Samples, delay_ms: int, seed: int = 1) -> Samples:
    """What is sent of the user's utterance while the agent talks all the time."""
    chance = np.random.default_rng(seed)
    size = LEAD_S * RATE_HZ + len(user) + RATE_HZ // 2
    size -= size % FRAME_SAMPLES
    far = np.resize(np.concatenate([clip(name) for name in AGENT]), size)
    near = echo_of(far, delay_ms, chance).astype(np.int32)
    near[LEAD_S * RATE_HZ : LEAD_S * RATE_HZ + len(user)] += user
    heard = np.clip(near, -32768, 32767).astype(np.int16)
    canceller = EchoCanceller()
    cleaned = []
    for at in range(0, size, FRAME_SAMPLES):
        canceller.played(far[at : at + FRAME_SAMPLES])
        cleaned.append(canceller.clean(heard[at : at + FRAME_SAMPLES]))
    return np.concatenate(cleaned)[LEAD_S * RATE_HZ - RATE_HZ // 4 :]


def measure(recogniser: Any, names: Sequence[str], delay_ms: int) -> tuple[float, float]:
    """Word error rates over all these utterances: alone, and in double talk."""
    texts = transcripts()
    said = " ".join(texts[name] for name in names)
    alone = " ".join(
        recogniser.transcribe(np.concatenate([clip(name), silence(RATE_HZ // 2)])) for name in names
    )
    double = " ".join(recogniser.transcribe(through_double_talk(clip(name), delay_ms)) for name in names)
    return word_error_rate(said, alone), word_error_rate(said, double)


def main() -> None:
    from realtime_cli.server.engine.recogniser import Recogniser

    recogniser = Recogniser()
    names = sys.argv[1:] or [name for name, text in transcripts().items() if text]
    for room, delay_ms in ROOMS.items():
        alone, double = measure(recogniser, names, delay_ms)
        print(
            f"{room:8} {len(names)} utterances: word errors alone {100 * alone:.1f} %, "
            f"in double talk {100 * double:.1f} %, {100 * (double - alone):+.1f} points"
        )


if __name__ == "__main__":
    main()

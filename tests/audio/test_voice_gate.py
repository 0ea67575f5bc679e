"""The local voice gate: words whole, the room silent, the clock untouched."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, SAMPLES_PER_MS, Samples, dbfs
from realtime_cli.audio.voice_gate import VoiceGate
from realtime_cli.audio.wav_file import read_wav
from tests.kit.speech import clip_path, transcripts

DELAY = 120 * SAMPLES_PER_MS


def clip(name: str) -> Samples:
    with clip_path(name).open("rb") as file:
        return np.concatenate(list(read_wav(file, name)))


def room(seconds: float, level: float = 40) -> Samples:
    return (level * np.random.default_rng(1).standard_normal(round(24_000 * seconds))).astype(np.int16)


def gated(sound: Samples) -> Samples:
    gate = VoiceGate()
    whole = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.concatenate([gate.process(frame) for frame in whole])


def test_a_room_without_a_voice_is_silence_as_long_as_it_was() -> None:
    sound = room(4)
    sent = gated(sound)
    assert len(sent) == len(sound)
    assert not sent[24_000:].any()


@pytest.mark.parametrize("name", [name for name, text in transcripts().items() if text])
def test_every_word_comes_through_from_its_first_sound_on(name: str) -> None:
    voice = clip(name)
    sound = np.concatenate([room(2), voice, room(1)])
    sound[48_000 : 48_000 + len(voice)] += room(len(voice) / 24_000)[: len(voice)]
    sent = gated(sound)
    lost = sound[: len(sent) - DELAY].astype(np.int32) - sent[DELAY:]
    loud = np.abs(voice.astype(np.int32)) > 2000
    first = 48_000 + int(np.argmax(loud))
    last = 48_000 + len(voice) - int(np.argmax(loud[::-1]))
    assert not lost[first - 20 * SAMPLES_PER_MS : last].any()


def test_after_the_last_word_it_closes_within_a_second() -> None:
    sent = gated(np.concatenate([room(2), clip("heart-01"), room(3)]))
    assert dbfs(sent[-24_000:]) == -120

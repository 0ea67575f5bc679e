"""What is heard while the agent speaks, and whether it means to interrupt: a labelled set, made on demand.

Real sentences are the clips of ``tests/data/speech``; short words are spoken by the local synthesiser;
coughs and noises are synthesised here. Origin and licences: ``tests/data/interjections/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from realtime_cli.audio.background import at_level, crowd, pitched, room_noise, television
from realtime_cli.audio.pcm import RATE_HZ, Floats, Samples, to_float, to_int16
from realtime_cli.server.engine.synthesiser import HibariVoice
from tests.kit.speech import clip, transcripts

Kind = Literal["backchannel", "cough", "noise", "second voice", "interruption"]
USER_RMS = 0.1
PITCHES = (0.88, 1.0, 1.13)
BACKCHANNELS = ("Mm-hm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "I see.", "Sure.", "Hmm.")
COMMANDS = (
    "Stop.",
    "Stop it, please.",
    "No, wait.",
    "Hold on a moment.",
    "Hang on a second.",
    "That is wrong.",
)
SENTENCES = (
    *(f"heart-0{number}" for number in range(1, 7)),
    *(f"michael-0{number}" for number in range(1, 6)),
    *(f"human-0{number}" for number in range(1, 8)),
    "more-talk-01",
    "more-case-stop",
)
FAR_DB = (-14, -18, -22)


@dataclass(frozen=True, slots=True)
class Interjection:
    """One sound, int16 mono 24 kHz, without silence around it; ``meant``: the agent has to stop for it."""

    name: str
    kind: Kind
    sound: Samples
    words: str = ""

    @property
    def meant(self) -> bool:
        return self.kind == "interruption"


def interjections() -> list[Interjection]:
    """All of them, the same at each call."""
    return [*_spoken(), *_sentences(), *_coughs(), *_noises(), *_second_voices()]


def trimmed(sound: Floats) -> Floats:
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound


def as_user(sound: Floats, rms: float = USER_RMS) -> Samples:
    """As loud as the user is, without the silence around it."""
    return to_int16(at_level(trimmed(sound), rms))


def _spoken() -> Iterator[Interjection]:
    voice = HibariVoice()
    for words in BACKCHANNELS + COMMANDS:
        kind: Kind = "backchannel" if words in BACKCHANNELS else "interruption"
        said = to_float(np.concatenate(list(voice.speak(words))).astype(np.int16))
        for factor in PITCHES if kind == "backchannel" else PITCHES[1:2]:
            yield Interjection(f"{words} x{factor}", kind, as_user(pitched(said, factor)), words)


def _sentences() -> Iterator[Interjection]:
    texts = transcripts()
    for name in SENTENCES:
        yield Interjection(name, "interruption", as_user(to_float(clip(name))), texts[name])


def _coughs() -> Iterator[Interjection]:
    """A burst of breath that rings in a throat, a pause, a softer one; of several people."""
    for number in range(10):
        chance = np.random.default_rng(number)
        bursts = []
        for strength in (1.0, float(chance.uniform(0.4, 0.8)))[: 1 + number % 2]:
            seconds = np.arange(round(chance.uniform(0.12, 0.28) * RATE_HZ)) / RATE_HZ
            breath = chance.standard_normal(len(seconds)) * np.exp(-seconds / chance.uniform(0.04, 0.09))
            spectrum, hz = np.fft.rfft(breath), np.fft.rfftfreq(len(breath), 1 / RATE_HZ)
            throat = sum(
                1 / (1 + ((hz - formant * chance.uniform(0.9, 1.1)) / 250) ** 2)
                for formant in (600, 1300, 2600)
            )
            bursts += [strength * np.fft.irfft(spectrum * throat, len(breath))]
            bursts += [np.zeros(round(chance.uniform(0.05, 0.15) * RATE_HZ))]
        yield Interjection(f"cough {number}", "cough", as_user(np.concatenate(bursts).astype(np.float32)))


def _noises() -> Iterator[Interjection]:
    chance = np.random.default_rng(7)
    seconds = np.arange(RATE_HZ) / RATE_HZ
    thud = np.sin(2 * np.pi * 70 * seconds) * np.exp(-seconds / 0.08)
    keys = np.zeros(RATE_HZ)
    for at in range(0, RATE_HZ - 2400, 3600):
        keys[at : at + 240] = chance.standard_normal(240) * np.exp(-np.arange(240) / 50)
    rings = np.sin(2 * np.pi * 950 * seconds) * (np.sin(2 * np.pi * 20 * seconds) > 0)
    beep = np.sin(2 * np.pi * 1000 * seconds[: RATE_HZ // 3])
    glass = sum(np.sin(2 * np.pi * hz * seconds) * np.exp(-seconds / 0.15) for hz in (2100, 3170, 4480))
    made = {
        "door": thud + 0.3 * chance.standard_normal(RATE_HZ) * np.exp(-seconds / 0.03),
        "keyboard": keys,
        "telephone": rings,
        "beep": beep,
        "glass": glass,
        "vacuum cleaner": room_noise(2 * RATE_HZ, chance),
        "paper": chance.standard_normal(RATE_HZ) * (chance.standard_normal(RATE_HZ) > 1),
        "chair": chance.standard_normal(RATE_HZ // 2) * np.sin(2 * np.pi * 35 * seconds[: RATE_HZ // 2]) ** 4,
    }
    for name, sound in made.items():
        yield Interjection(name, "noise", as_user(sound.astype(np.float32)))


def _second_voices() -> Iterator[Interjection]:
    """Others in the room, further away than the user: one who speaks, a crowd, a television."""
    chance = np.random.default_rng(8)
    voices = [to_float(clip(name)) for name in ("human-08", "more-human-01", "more-human-03", "michael-03")]
    size = 3 * RATE_HZ
    for far_db in FAR_DB:
        softer = USER_RMS * 10 ** (far_db / 20)
        sounds = {
            "somebody": np.resize(trimmed(voices[0]), size),
            "crowd": crowd(voices, size, chance),
            "television": television(voices[1], size, chance),
        }
        for name, sound in sounds.items():
            yield Interjection(f"{name} {far_db} dB", "second voice", to_int16(at_level(sound, softer)))

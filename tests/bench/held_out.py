"""Sounds beside the agent's voice on which nothing was tuned: other voices, other coughs, other noises.

What ``tests.bench.interjections`` is for tuning, this is for judging. Every kind of sound comes at least
twice, once in each half: ``seen`` may be looked at one by one, of ``untouched`` only the sums are read, so
that they say what happens to sounds that nobody has in mind. All of it is made on demand, the same at each
call; speech is espeak-ng's and that of the clips which the tuning set does not use.

Raises FileNotFoundError where espeak-ng is not installed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.background import television
from realtime_cli.audio.pcm import RATE_HZ, Floats, to_float
from realtime_cli.audio.resample import convert
from tests.bench.interjections import USER_RMS, Interjection, Kind, as_user, trimmed
from tests.kit.speech import clip, transcripts

Half = Literal["seen", "untouched"]
Wave = npt.NDArray[np.float64]
Chance = np.random.Generator

VOICES = (
    "en-us+f2",
    "en-gb-scotland+m3",
    "en-gb-x-rp+f4",
    "en-029+m7",
    "en-us+m1",
    "en-gb+f5",
    "en-gb-x-gbcwmd+m5",
)
BACKCHANNELS = (
    *("Mhm.", "Aha.", "Yep.", "Oh.", "Wow.", "Good.", "Really?", "Got it.", "Of course.", "Nice."),
    *("Exactly.", "True.", "Ah, okay.", "Oh, I see.", "Yes, yes.", "Uh.", "Great.", "Fine.", "Cool.", "Mm."),
)
SHORT = (
    *("Wait.", "Stop!", "No.", "What?", "Hey, listen.", "Not that one.", "Excuse me.", "Stop right there."),
    *("Sorry?", "One moment.", "Wrong one.", "Enough."),
)
LONG = (
    "Can I ask you something else?",
    "Actually, I would like the other one.",
    "Please go back to the beginning.",
    "I do not need all of that.",
    "How much does it cost to send a letter to Spain?",
    "Let us talk about the garden instead.",
)
FROM_A_BACKCHANNEL = (
    "Yeah, but that is not what I asked.",
    "Okay, and what about tomorrow?",
    "Mm-hm, and who pays for it?",
    "Right, so can you stop now?",
)
SLOW = ("Um, sorry, could you repeat that?", "Well, I think that is wrong.")
CLIPS = (
    *("human-09", "more-human-02", "more-human-04", "more-human-05", "more-human-06", "more-talk-02"),
    *("more-case-long", "more-case-pause", "more-case-noise", "more-case-bye"),
)
LEVELS_DB = (0.0, 5.0, -7.0)  # beside the user's usual loudness
FAR_DB = (-12.0, -16.0, -20.0)


def held_out(half: Half | None = None) -> list[Interjection]:
    """One half, or both one after the other."""
    if half is None:
        return [*held_out("seen"), *held_out("untouched")]
    sources = (_backchannels, _interruptions, _of_the_body, _noises, _second_voices)
    first = 0 if half == "seen" else 1
    return list(chain.from_iterable(list(source())[first::2] for source in sources))


# -- speech -------------------------------------------------------------------------------------------


def _say(words: str, voice: str, words_per_minute: int = 165) -> Floats:
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(words_per_minute), words]
    said = subprocess.run(command, capture_output=True, check=True).stdout
    rate_hz = int.from_bytes(said[24:28], "little")
    return to_float(convert(np.frombuffer(said[44:], np.int16), rate_hz, RATE_HZ))


def _voice(number: int) -> str:
    return VOICES[number % len(VOICES)]


def _backchannels() -> Iterator[Interjection]:
    for number, words in enumerate(BACKCHANNELS):
        said = _in_a_room(_say(words, _voice(number)), number)
        yield _made(f"{words} {_voice(number)}", "backchannel", said, words=words)


def _interruptions() -> Iterator[Interjection]:
    for number, words in enumerate((*SHORT, *LONG, *FROM_A_BACKCHANNEL)):
        level_db = LEVELS_DB[number // 2 % len(LEVELS_DB)]
        said = _in_a_room(_say(words, _voice(number), 150 + 10 * (number % 5)), number)
        yield _made(
            f"{words} {_voice(number)} {level_db:+.0f} dB", "interruption", said, level_db, words=words
        )
    for number, words in enumerate(SLOW):
        said = _say(words, _voice(number + 3), 110)
        rise = np.minimum(1.0, 0.1 + np.arange(len(said)) / (0.8 * RATE_HZ)).astype(np.float32)
        yield _made(f"slowly: {words}", "interruption", said * rise, words=words)
    for number, name in enumerate(CLIPS):
        level_db = LEVELS_DB[number // 2 % len(LEVELS_DB)]
        words = transcripts()[name]
        yield _made(f"{name} {level_db:+.0f} dB", "interruption", to_float(clip(name)), level_db, words=words)


def _second_voices() -> Iterator[Interjection]:
    chance = np.random.default_rng(31)
    for number, far_db in enumerate(level for level in FAR_DB for _ in range(2)):
        talk = _say("They said it would rain all day, so we stayed at home and played cards.", _voice(number))
        sounds: dict[str, Floats] = {
            "the next room": _filtered(_in_a_room(talk, number, decay_s=0.15), 0, 900),
            "somebody": _in_a_room(talk, number, decay_s=0.12),
            "television": television(trimmed(talk), 3 * RATE_HZ, chance),
        }
        for name, sound in sounds.items():
            yield _made(f"{name} {far_db:.0f} dB {_voice(number)}", "second voice", sound, far_db)


# -- what a body does ---------------------------------------------------------------------------------


def _of_the_body() -> Iterator[Interjection]:
    for name, make in _BODY.items():
        for seed in (101, 202):
            sound = make(np.random.default_rng(seed))
            yield _made(f"{name} {seed}", "cough", _in_a_room(sound.astype(np.float32), seed))


def _voiced_cough(chance: Chance) -> Wave:
    bursts = []
    for strength in (1.0, 0.6, 0.5)[: int(chance.integers(1, 4))]:
        count = _samples(chance.uniform(0.2, 0.32))
        fall = np.linspace(chance.uniform(170, 260), 110, count)
        tail = _hum(fall, chance, 0.06) * _swell(count, 0.06, 0.05)
        breath = chance.standard_normal(count) * _swell(count, 0.004, 0.05)
        bursts += [strength * _throat(breath + 0.6 * tail, (700, 1500, 2700)), _pause(chance, 0.08, 0.25)]
    return np.concatenate(bursts)


def _throat_clearing(chance: Chance) -> Wave:
    parts = []
    for _ in range(2):
        count = _samples(chance.uniform(0.18, 0.3))
        buzz = _hum(np.full(count, chance.uniform(70, 100)), chance, 0.2)
        parts += [
            _throat(buzz + 0.4 * chance.standard_normal(count), (450, 1100, 2300)) * _swell(count, 0.03, 0.1),
            _pause(chance, 0.03, 0.1),
        ]
    return np.concatenate(parts)


def _laugh(chance: Chance) -> Wave:
    pitch, parts = chance.uniform(180, 330), []
    for number in range(int(chance.integers(3, 6))):
        count = _samples(chance.uniform(0.08, 0.12))
        ha = _hum(np.full(count, pitch * 0.94**number), chance, 0.03) * _swell(count, 0.02, 0.04)
        breath = 0.15 * chance.standard_normal(_samples(0.09))
        parts += [_throat(ha, (750, 1250, 2600)), _throat(breath, (900, 1900, 2900))]
    return np.concatenate(parts)


def _sneeze(chance: Chance) -> Wave:
    inhale = chance.standard_normal(_samples(chance.uniform(0.2, 0.4)))
    inhale *= np.linspace(0, 0.3, len(inhale))
    burst = chance.standard_normal(_samples(0.15)) * _swell(_samples(0.15), 0.003, 0.06)
    tail = _hum(np.linspace(280, 160, _samples(0.15)), chance, 0.05) * _swell(_samples(0.15), 0.01, 0.05)
    return np.concatenate([inhale, burst, _throat(tail, (500, 900, 2400))])


def _sniff(chance: Chance) -> Wave:
    parts = []
    for _ in range(int(chance.integers(2, 4))):
        count = _samples(chance.uniform(0.1, 0.18))
        parts += [chance.standard_normal(count) * np.hanning(count), _pause(chance, 0.1, 0.2)]
    return np.asarray(_filtered(np.concatenate(parts).astype(np.float32), 1500, 7000), np.float64)


def _yawn(chance: Chance) -> Wave:
    count = _samples(chance.uniform(1.0, 1.5))
    glide = np.linspace(chance.uniform(180, 240), 110, count)
    breathy = _hum(glide, chance, 0.02) + 0.5 * chance.standard_normal(count)
    return _throat(breathy, (650, 1050, 2400)) * np.hanning(count)


def _sigh(chance: Chance) -> Wave:
    count = _samples(chance.uniform(0.7, 1.1))
    return _throat(chance.standard_normal(count), (600, 1500, 2500)) * np.hanning(count)


def _hiccup(chance: Chance) -> Wave:
    count = _samples(chance.uniform(0.08, 0.14))
    return _throat(_hum(np.linspace(220, 420, count), chance, 0.02), (500, 1600, 2600)) * _swell(
        count, 0.01, 0.03
    )


_BODY: dict[str, Callable[[Chance], Wave]] = {
    "voiced cough": _voiced_cough,
    "throat clearing": _throat_clearing,
    "laugh": _laugh,
    "sneeze": _sneeze,
    "sniff": _sniff,
    "yawn": _yawn,
    "sigh": _sigh,
    "hiccup": _hiccup,
}


# -- what is in a room --------------------------------------------------------------------------------


def _noises() -> Iterator[Interjection]:
    for place, (name, make) in enumerate(_NOISES.items()):
        for seed in (303, 404):
            level_db = -6.0 if (seed + place) % 2 else 0.0
            sound = make(np.random.default_rng(seed)).astype(np.float32)
            yield _made(f"{name} {seed} {level_db:+.0f} dB", "noise", _in_a_room(sound, seed), level_db)


def _dog(chance: Chance) -> Wave:
    pitch, parts = chance.uniform(350, 700), []
    for _ in range(int(chance.integers(2, 5))):
        count = _samples(chance.uniform(0.12, 0.2))
        bark = _hum(
            np.concatenate([np.linspace(0.8, 1.1, count // 3), np.linspace(1.1, 0.6, count - count // 3)])
            * pitch,
            chance,
            0.05,
        )
        bark = (bark + 0.5 * chance.standard_normal(count)) * _swell(count, 0.015, 0.07)
        parts += [_throat(bark, (800, 1600, 2800)), _pause(chance, 0.15, 0.4)]
    return np.concatenate(parts)


def _baby(chance: Chance) -> Wave:
    parts = []
    for _ in range(2):
        count = _samples(chance.uniform(0.6, 0.9))
        pitch = chance.uniform(400, 520) * (1 + 0.15 * np.sin(np.linspace(0, np.pi, count)))
        parts += [_throat(_hum(pitch, chance, 0.02), (1100, 1800, 3300)) * np.hanning(count) ** 0.3]
        parts += [_pause(chance, 0.2, 0.3)]
    return np.concatenate(parts)


def _siren(chance: Chance) -> Wave:
    seconds = _seconds(2.0)
    hz = 950 + 350 * np.sin(2 * np.pi * chance.uniform(0.5, 3) * seconds)
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    return np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)


def _music(chance: Chance) -> Wave:
    """A tune with its chords, struck as on a piano."""
    seconds, tune = _seconds(0.3), []
    for _ in range(6):
        root = 220 * 2 ** (chance.integers(0, 12) / 12)
        notes = (root / 2, root, root * 1.26, root * 1.498)
        tones = [np.sin(2 * np.pi * n * hz * seconds) / n**1.5 for hz in notes for n in range(1, 6)]
        tune.append(np.sum(tones, axis=0) * np.exp(-seconds / 0.2))
    return np.concatenate(tune)


def _clapping(chance: Chance) -> Wave:
    claps = np.zeros(_samples(1.6))
    for at in np.cumsum(chance.uniform(0.12, 0.3, 6)):
        count = _samples(0.06)
        clap = _throat(chance.standard_normal(count), (1000, 1800, 3200)) * _swell(count, 0.001, 0.012)
        claps[_samples(at) : _samples(at) + count] += clap
    return claps


def _door_bell(chance: Chance) -> Wave:
    seconds, high = _seconds(0.7), chance.uniform(600, 800)
    return np.concatenate([_bell(hz, seconds, (1.0, 2.0, 3.01)) for hz in (high, high * 0.8)])


def _dishes(chance: Chance) -> Wave:
    clatter = np.zeros(_samples(1.8))
    for at in chance.uniform(0, 1.3, 9):
        ring = _bell(chance.uniform(900, 2600), _seconds(0.3), (1.0, 2.76, 5.4), fade_s=0.05)
        clatter[_samples(at) : _samples(at) + len(ring)] += chance.uniform(0.3, 1) * ring
    return clatter


def _car_horn(chance: Chance) -> Wave:
    seconds, low = _seconds(chance.uniform(0.4, 1.0)), chance.uniform(330, 420)
    tones = [np.sin(2 * np.pi * n * hz * seconds) / n for hz in (low, low * 1.2) for n in range(1, 12)]
    return np.sum(tones, axis=0)


def _bird(chance: Chance) -> Wave:
    parts = []
    for _ in range(5):
        count = _samples(chance.uniform(0.06, 0.15))
        glide = np.linspace(chance.uniform(2500, 4500), chance.uniform(2500, 4500), count)
        parts += [
            np.sin(2 * np.pi * np.cumsum(glide) / RATE_HZ) * np.hanning(count),
            _pause(chance, 0.05, 0.15),
        ]
    return np.concatenate(parts)


def _drill(chance: Chance) -> Wave:
    count = _samples(1.8)
    return _hum(np.full(count, chance.uniform(90, 160)), chance, 0.01) + 1.5 * chance.standard_normal(count)


def _footsteps(chance: Chance) -> Wave:
    steps = np.zeros(_samples(2.0))
    for number in range(4):
        seconds = _seconds(0.15)
        step = np.sin(2 * np.pi * chance.uniform(60, 110) * seconds) * np.exp(-seconds / 0.03)
        step += 0.3 * chance.standard_normal(len(seconds)) * np.exp(-seconds / 0.01)
        steps[_samples(0.45 * number) : _samples(0.45 * number) + len(step)] += step
    return steps


def _rain(chance: Chance) -> Wave:
    drops = chance.standard_normal(_samples(2.0)) * (chance.random(_samples(2.0)) > 0.97)
    return _throat(drops, (1500, 3000, 6000)) + 0.02 * chance.standard_normal(_samples(2.0))


def _vibrating_phone(chance: Chance) -> Wave:
    buzz = _hum(np.full(_samples(0.5), chance.uniform(140, 190)), chance, 0.005)
    return np.concatenate([buzz, np.zeros(_samples(0.3)), buzz])


def _sliding_chair(chance: Chance) -> Wave:
    count = _samples(chance.uniform(0.5, 0.9))
    squeak = _hum(np.linspace(300, chance.uniform(350, 600), count), chance, 0.1)
    return (squeak + chance.standard_normal(count)) * np.hanning(count)


_NOISES: dict[str, Callable[[Chance], Wave]] = {
    "dog": _dog,
    "baby": _baby,
    "siren": _siren,
    "music": _music,
    "clapping": _clapping,
    "door bell": _door_bell,
    "dishes": _dishes,
    "car horn": _car_horn,
    "bird": _bird,
    "drill": _drill,
    "footsteps": _footsteps,
    "rain": _rain,
    "vibrating phone": _vibrating_phone,
    "sliding chair": _sliding_chair,
}


# -- how sounds are made ------------------------------------------------------------------------------


def _made(name: str, kind: Kind, sound: Floats, level_db: float = 0.0, *, words: str = "") -> Interjection:
    return Interjection(name, kind, as_user(sound, USER_RMS * 10 ** (level_db / 20)), words)


def _samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _seconds(length_s: float) -> Wave:
    return np.arange(_samples(length_s)) / RATE_HZ


def _pause(chance: Chance, least_s: float, most_s: float) -> Wave:
    return np.zeros(_samples(chance.uniform(least_s, most_s)))


def _swell(count: int, rise_s: float, fall_s: float) -> Wave:
    """Up and down again, exponentially."""
    seconds = np.arange(count) / RATE_HZ
    return (1 - np.exp(-seconds / rise_s)) * np.exp(-seconds / fall_s)


def _hum(pitch_hz: Wave, chance: Chance, jitter: float) -> Wave:
    """What vocal cords give at this pitch; ``jitter``: how irregular, as a share of it."""
    wander = np.convolve(chance.standard_normal(len(pitch_hz)), np.ones(120) / 120**0.5, "same")
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + jitter * wander)) / RATE_HZ
    return np.asarray(np.sum([np.sin(n * phase) / n for n in range(1, 25)], axis=0))


def _throat(sound: Wave, formants_hz: tuple[float, ...]) -> Wave:
    spectrum, hz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    gain: Any = sum(1 / (1 + ((hz - formant) / 150) ** 2) for formant in formants_hz)
    return np.asarray(np.fft.irfft(spectrum * (0.02 + gain), len(sound)))


def _bell(hz: float, seconds: Wave, partials: tuple[float, ...], fade_s: float = 0.25) -> Wave:
    tones = [np.sin(2 * np.pi * hz * times * seconds) / times for times in partials]
    return np.asarray(np.sum(tones, axis=0) * np.exp(-seconds / fade_s))


def _filtered(sound: Floats, low_hz: float, high_hz: float) -> Floats:
    spectrum, hz = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def _in_a_room(sound: Floats, seed: int, decay_s: float = 0.06) -> Floats:
    """With the reflections of a room."""
    chance = np.random.default_rng(seed)
    seconds = _seconds(4 * decay_s)
    response = 0.03 * chance.standard_normal(len(seconds)) * np.exp(-seconds / decay_s)
    response[0] = 1.0
    size = len(sound) + len(response)
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size).astype(np.float32)

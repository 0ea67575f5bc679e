"""Background sound behind a speaker: a room, a crowd, a television. All of it is generated.

Sounds are float32 in [-1, 1), mono, 24 kHz. Levels are of speech while it sounds, pauses left out. The same
``chance`` gives the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Floats, to_float, to_int16
from realtime_cli.audio.resample import convert

SPEECH_DBFS = -26.0  # of speech that nobody has measured: ITU-T P.56's usual level
SOUNDING_RMS = 10 ** (-45 / 20)
HUM_HZ = 50.0
CROWD = 6  # voices at once; with fewer the words of one can be followed
CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 329.6))
CHORD_S = 0.8
LOUDSPEAKER_HZ = (180.0, 6000.0)


def speech_rms(sound: Floats) -> float:
    """Root mean square of the frames of 20 ms that sound; 0 where none does."""
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    loud = power[power > SOUNDING_RMS**2]
    return float(np.sqrt(loud.mean())) if len(loud) else 0.0


def at_level(sound: Floats, rms: float) -> Floats:
    """Scaled to this level, measured while it sounds."""
    own = speech_rms(sound) or float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) or 1.0
    return (sound * (rms / own)).astype(np.float32)


def room_noise(count: int, chance: np.random.Generator) -> Floats:
    """Air and machines: noise that falls by 3 dB an octave, and a hum."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum /= np.sqrt(np.maximum(hz, 40.0))
    air = np.fft.irfft(spectrum, count)
    seconds = np.arange(count) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * HUM_HZ * times * seconds) / times for times in (1, 2, 3))
    return _normal(air / air.std() + 0.3 * hum)


def crowd(voices: Sequence[Floats], count: int, chance: np.random.Generator) -> Floats:
    """Many people speaking at once: each voice has its own pitch, starts somewhere and repeats."""
    mixed = np.zeros(count, np.float32)
    for number in range(CROWD):
        voice = voices[number % len(voices)]
        spoken = at_level(pitched(voice, float(chance.uniform(0.8, 1.2))), 0.1)
        mixed += np.resize(np.roll(spoken, int(chance.integers(len(spoken)))), count)
    return _normal(mixed)


def television(speech: Floats, count: int, chance: np.random.Generator) -> Floats:
    """A speaker over music, from a small loudspeaker."""
    seconds = np.arange(count) / RATE_HZ
    chord = (seconds / CHORD_S).astype(int)
    fade = np.exp(-2.0 * (seconds % CHORD_S))
    order = chance.permutation(len(CHORDS_HZ))
    music = np.zeros(count)
    for place, which in enumerate(order):
        tones = sum(np.sin(2 * np.pi * hz * seconds) for hz in CHORDS_HZ[which])
        music += np.where(chord % len(order) == place, tones * fade, 0.0)
    spoken = np.resize(np.roll(speech, int(chance.integers(len(speech)))), count)
    mixed = at_level(spoken, 0.1) + at_level(music.astype(np.float32), 0.05)
    spectrum = np.fft.rfft(mixed)
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    spectrum[(hz < LOUDSPEAKER_HZ[0]) | (hz > LOUDSPEAKER_HZ[1])] = 0
    return _normal(np.fft.irfft(spectrum, count))


def pitched(sound: Floats, factor: float) -> Floats:
    """A voice played ``factor`` times as fast, so that it is as much higher and shorter."""
    if factor == 1:
        return sound
    return to_float(convert(to_int16(sound), round(RATE_HZ * factor), RATE_HZ))


def _normal(sound: Floats | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Floats:
    """At a level of 0.1, far from clipping."""
    return (0.1 * sound / (np.sqrt(np.mean(sound.astype(np.float64) ** 2)) or 1.0)).astype(np.float32)

"""Sound that scripts say: files, synthesised words, telephone keys, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples, dbfs, silence, to_int16
from realtime_cli.audio.wav_file import read_wav
from realtime_cli.errors import ConfigError

SOUNDING_DBFS = -45.0  # of 20 ms, root mean square: what is quieter is no part of what anybody says
MAX_FLOAT = 16.0  # sound that is somewhat too loud is clipped; what is beyond this has another scale
EDGE_MS = 200
TONE_MS, GAP_MS = 100, 80  # ITU-T Q.24: at least 40 ms each
_LOW_HZ = (697, 770, 852, 941)
_HIGH_HZ = (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")  # ITU-T Q.23

Sound = str | PathLike[str] | bytes | npt.NDArray[Any] | Iterable[bytes | npt.NDArray[Any]]
"""A WAV file; or mono 24 kHz samples, whole or in pieces: int16, float from -1 to 1, bytes of PCM16LE."""
SoundStream = AsyncIterable[bytes | npt.NDArray[Any]]
"""Pieces of such samples that come in their own time."""
SpeechSource = Callable[[str], Awaitable[Samples]]


@dataclass(frozen=True)
class Clip:
    """Frames of 20 ms, and the first and last of them that sound (of silence: the first and last)."""

    frames: tuple[Samples, ...]
    sounding: tuple[int, int]

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_SAMPLES / RATE_HZ


def is_sounding(frame: Samples) -> bool:
    """Whether 20 ms are loud enough to be a part of what somebody says."""
    return dbfs(frame) > SOUNDING_DBFS


def clip_of(samples: Samples) -> Clip:
    """A clip of int16 mono 24 kHz sound, its last frame filled up with silence."""
    missing = -len(samples) % FRAME_SAMPLES
    whole = np.concatenate([samples, silence(missing)]).reshape(-1, FRAME_SAMPLES)
    loud = [index for index, frame in enumerate(whole) if is_sounding(frame)]
    span = (loud[0], loud[-1]) if loud else (0, len(whole) - 1)
    return Clip(tuple(whole), span)


def clip_from(sound: Sound) -> Clip:
    """The clip of any such sound. Raises ConfigError for what is none, and for no sound at all."""
    if isinstance(sound, str | PathLike):
        return read_clip(Path(sound))
    whole = isinstance(sound, bytes | bytearray | memoryview | np.ndarray)
    try:
        pieces: list[Any] = [sound] if whole else list(sound)
    except TypeError:
        pieces = [sound]
    raw = [piece for piece in pieces if isinstance(piece, bytes | bytearray | memoryview)]
    if raw and len(raw) == len(pieces):  # a piece may end within a sample
        pieces = [b"".join(raw)]
    samples = [_samples(piece) for piece in pieces]
    if not sum(map(len, samples)):
        raise ConfigError("There is no sound in it.")
    return clip_of(np.concatenate(samples))


async def frames_of(stream: SoundStream) -> AsyncIterator[Samples]:
    """A stream in frames of 20 ms, the last one filled up with silence. Raises ConfigError for no sound."""
    rest, half = silence(0), b""
    async for piece in stream:
        if isinstance(piece, bytes | bytearray | memoryview):  # it may end within a sample
            data = half + bytes(piece)
            half, piece = data[len(data) & ~1 :], data[: len(data) & ~1]
        rest = np.concatenate([rest, _samples(piece)])
        while len(rest) >= FRAME_SAMPLES:
            yield rest[:FRAME_SAMPLES]
            rest = rest[FRAME_SAMPLES:]
    if len(rest):
        yield np.concatenate([rest, silence(FRAME_SAMPLES - len(rest))])


def _samples(piece: Any) -> Samples:
    if isinstance(piece, bytes | bytearray | memoryview):
        data = bytes(piece)
        if len(data) % 2:
            raise ConfigError(f"{len(data)} bytes are not a whole number of 16-bit samples.")
        return np.frombuffer(data, "<i2").astype(np.int16)
    array = np.asarray(piece)
    if array.ndim != 1 or not (array.dtype == np.int16 or np.issubdtype(array.dtype, np.floating)):
        raise ConfigError(
            f"Sound of {type(piece).__name__} ({array.dtype}, {array.ndim} dimensions) cannot be sent.",
            "Give mono samples at 24 kHz as int16, as float from -1 to 1, or as bytes.",
        )
    if array.dtype == np.int16:
        return array
    loudest = float(np.abs(array).max(initial=0.0))
    if not loudest <= MAX_FLOAT:
        raise ConfigError(
            f"Samples of {array.dtype} go from -1 to 1; there is {loudest:.4g} in it.",
            "Divide by 32768 what was int16, or give it as int16.",
        )
    return to_int16(array.astype(np.float32))


def read_clip(path: Path) -> Clip:
    """The clip in a WAV file; raises ConfigError when it is none."""
    return clip_of(read_samples(path))


def read_samples(path: Path) -> Samples:
    """The sound in a WAV file; raises ConfigError when it is none."""
    try:
        with path.open("rb") as file:
            return np.concatenate(list(read_wav(file, str(path))))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error


def joined(parts: Sequence[Samples | float]) -> Samples:
    """Sounds one behind the other; a number between two of them is the pause from sound to sound, in ms."""
    sounds: list[Samples] = []
    pause_ms: float | None = None
    for part in parts:
        if isinstance(part, float):
            pause_ms = part
            continue
        if pause_ms is not None and sounds:
            _, last = clip_of(sounds[-1]).sounding
            first, _ = clip_of(part).sounding
            sounds[-1], part = sounds[-1][: (last + 1) * FRAME_SAMPLES], part[first * FRAME_SAMPLES :]
            sounds.append(silence(round(pause_ms * SAMPLES_PER_MS)))
        sounds.append(part)
        pause_ms = None
    return np.concatenate(sounds) if sounds else silence(0)


def silent(ms: float) -> Clip:
    """So much silence."""
    return clip_of(silence(round(ms * SAMPLES_PER_MS)))


def dtmf(keys: str) -> Samples:
    """The tones of telephone keys, with pauses."""
    parts = [silence(EDGE_MS * SAMPLES_PER_MS)]
    for key in keys:
        parts += [_tone(key), silence(GAP_MS * SAMPLES_PER_MS)]
    return np.concatenate([*parts, silence(EDGE_MS * SAMPLES_PER_MS)])


def _tone(key: str) -> Samples:
    row = next(index for index, keys in enumerate(_KEYS) if key in keys)
    time_s = np.arange(TONE_MS * SAMPLES_PER_MS) / RATE_HZ
    pair = (_LOW_HZ[row], _HIGH_HZ[_KEYS[row].index(key)])
    wave = np.add.reduce([np.sin(2 * np.pi * hz * time_s) for hz in pair])
    return to_int16((0.2 * wave).astype(np.float32))


@dataclass
class LocalSpeechSource:
    """The offline synthesiser as a user's voice; loaded when first needed, each text spoken once."""

    _spoken: dict[str, Samples] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, text: str) -> Samples:
        """int16 mono 24 kHz with a little silence at both ends. Raises ConfigError without ``[local]``."""
        async with self._lock:
            if text not in self._spoken:
                self._spoken[text] = await asyncio.to_thread(self._speak, text)
        return self._spoken[text]

    def _speak(self, text: str) -> Samples:
        from realtime_cli.server.engine.synthesiser import open_voice

        if not hasattr(self, "_voice"):
            self._voice = open_voice("auto")
        edge = silence(EDGE_MS * SAMPLES_PER_MS)
        return np.concatenate([edge, *self._voice.speak(text), edge])

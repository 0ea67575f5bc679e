"""The sound of a recording as one stereo signal: left what the user said, right what was played."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.wire_format import AudioDecoder
from realtime_cli.client.effects import Send
from realtime_cli.client.inputs import Received
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.protocol.client_events import InputAudioBufferAppend
from realtime_cli.protocol.objects import WireFormat, wire_format
from realtime_cli.protocol.server_events import ResponseOutputAudioDelta, SessionCreated, SessionUpdated
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.tracks import TrackAligner, wav_header

CHUNK = 60 * RATE_HZ
# The rates at 24 kHz (MPEG-2 layer III), from libsndfile's least compression to its greatest.
MP3_KBIT_S = (160, 144, 128, 112, 96, 80, 64, 56, 48, 40, 32, 24, 16, 8)
MIN_MP3_KBIT_S = 16
# Half an hour in stereo takes 37 s of CPU, on one channel 14 s (LAME by libsndfile 1.2).
MAX_STEREO_S = 600
MAX_MP3_BYTES = 5_600_000  # 7.5 MB in base64, so that the page of 30 minutes stays below 10 MB
Chunks = Callable[[Sequence[int]], Iterable[int]]
"""Yields the steps of an encoder unchanged, so that a caller can show how far it has come."""


def stereo(recording: Recording) -> Samples:
    """int16 of shape (samples, 2), 24 kHz.

    A log of another tool holds its sound in its events: there the agent's is laid end to end from when it
    came, since nobody noted what was played.
    """
    if not recording.header.foreign:
        return recording.sound().stereo
    return _from_events(recording)


def _from_events(recording: Recording) -> Samples:
    left, right = _Lane(), _Lane()
    for entry in recording.entries(sound=True):
        value = entry.value
        if isinstance(value, Send) and isinstance(value.event, InputAudioBufferAppend):
            left.add(entry.at, value.event.audio)
        elif isinstance(value, Received):
            event = value.event
            if isinstance(event, ResponseOutputAudioDelta):
                right.add(entry.at, event.delta)
            elif isinstance(event, SessionCreated | SessionUpdated):
                left.use(event.session, "input")
                right.use(event.session, "output")
    length = max(left.end, right.end)
    return np.stack([left.samples(length), right.samples(length)], axis=1)


class _Lane:
    """One channel, from blocks of wire sound."""

    def __init__(self) -> None:
        self._clock = TrackAligner()
        self._blocks: list[tuple[int, Samples]] = []
        self._format: WireFormat = "audio/pcm"
        self._from_wire = AudioDecoder(self._format)
        self.end = 0

    def use(self, session: object, side: str) -> None:
        audio = getattr(getattr(session, "audio", None), side, None)
        format = getattr(audio, "format", None)
        found = wire_format(getattr(format, "type", None), getattr(format, "rate", None))
        if found and found != self._format:
            self._format, self._from_wire = found, AudioDecoder(found)

    def add(self, at: float, encoded: str | None) -> None:
        try:
            samples = self._from_wire.decode(base64.b64decode(encoded or "", validate=True))
        except (binascii.Error, ValueError):
            return
        start = self._clock.place(at, len(samples))
        self._blocks.append((start, samples))
        self.end = max(self.end, start + len(samples))

    def samples(self, length: int) -> Samples:
        whole = np.zeros(length, np.int16)
        for start, samples in self._blocks:
            whole[start : start + len(samples)] = samples
        return whole


def wav(samples: Samples) -> bytes:
    """A 16-bit stereo WAV file."""
    data: Any = np.ascontiguousarray(samples, "<i2").reshape(-1).view(np.uint8)
    return b"".join([wav_header(1, 2, RATE_HZ, 2, len(data)), data])


def for_listening(samples: Samples) -> Samples:
    """Stereo as it is; of a long session both sides on one channel."""
    if len(samples) <= MAX_STEREO_S * RATE_HZ:
        return samples
    mixed = np.empty((len(samples), 1), np.int16)
    for begin in range(0, len(samples), CHUNK):
        both = samples[begin : begin + CHUNK].sum(axis=1, dtype=np.int32)
        mixed[begin : begin + CHUNK, 0] = both.clip(-32768, 32767)
    return mixed


def compressed(
    samples: Samples, kind: str, chunks: Chunks = iter, max_mp3_bytes: int = MAX_MP3_BYTES
) -> bytes:
    """``FLAC`` or ``MP3`` by way of soundfile; raises ConfigError when that is not installed."""
    try:
        import soundfile
    except (ImportError, OSError):
        raise ConfigError(
            f"{kind} needs the soundfile package, which is not installed.",
            f"Export WAV, or install it: {install_extra('flac')}",
        ) from None
    rate: dict[str, Any] = {}
    kbit_s = 0
    if kind == "MP3":  # at a constant rate a browser seeks to the sample
        kbit_s = mp3_kbit_s(len(samples), max_mp3_bytes)
        level = (MP3_KBIT_S[0] - kbit_s) / (MP3_KBIT_S[0] - MP3_KBIT_S[-1])
        rate = {"bitrate_mode": "CONSTANT", "compression_level": level}
    # Into a real file: into one in memory it would write by callbacks, which swallow Ctrl+C and SIGTERM.
    try:
        with tempfile.TemporaryDirectory(prefix="realtime-cli-") as folder:
            path = Path(folder, "sound")
            with soundfile.SoundFile(path, "w", RATE_HZ, samples.shape[1], format=kind, **rate) as file:
                # In pieces, for it makes a wider copy of each.
                for begin in chunks(range(0, len(samples), CHUNK)):
                    file.write(samples[begin : begin + CHUNK])
            made = path.read_bytes()
            due = kbit_s * 125 * len(samples) / RATE_HZ
            if len(made) >= 0.9 * due:  # libsndfile does not say that MP3 found no room
                return made
    except soundfile.SoundFileError:
        pass
    raise ConfigError(f"There is no room to make {kind} sound in {tempfile.gettempdir()}.", "Set TMPDIR.")


def mp3_kbit_s(count: int, max_bytes: int = MAX_MP3_BYTES) -> int:
    """80 kbit/s is plenty for two voices; a long session gets as much as fits into ``max_bytes``."""
    seconds = max(1.0, count / RATE_HZ)
    fitting = (
        rate for rate in MP3_KBIT_S if MIN_MP3_KBIT_S <= rate <= 80 and rate * 125 * seconds <= max_bytes
    )
    return next(fitting, MIN_MP3_KBIT_S)


def peaks(samples: Samples, bins: int) -> bytes:
    """Loudest sample of each of ``bins`` equal spans, as bytes 0…255.

    The scale is a square root, so that quiet speech stays visible.
    """
    if not len(samples):
        return bytes(bins)
    edges = np.linspace(0, len(samples), bins, endpoint=False).astype(int)
    highest, lowest = np.maximum.reduceat(samples, edges), np.minimum.reduceat(samples, edges)
    loudest = np.maximum(highest.astype(np.int32), -lowest.astype(np.int32))
    return np.sqrt(loudest / 32768 * 65025).clip(0, 255).astype(np.uint8).tobytes()

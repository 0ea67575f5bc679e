"""Any WAV file (or stream) in, as int16 mono 24 kHz blocks; a WAV stream out.

Read with own code because a pipe cannot be seeked in, its sizes may be unknown (0 or 0xFFFFFFFF), and
the standard library's ``wave`` knows neither float nor G.711. Layout: RIFF/WAVE, chunks ``fmt `` and
``data`` (RFC 2361 for the format tags, 0xFFFE for the extensible form). RF64 and BW64 (EBU Tech 3306) have
the size of a long recording in a chunk ``ds64``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from realtime_cli.audio import g711
from realtime_cli.audio.pcm import FRAME_MS, RATE_HZ, Samples, down_mix, to_int16
from realtime_cli.audio.resample import Resampler
from realtime_cli.errors import ConfigError

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_WIDTHS = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
_KINDS = (b"RIFF", b"RF64", b"BW64")
UNKNOWN_SIZE = 0xFFFFFFFF
_REMEDY = "Convert it to a 16-bit WAV file first, for instance with: ffmpeg -i FILE -ar 24000 -ac 1 out.wav"


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What the ``fmt `` chunk says."""

    tag: int
    channels: int
    rate_hz: int
    sample_bytes: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.sample_bytes


RAW = WavFormat(PCM, 1, RATE_HZ, 2)


def read_wav(
    stream: BinaryIO, name: str, *, raw_allowed: bool = False, channel: int | None = None
) -> Iterator[Samples]:
    """The sound in blocks of about 20 ms, converted; the stream is read no faster than it is asked for.

    ``raw_allowed``: what does not begin with ``RIFF`` is taken for PCM16LE mono 24 kHz. ``channel``: only
    this one, counted from 0; all of them mixed without it. Raises :class:`ConfigError` if it is not a WAV
    file, is empty, has an unsupported format, or lacks that channel.
    """
    start = _read(stream, 12)
    if start[:4] in _KINDS and start[8:12] == b"WAVE":
        format, left = _find_data(stream, name)
        pending = b""
    elif raw_allowed:
        format, left, pending = RAW, None, start
    else:
        raise ConfigError(f"{name} is not a WAV file.", _REMEDY)
    if channel is not None and channel >= format.channels:
        has = "1 channel" if format.channels == 1 else f"{format.channels} channels"
        raise ConfigError(f"{name} has {has}.", "Name as many speakers as it has channels.")
    yield from _convert(_blocks(stream, format, left, pending), format, name, channel)


def _convert(blocks: Iterator[bytes], format: WavFormat, name: str, channel: int | None) -> Iterator[Samples]:
    resampler = Resampler(format.rate_hz, RATE_HZ)
    count = 0
    for block in blocks:
        count += len(block)
        samples = to_samples(block, format)
        yield resampler.feed(down_mix(samples) if channel is None else samples[:, channel])
    if not count:
        raise ConfigError(f"{name} has no sound in it.", "Give a file with at least one sample.")
    yield resampler.flush()


def _read(stream: BinaryIO, size: int) -> bytes:
    """Exactly ``size`` bytes, fewer only at the end: a pipe may give less at a time."""
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _find_data(stream: BinaryIO, name: str) -> tuple[WavFormat, int | None]:
    """The format, and the size of the data that follows now; None: until the end."""
    format, long_size, early = None, 0, b""
    while len(header := early + _read(stream, 8 - len(early))) == 8:
        kind, size = header[:4], int.from_bytes(header[4:], "little")
        if kind == b"data":
            if format is None:
                break
            size = long_size if size == UNKNOWN_SIZE and long_size else size
            return format, size if 0 < size < UNKNOWN_SIZE - 64 or size == long_size > 0 else None
        body = _read(stream, size)
        early = _read(stream, size & 1).lstrip(b"\0")  # some programs leave out the padding
        if kind == b"fmt ":
            format = _parse_format(body, name)
        elif kind == b"ds64" and len(body) >= 16:
            long_size = int.from_bytes(body[8:16], "little")
    raise ConfigError(f"{name} is a damaged WAV file: it has no sound data.", _REMEDY)


def _parse_format(body: bytes, name: str) -> WavFormat:
    if len(body) < 16:
        raise ConfigError(f"{name} is a damaged WAV file: its format chunk is too short.", _REMEDY)
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    sample_bytes = (bits + 7) // 8
    if sample_bytes not in _WIDTHS.get(tag, ()):
        raise ConfigError(f"{name} is a WAV file of an unsupported kind (format {tag}, {bits} bit).", _REMEDY)
    if not channels or not 1_000 <= rate_hz <= 768_000:
        raise ConfigError(f"{name} is a damaged WAV file: {channels} channels at {rate_hz} Hz.", _REMEDY)
    return WavFormat(tag, channels, rate_hz, sample_bytes)


def _blocks(stream: BinaryIO, format: WavFormat, left: int | None, pending: bytes) -> Iterator[bytes]:
    """Whole sample frames, about 20 ms at a time; a torn last one is left out."""
    size = max(1, format.rate_hz * FRAME_MS // 1000) * format.frame_bytes
    while True:
        requested = size if left is None else min(size, left)
        block = pending + _read(stream, max(0, requested - len(pending)))
        pending = b""
        if left is not None:
            left -= len(block)
        if whole := len(block) - len(block) % format.frame_bytes:
            yield block[:whole]
        if len(block) < size:
            return


def to_samples(data: bytes, format: WavFormat) -> npt.NDArray[np.int16]:
    """Bytes of whole frames to int16 of shape (n, channels)."""
    if format.tag == MU_LAW:
        samples = g711.decode_mu_law(data)
    elif format.tag == A_LAW:
        samples = g711.decode_a_law(data)
    elif format.tag == FLOAT:
        values = np.frombuffer(data, f"<f{format.sample_bytes}")
        samples = to_int16(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0))
    elif format.sample_bytes == 1:
        samples = ((np.frombuffer(data, np.uint8).astype(np.int16) - 128) << 8).astype(np.int16)
    else:
        # The upper two bytes of each little-endian sample are its 16-bit value.
        octets = np.frombuffer(data, np.uint8).reshape(-1, format.sample_bytes)
        samples = np.ascontiguousarray(octets[:, -2:]).view("<i2").reshape(-1).astype(np.int16, copy=False)
    return samples.reshape(-1, format.channels)


def wav_header(data_bytes: int | None = None) -> bytes:
    """The header of a 24 kHz mono 16-bit WAV; None: the size is not known (a pipe)."""
    size = UNKNOWN_SIZE if data_bytes is None else min(data_bytes, UNKNOWN_SIZE - 36)
    riff_size = UNKNOWN_SIZE if data_bytes is None else size + 36
    fmt = struct.pack("<HHIIHH", PCM, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", riff_size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + fmt
        + (b"data" + struct.pack("<I", size))
    )

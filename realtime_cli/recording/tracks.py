"""Sidecar WAV files that are valid at every moment of their growth.

Data is written first and the header's sizes after it, so a process that is killed leaves a file
whose header tells no more than what is there. Positions that nothing was written to read as silence
(the file is sparse there).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from realtime_cli.audio.sample_format import RATE_HZ
from realtime_cli.private_file import open_private, read_at, write_at
from realtime_cli.protocol.session import BYTES_PER_MS, WireFormat

HEADER_BYTES = 44
MAX_BYTES = 0xFFFFFFFF  # RIFF counts with 32 bits: 12 hours of stereo

_FORMAT_TAGS = {"audio/pcm": 1, "audio/pcma": 6, "audio/pcmu": 7}  # RFC 2361


def wav_header(format_tag: int, channels: int, rate_hz: int, sample_bytes: int, data_bytes: int) -> bytes:
    """The 44 bytes before the samples (RIFF/WAVE, ``fmt `` of 16 bytes)."""
    frame_bytes = channels * sample_bytes
    size = min(MAX_BYTES, data_bytes)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        min(MAX_BYTES, 36 + size),
        b"WAVE",
        b"fmt ",
        16,
        format_tag,
        channels,
        rate_hz,
        rate_hz * frame_bytes,
        frame_bytes,
        8 * sample_bytes,
        b"data",
        size,
    )


class GrowingWav:
    """A WAV file, made when the first sample comes; owner-only."""

    def __init__(self, path: Path, format_tag: int, channels: int, rate_hz: int, sample_bytes: int) -> None:
        self.path = path
        self._shape = (format_tag, channels, rate_hz, sample_bytes)
        self._file: int | None = None
        self.data_bytes = 0

    def _open(self) -> int:
        if self._file is None:
            self._file = open_private(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            write_at(self._file, 0, wav_header(*self._shape, 0))
        return self._file

    def write_at(self, offset: int, data: bytes) -> None:
        file = self._open()
        write_at(file, HEADER_BYTES + offset, data)
        if offset + len(data) > self.data_bytes:
            self.data_bytes = offset + len(data)
            write_at(file, 0, wav_header(*self._shape, self.data_bytes))

    def read_at(self, offset: int, size: int) -> bytes:
        return read_at(self._open(), HEADER_BYTES + offset, size)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class VerbatimTrack:
    """The agent's sound byte for byte as received, back to back, in the wire's own format.

    What was cut is not in the stereo file, but serving or verifying the recording needs it.
    """

    def __init__(self, path: Path, wire_format: WireFormat = "audio/pcm") -> None:
        tag = _FORMAT_TAGS.get(wire_format, 1)
        sample_bytes = 2 if tag == 1 else 1
        rate_hz = round(BYTES_PER_MS[wire_format] * 1000 / sample_bytes)
        self._wav = GrowingWav(path, tag, 1, rate_hz, sample_bytes)

    def append(self, data: bytes) -> int:
        """Add wire bytes; returns the byte offset at which they begin."""
        offset = self._wav.data_bytes
        self._wav.write_at(offset, data)
        return offset

    def close(self) -> None:
        self._wav.close()


class TrackAligner:
    """Lays a stream of blocks onto the session's clock without clicks.

    Blocks come with jittered times; they are laid end to end as long as the times agree within the
    tolerance, and anew where there was a real gap. Time never runs backwards.
    """

    TOLERANCE = RATE_HZ // 10

    def __init__(self) -> None:
        self._end: int | None = None

    def place(self, at_s: float, count: int) -> int:
        """The sample at which a block of ``count`` samples that began at ``at_s`` is to be laid."""
        requested = max(0, round(at_s * RATE_HZ))
        end = requested if self._end is None else self._end
        start = requested if requested > end + self.TOLERANCE else end
        self._end = start + count
        return start

"""The sound of a recording, by reference, without reading what is not asked for."""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.wire_format import AudioEncoder
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat
from realtime_cli.recording.sidecar import sidecars
from realtime_cli.recording.tracks import HEADER_BYTES


class RecordedAudio:
    """Maps the sidecar files of the recording at ``path``; what is missing reads as silence.

    ``stereo`` is int16 of shape (samples, 2), 24 kHz: microphone as sent, agent as played.
    """

    def __init__(self, path: Path, input_format: WireFormat = "audio/pcm") -> None:
        stereo, received, self._images = sidecars(path)
        self.stereo: Samples = _mapped(stereo, np.dtype("<i2"), 4).reshape(-1, 2)
        self._received = _mapped(received, np.dtype(np.uint8), 1)
        self._input_format: WireFormat = input_format
        self._to_wire = AudioEncoder(input_format)

    @property
    def seconds(self) -> float:
        return len(self.stereo) / RATE_HZ

    def wire_bytes(self, reference: dict[str, Any]) -> bytes:
        """What a reference stands for, in the wire's format; always as long as it says."""
        size = int(reference.get("bytes", 0))
        if reference.get("channel") == "received":
            offset = int(reference.get("offset", 0))
            there: bytes = self._received[offset : offset + size].tobytes()
            return there.ljust(size, b"\0")
        return self._microphone(int(reference.get("start", 0)), size).ljust(size, b"\0")[:size]

    def _microphone(self, start: int, size: int) -> bytes:
        count = int(size * RATE_HZ / (1000 * BYTES_PER_MS[self._input_format]))
        samples = np.ascontiguousarray(self.stereo[start : start + count, 0])
        if self._input_format == "audio/pcm":
            return samples.tobytes()
        return self._to_wire.encode(samples)

    def image(self, name: str) -> str:
        """The data URI of an image file kept beside the recording; empty when the file is gone."""
        file = self._images / Path(name).name
        try:
            content = base64.b64encode(file.read_bytes()).decode()
        except (OSError, ValueError):
            return ""
        return f"data:image/{file.suffix[1:]};base64,{content}"


class NoAudio:
    """Silence of the right length, for folds that count sound but do not listen to it."""

    stereo: Samples = np.zeros((0, 2), np.int16)
    seconds = 0.0

    def wire_bytes(self, reference: dict[str, Any]) -> bytes:
        return _silence(int(reference.get("bytes", 0)))

    def image(self, name: str) -> str:
        return f"$image:{name}"


@lru_cache(maxsize=256)
def _silence(size: int) -> bytes:
    return bytes(size)


def _mapped(path: Path, dtype: np.dtype[Any], frame_bytes: int) -> Any:
    """The samples of one of our WAV files, by what is there rather than by what its header says."""
    try:
        size = path.stat().st_size - HEADER_BYTES
        count = max(0, size) // frame_bytes * frame_bytes // dtype.itemsize
        if count:
            return np.memmap(path, dtype, mode="r", offset=HEADER_BYTES, shape=(count,))
    except OSError:  # it is missing, a folder, or not readable
        pass
    return np.zeros(0, dtype)

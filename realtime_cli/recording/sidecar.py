"""Moves a recording's sound and images to sidecar files, and leaves references in the lines."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from realtime_cli.audio.sample_format import RATE_HZ, Samples
from realtime_cli.private_file import open_private
from realtime_cli.protocol.codec import DELTAS
from realtime_cli.protocol.objects import BYTES_PER_MS, WireFormat
from realtime_cli.recording import format
from realtime_cli.recording.tracks import TrackAligner, VerbatimTrack

if TYPE_CHECKING:
    from realtime_cli.recording.stereo_track import StereoTrack

_DELTA = re.compile(r'("delta"\s*:\s*)"([A-Za-z0-9+/]+={0,2})"')
_AUDIO = re.compile(r'("audio"\s*:\s*)"([A-Za-z0-9+/]+={0,2})"')
UNSENT_S = 1.0  # how long a heard frame may wait to be sent (push-to-talk sends 300 ms of the past)


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """Stereo file, received sound, and image folder of the recording at ``path``."""
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    return (
        path.with_name(f"{name}.wav"),
        path.with_name(f"{name}.received.wav"),
        path.with_name(f"{name}.images"),
    )


class SidecarWriter:
    """Takes sound and images out of what is to be written. Used by one thread only."""

    def __init__(self, path: Path, input_format: WireFormat, output_format: WireFormat) -> None:
        self._stereo_path, received, self._images = sidecars(path)
        self._stereo: StereoTrack | None = None
        self._received = VerbatimTrack(received, output_format)
        self._input_format: WireFormat = input_format
        self._microphone, self._speaker = TrackAligner(), TrackAligner()
        self._samples_per_byte = RATE_HZ / 1000 / BYTES_PER_MS[input_format]
        self._unsent: deque[tuple[float, int, bytes]] = deque()
        self._last_received: tuple[bytes, int] = (b"", 0)

    def _both_sides(self) -> StereoTrack:
        if self._stereo is None:
            from realtime_cli.recording.stereo_track import StereoTrack  # with numpy, for sound only

            self._stereo = StereoTrack(self._stereo_path, self._input_format)
        return self._stereo

    # -- microphone: only what was sent is kept -----------------------------------------------

    def heard(self, at: float, audio: bytes) -> tuple[int, int]:
        """Give a microphone frame that was heard until ``at`` its place: (start, count) in samples.

        Its sound is kept only when it is sent: a muted microphone is not recorded.
        """
        count = int(len(audio) * self._samples_per_byte)
        start = self._microphone.place(at - count / RATE_HZ, count)
        self._unsent.append((at, start, audio))
        while self._unsent and self._unsent[0][0] < at - UNSENT_S:
            self._unsent.popleft()
        return start, count

    def sent(self, at: float, audio: bytes) -> int:
        """Write an appended frame to the left channel, where it was heard; returns the start sample."""
        start = self._where_heard(audio)
        if start is None:
            count = int(len(audio) * self._samples_per_byte)
            start = self._microphone.place(at - count / RATE_HZ, count)
        self._both_sides().put_sent(start, audio)
        return start

    def _where_heard(self, audio: bytes) -> int | None:
        """The place of the oldest frame not yet sent that is the same; older ones will not be sent."""
        if not any(frame == audio for _, _, frame in self._unsent):
            return None
        while True:
            _, start, frame = self._unsent.popleft()
            if frame == audio:
                return start

    # -- agent ----------------------------------------------------------------------------------

    def played(self, at: float, samples: Samples) -> None:
        """Lay a block that the loudspeaker began to play at ``at`` on the right channel."""
        start = self._speaker.place(at, len(samples))
        if samples.any():
            self._both_sides().put_played(start, samples)

    def received(self, audio: bytes) -> int:
        """Keep received sound; returns its byte offset. The same bytes twice in a row are kept once."""
        if audio and audio == self._last_received[0]:
            return self._last_received[1]
        offset = self._received.append(audio)
        self._last_received = (audio, offset)
        return offset

    # -- text of events -------------------------------------------------------------------------

    def without_sound(self, at: float, event_type: str, raw: str) -> str:
        """The event's JSON text with every base64 sound replaced by a reference."""
        if "\\/" in raw:
            raw = raw.replace("\\/", "/")
        if event_type in ("input_audio_buffer.append", "session.input_audio.append"):
            return _AUDIO.sub(lambda found: found[1] + self._reference(found[2], at), raw)
        if event_type in DELTAS:
            return _DELTA.sub(lambda found: found[1] + self._reference(found[2]), raw)
        if '"audio"' in raw:
            return _AUDIO.sub(lambda found: found[1] + self._reference(found[2]), raw)
        return raw

    def _reference(self, encoded: str, sent_at: float | None = None) -> str:
        try:
            audio = binascii.a2b_base64(encoded, strict_mode=True)
        except binascii.Error:
            return f'"{encoded}"'
        if sent_at is not None:
            return format.reference("microphone", self.sent(sent_at, audio), len(audio))
        return format.reference("received", self.received(audio), len(audio))

    def without_images(self, line: str) -> str:
        """A line with every image data URI replaced by the name of a file."""
        return format.IMAGE.sub(self._keep_image, line) if '"data:image/' in line else line

    def _keep_image(self, found: re.Match[str]) -> str:
        try:
            content = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            return found[0]
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.{found[1].split('+')[0]}"
        self._images.mkdir(mode=0o700, exist_ok=True)
        if not (self._images / name).exists():
            file = open_private(self._images / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with os.fdopen(file, "wb") as out:
                out.write(content)
        return f'"$image:{name}"'

    def close(self) -> None:
        if self._stereo:
            self._stereo.close()
        self._received.close()

"""Writes a recording while the session runs: an observer with a thread of its own.

Bounds: what waits for the thread is at most ``QUEUE_LIMIT`` entries (minutes of them); more are
dropped, counted, and told in the file. The session never waits for the disk.
"""

from __future__ import annotations

import base64
import dataclasses
import errno
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from realtime_cli import private_file
from realtime_cli.audio.sample_format import RATE_HZ, SAMPLES_PER_MS, Samples
from realtime_cli.client.effects import Play, Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Connected, MicrophoneFrame, Received
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import SoundAppend
from realtime_cli.protocol.objects import WireFormat
from realtime_cli.recording import format
from realtime_cli.recording.delta_mask import DeltaMask
from realtime_cli.recording.format import Header
from realtime_cli.recording.redactor import Redactor
from realtime_cli.recording.sidecar import SidecarWriter, sidecars

QUEUE_LIMIT = 20_000
TICK_S = 0.05  # the longest that a line waits before it is on disk
BURST_LINES = 100  # written at once
MAX_LINE_SAMPLES = 240 * SAMPLES_PER_MS  # microphone sound that one line tells of
SAME_STEP_S = 0.02  # an append this soon after its frame belongs to it
MAX_NAME = 150  # characters of a name; 255 bytes are the most, with the time, a number and the endings


def folder() -> Path:
    """Where recordings go unless the user says otherwise."""
    return private_file.state_folder() / "sessions"


def new_path(name: str = "session", within: Path | None = None) -> Path:
    """A free path named by the wall clock and the agent, such as ``2026-11-22_14-03-05_local.jsonl``."""
    within = within or folder()
    stem = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{plain(name)}"
    path = within / f"{stem}.jsonl"
    count = 2
    while path.exists():
        path, count = within / f"{stem}-{count}.jsonl", count + 1
    return path


def plain(name: str) -> str:
    """A name as it stands in the name of a recording, cut where file systems would refuse it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:MAX_NAME].strip("-") or "session"


def path_for(requested: Path, name: str) -> Path:
    """Where to record when a person named a place: a file, or a folder for a file with a name of its own.

    Raises ConfigError for the name of another kind of file.
    """
    if os.path.isdir(requested):  # also raised for a name that no file can have
        return new_path(name, requested)
    if requested.suffix and requested.suffix != ".jsonl":
        raise ConfigError(
            f"A recording is a .jsonl file, and {requested} is not one.",
            f"Write {requested.with_suffix('.jsonl')}: its sound files are put next to it.",
        )
    return requested.with_suffix(".jsonl")


class Recorder:
    """Observes entries and writes them.

    ``on_trouble`` is told once, from the recorder's thread, when the disk refuses: recording has stopped
    then, the session goes on.

    Raises ConfigError when the file cannot be made or already exists.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        *,
        secrets: Iterable[str] = (),
        on_trouble: Callable[[str], None] = lambda message: None,
        input_format: WireFormat = "audio/pcm",
        output_format: WireFormat = "audio/pcm",
    ) -> None:
        self.path = path
        self.lost = 0
        self.connected = False  # whether a connection has been recorded
        self.failed: str | None = None
        self._on_trouble = on_trouble
        self._waiting: deque[Entry | tuple[float, Samples]] = deque()
        self._scrubber = Redactor(secrets)
        self._file = _create(path)
        self._writer = _Writer(SidecarWriter(path, input_format, output_format), self._scrubber)
        self._last_at = 0.0
        self._ended: tuple[int, str] = (0, "")
        self._stop = threading.Event()
        formats = {"rate_hz": RATE_HZ, "input": input_format, "output": output_format}
        header = dataclasses.replace(header, audio={**header.audio, **formats})
        self._first = self._scrubber.scrub(header.to_line())
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    # -- called by the session; never waits -----------------------------------------------------

    def observe(self, entry: Entry) -> None:
        """Take an entry; written within ``TICK_S``."""
        if self.failed is None:
            self._take(entry)

    def played(self, at: float, samples: Samples) -> None:
        """Take a block (int16, 24 kHz) that began to sound at ``at`` session seconds.

        Copies it; may be called from the audio thread.
        """
        if self.failed is None:
            self._take((at, samples.copy()))

    def _take(self, what: Entry | tuple[float, Samples]) -> None:
        if len(self._waiting) >= QUEUE_LIMIT:
            self.lost += 1
        else:
            self._waiting.append(what)

    def close(self, exit_code: int = 0, reason: str = "") -> None:
        """Write what waits and the end line. May be called twice."""
        self._ended = (exit_code, reason)
        self._stop.set()
        self._thread.join()

    def break_off(self, exit_code: int, reason: str) -> None:
        """End the recording of a session that failed; without any connection nothing is kept."""
        self.close(exit_code, reason)
        if not self.connected:
            for part in (self.path, *sidecars(self.path)[:2]):
                part.unlink(missing_ok=True)

    # -- the recorder's thread --------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._write([self._first])
            while not self._stop.wait(TICK_S):
                self._write_waiting()
            self._write_waiting()
            end = format.end_line(self._last_at, *self._ended, self.lost)
            self._write([*self._writer.flush(), self._scrubber.scrub(end)])
        except OSError as error:
            self._fail(error)
        finally:
            self._waiting.clear()
            self._writer.close()
            os.close(self._file)

    def _write_waiting(self) -> None:
        while self._waiting:
            lines: list[str] = []
            try:
                while self._waiting and len(lines) < BURST_LINES:
                    lines += self._lines(self._waiting.popleft())
            finally:
                self._write(lines)

    def _lines(self, what: Entry | tuple[float, Samples]) -> list[str]:
        if isinstance(what, Entry):
            self._last_at = max(self._last_at, what.at)
            self.connected = self.connected or isinstance(what.value, Connected)
            return self._writer.lines(what)
        self._writer.played(*what)
        return []

    def _write(self, lines: list[str]) -> None:
        data = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
        while data:
            data = data[os.write(self._file, data) :]

    def _fail(self, error: OSError) -> None:
        self.failed = f"Recording stopped: {error.strerror or error} ({self.path})."
        with suppress(OSError):
            if not self.path.stat().st_size:
                self.path.unlink()  # not even the first line was written: nobody needs it
        self._on_trouble(self.failed)


def _create(path: Path) -> int:
    """A new file that only its owner may read; its folder likewise, if it has to be made."""
    try:
        private_file.make_folder(path.parent)
        for sidecar in sidecars(path):
            if sidecar.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(sidecar))
        file = private_file.open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        private_file.lock(file)
        return file
    except FileExistsError as error:
        raise ConfigError(
            f"A recording already exists at {error.filename}.",
            "Give --record another path, or delete it first.",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"The recording {path} cannot be written: {error.strerror}.",
            "Give --record a path in a folder that you may write to, or use --no-record.",
        ) from None


class _Writer:
    """Entries in, lines out; gathers consecutive microphone frames into one line."""

    def __init__(self, shelf: SidecarWriter, scrubber: Redactor) -> None:
        self._shelf = shelf
        self._scrubber = scrubber
        self._deltas = DeltaMask(scrubber.known)
        self._run = _Run()

    def played(self, at: float, samples: Samples) -> None:
        self._shelf.played(at, samples)

    def lines(self, entry: Entry) -> list[str]:
        value = entry.value
        if isinstance(value, MicrophoneFrame) and value.at == entry.at:
            return self._heard(entry.at, value.audio)
        if isinstance(value, Send):
            if self._run.takes_sent(entry.at, value.event):
                self._shelf.sent(entry.at, self._run.audio)
                return []
            raw = codec.encode(value.event)
            return [*self.flush(), self._line(self._wire(entry.at, "sent", value.event.type, raw))]
        if isinstance(value, Received):
            raw = value.raw or codec.encode(value.event)
            return [*self.flush(), self._line(self._wire(entry.at, "received", value.event.type, raw))]
        return [*self.flush(), self._line(format.local_line(entry.at, value, self._keeper(entry.at, value)))]

    def _heard(self, at: float, audio: bytes) -> list[str]:
        start, samples = self._shelf.heard(at, audio)
        finished = [] if self._run.takes_heard(audio, start, samples) else self.flush()
        self._run.add(at, audio, start, samples)
        return finished

    def flush(self) -> list[str]:
        """The lines of the run of frames that is being gathered."""
        run, self._run = self._run, _Run()
        return run.lines()

    def _wire(self, at: float, kind: str, event_type: str, raw: str) -> str:
        raw = self._shelf.without_sound(at, event_type, raw)
        return format.wire_line(at, kind, self._deltas.frame(raw) if kind == "received" else raw)

    def _keeper(self, at: float, value: Any) -> Callable[[bytes], str]:
        def keep(audio: bytes) -> str:
            if isinstance(value, Play):
                return format.reference("received", self._shelf.received(audio), len(audio))
            return format.reference("microphone", self._shelf.heard(at, audio)[0], len(audio))

        return keep

    def _line(self, line: str) -> str:
        return self._scrubber.scrub(self._shelf.without_images(line))

    def close(self) -> None:
        self._shelf.close()


class _Run:
    """Consecutive frames of one size, end to end on the clock; the first ``sent`` of them were sent."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.audio = b""
        self.sent = 0
        self._start = 0
        self._samples = 0

    def takes_heard(self, audio: bytes, start: int, samples: int) -> bool:
        if not self.at:
            return True
        alike = self.sent in (0, len(self.at))
        fits = (len(audio), samples) == (len(self.audio), self._samples)
        joins = start == self._start + len(self.at) * samples
        return alike and fits and joins and (len(self.at) + 1) * samples <= MAX_LINE_SAMPLES

    def add(self, at: float, audio: bytes, start: int, samples: int) -> None:
        if not self.at:
            self._start, self._samples = start, samples
        self.at.append(at)
        self.audio = audio

    def takes_sent(self, at: float, event: Any) -> bool:
        """Whether this is the bare append of the frame that was just heard."""
        if not isinstance(event, SoundAppend) or not self.at or self.sent != len(self.at) - 1:
            return False
        bare = event.event_id is None and event.audio == base64.b64encode(self.audio).decode("ascii")
        if not bare or not 0 <= at - self.at[-1] < SAME_STEP_S:
            return False
        self.sent += 1
        return True

    def lines(self) -> list[str]:
        """One line, or two when only the first frames were sent."""
        parts = ((self.at[: self.sent], 0, True), (self.at[self.sent :], self.sent, False))
        return [self._line(at, skipped, sent) for at, skipped, sent in parts if at]

    def _line(self, at: list[float], skipped: int, sent: bool) -> str:
        start = self._start + skipped * self._samples
        return format.frames_line(at, sent, format.reference("microphone", start, len(at) * len(self.audio)))

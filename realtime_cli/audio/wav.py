"""Files and pipes as microphone and speaker, at real-time pace or as fast as the other side takes it.

One task on the event loop paces each: it sleeps until the next frame is due by the monotonic clock, so a
late wake-up is made good and time does not drift. Reading a file of some seconds takes well under a
millisecond a frame; stdin, which may block, is read in a thread.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.playout import Playout
from realtime_cli.audio.wav_file import read_wav, wav_header
from realtime_cli.errors import ConfigError
from realtime_cli.notices import HeardItem

FRAME_S = FRAME_MS / 1000
MAX_AHEAD_MS = 1000  # of sound that the reading thread may be ahead
TAIL_MS = 2000  # a server's voice activity detection needs silence to see that a turn is over
IDLE_POLL_S = 0.005

Deliver = Callable[[Samples | None], None]


class WavMicrophone:
    """Sound files, one after the other, as a microphone.

    ``paths``: WAV files of any kind, or ``-`` for stdin (WAV, or raw PCM16LE mono 24 kHz).
    ``pause_ms`` of silence separates two of them; ``may_go_on`` is asked before each further one, and
    silence is given while it says no. ``speaking`` is told when a file begins (True) and when it is over
    (False). None says that the last is over; silence goes on after it, as a room does, the first
    ``tail_ms`` of it at the pace of the file. When ``fast``, ``has_room`` is asked
    before each frame: how a wire that takes it more slowly holds the file back. ``channel``: only this one
    of each file, counted from 0.
    Raises :class:`ConfigError` when built, if a file is missing or no readable WAV.
    """

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        fast: bool = False,
        channel: int | None = None,
        pause_ms: int = 500,
        tail_ms: int = TAIL_MS,
        may_go_on: Callable[[], bool] = lambda: True,
        has_room: Callable[[], bool] = lambda: True,
        speaking: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._paths = [paths] if isinstance(paths, (str, Path)) else list(paths)
        self._fast = fast
        self._channel = channel
        self._pause_ms = pause_ms
        self._tail_ms = tail_ms
        self.connect(may_go_on, has_room, speaking)
        self._task: asyncio.Task[None] | None = None
        for path in self._paths:
            if str(path) != "-":
                next(iter(_frames(path, channel)))

    def connect(
        self,
        may_go_on: Callable[[], bool],
        has_room: Callable[[], bool],
        speaking: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Ask and tell these from now on: for a conversation that is built around the microphone."""
        self._may_go_on, self._has_room, self._speaking = may_go_on, has_room, speaking

    def start(self, deliver: Deliver) -> None:
        """Begin to give frames to ``deliver`` on the running loop's thread."""
        self._task = asyncio.get_running_loop().create_task(self._run(deliver), name="wav microphone")
        self._task.add_done_callback(_notify_loop)

    async def close(self) -> None:
        """Give no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, deliver: Deliver) -> None:
        pace = RealtimeClock((lambda: self._has_room()) if self._fast else None)
        for place, path in enumerate(self._paths):
            if place:
                await self._pause(pace, deliver)
            frames = _from_stdin() if str(path) == "-" else _each(_frames(path, self._channel))
            self._speaking(True)
            async for frame in frames:
                await pace.next()
                deliver(frame)
            self._speaking(False)
        deliver(None)
        for _ in range(-(-self._tail_ms // FRAME_MS)):
            await pace.next()
            deliver(silence(FRAME_SAMPLES))
        while True:  # a turn detection that waits longer needs more silence, and a room is never over
            await pace.next_in_real_time()
            deliver(silence(FRAME_SAMPLES))

    async def _pause(self, pace: RealtimeClock, deliver: Deliver) -> None:
        """In real time even when fast: the server has yet to say whether it will answer."""
        left = -(-self._pause_ms // FRAME_MS)
        while left > 0 or not self._may_go_on():
            await pace.next_in_real_time()
            deliver(silence(FRAME_SAMPLES))
            left -= 1


class RealtimeClock:
    """One step every 20 ms, or, with ``has_room``, whenever there is room."""

    def __init__(self, has_room: Callable[[], bool] | None = None) -> None:
        self._has_room = has_room
        self._due_s = time.monotonic()

    async def next(self) -> None:
        """Wait until the next frame is due."""
        if self._has_room is None:
            await self.next_in_real_time()
            return
        await asyncio.sleep(0)
        while not self._has_room():
            await asyncio.sleep(IDLE_POLL_S)

    async def next_in_real_time(self) -> None:
        """Wait until the next 20 ms are over."""
        await asyncio.sleep(max(0.0, self._due_s - time.monotonic()))
        # After a long pause of the whole machine the frames come at their pace again, not in one burst.
        self._due_s = max(self._due_s, time.monotonic() - 1.0) + FRAME_S


class WavSpeaker:
    """A WAV file as loudspeaker: ``path`` may be ``-`` (stdout) or None (heard by nobody, but in time).

    In real time the file has the silence between the answers too; when ``fast``, only the answers.
    ``on_played`` gets every block (int16 mono, 24 kHz) on the loop's thread.
    Raises :class:`ConfigError` when built, if the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        fast: bool = False,
        on_played: Callable[[Samples], None] | None = None,
    ) -> None:
        self.playout = Playout()
        self._on_played = on_played
        self._tap: Callable[[Samples], None] | None = None
        self._fast = fast
        self._file = _open_for_writing(path)
        self._name = str(path)
        self._is_pipe = self._name == "-"
        self._data_bytes = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def latency_s(self) -> float:
        return 0.0

    @property
    def level_dbfs(self) -> float:
        return self.playout.level_dbfs

    def start(self, tap: Callable[[Samples], None] | None = None) -> None:
        """Begin to take from the playout, on the running loop. ``tap`` gets every block that is played."""
        self._tap = tap
        self._task = asyncio.get_running_loop().create_task(self._run(), name="wav speaker")
        self._task.add_done_callback(_notify_loop)

    def stop_now(self) -> tuple[HeardItem, ...]:
        """Silence from the next frame on, after a fade; what was heard."""
        return self.playout.stop()

    async def drained(self) -> None:
        """Until everything queued has been heard."""
        while not self.playout.idle:
            await asyncio.sleep(IDLE_POLL_S)

    async def close(self) -> None:
        """Stop, and make the file whole."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._file is None:
            return
        if self._is_pipe:
            self._file.flush()
        else:
            self._file.seek(0)
            self._file.write(wav_header(self._data_bytes))
            self._file.close()
        self._file = None

    async def _run(self) -> None:
        pace = RealtimeClock()
        while True:
            if not self._fast:
                await pace.next_in_real_time()
                self._play(FRAME_SAMPLES, 0.0)
            elif (queued := self.playout.queued_ms) > 0:
                self._play(min(FRAME_SAMPLES, round(queued * SAMPLES_PER_MS)), -FRAME_S)
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(IDLE_POLL_S)

    def _play(self, count: int, latency_s: float) -> None:
        block = self.playout.pull(count, latency_s)
        for listener in (self._on_played, self._tap):
            if listener:
                listener(block)
        if self._file is not None:
            self._data_bytes += self._write(self._file, block.astype("<i2", copy=False).tobytes())

    def _write(self, file: BinaryIO, data: bytes) -> int:
        try:
            return file.write(data)
        except OSError as error:  # a full disk
            raise OSError(error.errno, error.strerror, self._name) from None


def _open_for_writing(path: str | Path | None) -> BinaryIO | None:
    if path is None:
        return None
    if str(path) == "-":
        sys.stdout.buffer.write(wav_header())
        return sys.stdout.buffer
    try:
        # Nothing is held back, so that what a full disk took becomes a whole file in close().
        file = open(path, "wb", buffering=0)  # noqa: SIM115
        file.write(wav_header(0))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", "Name another output file."
        ) from error
    return file


def _frames(path: str | Path, channel: int | None = None) -> Iterator[Samples]:
    """A file in frames of 20 ms, the last one filled up with silence."""
    try:
        with open(path, "rb") as file:
            yield from _even(read_wav(file, str(path), channel=channel))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", "Check the name and the permissions."
        ) from error


def _even(blocks: Iterator[Samples]) -> Iterator[Samples]:
    rest = silence(0)
    for block in blocks:
        rest = np.concatenate([rest, block])
        while len(rest) >= FRAME_SAMPLES:
            yield rest[:FRAME_SAMPLES]
            rest = rest[FRAME_SAMPLES:]
    if len(rest):
        yield np.concatenate([rest, silence(FRAME_SAMPLES - len(rest))])


async def _each(frames: Iterator[Samples]) -> AsyncIterator[Samples]:
    for frame in frames:
        yield frame


async def _from_stdin() -> AsyncIterator[Samples]:
    """Frames of stdin, read in a thread of its own that dies with the process: a pipe may stay open."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Samples | Exception | None] = asyncio.Queue(MAX_AHEAD_MS // FRAME_MS)

    def put(value: Samples | Exception | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(value), loop).result()

    def read() -> None:
        try:
            for frame in _even(read_wav(sys.stdin.buffer, "stdin", raw_allowed=True)):
                put(frame)
            put(None)
        except Exception as error:  # raised again below, on the loop's side
            put(error)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (value := await queue.get()) is not None:
        if isinstance(value, Exception):
            raise value
        yield value


def _notify_loop(task: asyncio.Task[None]) -> None:
    """Pass an error to the loop's exception handler, since nobody awaits the task."""
    if not task.cancelled() and (error := task.exception()):
        context = {"message": f"The {task.get_name()} failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)

"""A Realtime server whose answers are tones and pauses of known length at known times.

It hears by level, not by a model: the user begins with the first loud frame and has ended after 80 ms
without one. What it noted by its own clock is the truth that a script's measures are held against.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, silence
from tests.kit.threads import loop_in_a_thread
from tests.kit.verbatim_server import SESSION

LOUD = 1000
PAUSE_MS = 80
CHUNK_MS = 100

Part = tuple[str, int]
"""``tone`` or ``pause``, and for how many ms."""


def tone(ms: int) -> Samples:
    """Loud from its first sample to its last."""
    turns = np.arange(ms * SAMPLES_PER_MS) * 500 / RATE_HZ
    return (12_000 * np.cos(2 * np.pi * turns)).astype(np.int16)


def sound_of(parts: Sequence[Part]) -> Samples:
    return np.concatenate(
        [tone(ms) if kind == "tone" else silence(ms * SAMPLES_PER_MS) for kind, ms in parts]
    )


@dataclass(frozen=True)
class TimedAnswer:
    """What comes ``after_ms`` after the user's last loud frame; all at once, or at its own ``pace``."""

    parts: Sequence[Part]
    after_ms: int = 300
    pace: bool = False
    words: str = "Tone."
    cut_after_ms: int | None = None
    """From the first loud frame of a user who speaks into it until the server says so; None: it speaks on."""
    sound: Samples | None = None
    """Instead of the parts."""

    def samples(self) -> Samples:
        return sound_of(self.parts) if self.sound is None else self.sound


@dataclass
class Exchange:
    """By the server's clock, in seconds: a stretch of the user's sound, and what was done about it.

    Sound of the user is as old as the frame of 20 ms that it came in.
    """

    began: float
    ended: float = 0.0
    sent: float = 0.0
    """The first sample of the answer left."""
    done: float = 0.0
    """``response.done`` left."""
    cut: float = 0.0
    """The answer before was said to be interrupted."""


@dataclass
class TimedServer:
    """One connection at a time; ``exchanges``: what truly happened."""

    answers: list[TimedAnswer | None]
    """For each stretch of the user's sound in turn; None: a backchannel, which is not answered."""
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    _count: int = 0
    _quiet_ms: float = PAUSE_MS + 1
    """Since the user's last loud frame, by what came: a client that is late has not paused."""
    _speaking: TimedAnswer | None = None
    _until: float = 0.0
    _work: set[asyncio.Task[None]] = field(default_factory=set)

    async def converse(self, socket: ServerConnection) -> None:
        session = {**SESSION, "id": "sess_timed"}
        await self._tell(socket, "session.created", session=session)
        with suppress(ConnectionClosed):
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "session.update":
                    await self._tell(socket, "session.updated", session={**session, **event["session"]})
                elif event["type"] == "input_audio_buffer.append":
                    self._heard(socket, np.frombuffer(base64.b64decode(event["audio"]), "<i2"))
        for task in self._work:
            task.cancel()

    def _heard(self, socket: ServerConnection, frame: Samples) -> None:
        if not len(frame) or np.abs(frame.astype(np.int32)).max() <= LOUD:
            self._quiet_ms += len(frame) / SAMPLES_PER_MS
            return
        now = time.monotonic()
        if self._quiet_ms > PAUSE_MS:
            self.exchanges.append(Exchange(now))
            self._do(self._answer(socket, self.exchanges[-1]))
        self._quiet_ms, self.exchanges[-1].ended = 0.0, now

    def _do(self, what: Any) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _answer(self, socket: ServerConnection, exchange: Exchange) -> None:
        answer = self.answers.pop(0) if self.answers else None
        spoken_into, self._speaking = (self._speaking if time.monotonic() < self._until else None), None
        if spoken_into is not None and spoken_into.cut_after_ms is not None:
            await _at(exchange.began + spoken_into.cut_after_ms / 1000)
            await self._tell(
                socket, "input_audio_buffer.speech_started", item_id=f"u{self._count}", audio_start_ms=0
            )
            exchange.cut = time.monotonic()
        while self._quiet_ms <= PAUSE_MS:
            await asyncio.sleep(0.005)
        if answer is None:
            return
        if not exchange.cut:
            await self._tell(
                socket, "input_audio_buffer.speech_started", item_id=f"u{self._count}", audio_start_ms=0
            )
        await self._say(socket, answer, exchange)

    async def _say(self, socket: ServerConnection, answer: TimedAnswer, exchange: Exchange) -> None:
        number = self._count
        user, item, response = f"u{number}", f"i{number}", f"r{number}"
        await self._tell(socket, "input_audio_buffer.speech_stopped", item_id=user, audio_end_ms=0)
        await self._tell(socket, "input_audio_buffer.committed", item_id=user, previous_item_id=None)
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        await _at(exchange.ended + answer.after_ms / 1000)
        await self._tell(
            socket, "response.created", response={"id": response, "status": "in_progress", "output": []}
        )
        message: dict[str, Any] = {
            "id": item,
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        await self._tell(
            socket, "response.output_item.added", response_id=response, output_index=0, item=message
        )
        samples = answer.samples()
        exchange.sent = time.monotonic()
        self._speaking, self._until = answer, exchange.sent + len(samples) / RATE_HZ
        step = CHUNK_MS * SAMPLES_PER_MS
        for begin in range(0, len(samples), step):
            if answer.pace:
                await _at(exchange.sent + begin / RATE_HZ)
            delta = base64.b64encode(samples[begin : begin + step].astype("<i2").tobytes()).decode()
            await self._tell(socket, "response.output_audio.delta", **place, delta=delta)
        await self._tell(socket, "response.output_audio_transcript.delta", **place, delta=answer.words)
        await self._tell(socket, "response.output_audio_transcript.done", **place, transcript=answer.words)
        await self._tell(socket, "response.output_audio.done", **place)
        content = [{"type": "output_audio", "transcript": answer.words}]
        message |= {"status": "completed", "content": content}
        await self._tell(
            socket, "response.output_item.done", response_id=response, output_index=0, item=message
        )
        over = {"id": response, "status": "completed", "output": [message]}
        exchange.done = time.monotonic()
        await self._tell(socket, "response.done", response=over)

    async def _tell(self, socket: ServerConnection, type: str, **fields: Any) -> None:
        self._count += type == "response.done"
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"event_id": f"e{time.monotonic_ns()}", "type": type, **fields}))


async def _at(when: float) -> None:
    while (left := when - time.monotonic()) > 0:
        await asyncio.sleep(left)


@contextmanager
def timed(answers: Sequence[TimedAnswer | None]) -> Iterator[TimedServer]:
    """The server in a thread of its own: its clock does not wait for the program that is measured."""
    made = TimedServer(list(answers))
    with loop_in_a_thread() as loop:
        listening = asyncio.run_coroutine_threadsafe(_listen(made), loop).result(10)
        try:
            yield made
        finally:
            asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)


async def _listen(made: TimedServer) -> Any:
    listener = await serve(made.converse, "127.0.0.1", 0, max_size=None, close_timeout=1)
    host, port = next(iter(listener.sockets)).getsockname()
    made.url = f"ws://{host}:{port}/v1/realtime"
    return listener


async def _end(listener: Any) -> None:
    listener.close()
    await listener.wait_closed()

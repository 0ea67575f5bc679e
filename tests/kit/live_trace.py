"""A whole Live session as the service was seen to hold one: every event at its time, and the sound between.

Times, spans, order and the bill are those of a captured session (gpt-live-1, client delegation, October
2026); the words are our own. A server plays it to a client over a real socket::

    with live_trace_server() as server: ... server.url, server.heard
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realtime_cli.audio.pcm import BYTES_PER_MS, SAMPLES_PER_MS
from tests.kit.threads import loop_in_a_thread

Json = dict[str, Any]
Timed = tuple[int, Json]
"""Milliseconds since the socket opened, and an event."""

DELEGATION = "item_EWIVgjaxCfSlntqN73664"
SESSION: Json = {
    "id": "live_u7_EWIVap3oNAAt9nps5I21D6HuuKiHPzMQ",
    "expires_at": 1791373550,
    "model": "gpt-live-1",
    "instructions": "Hand every booking to the client, then say its result.",
    "audio": {"output": {"voice": "marin"}, "format": {"type": "audio/pcm", "rate": 24000}},
    "delegation": {"type": "client"},
    "status": "active",
    "input": [],
}
USER = "I'd like to book a table for four people on Friday night."
FIRST, SECOND = "Okay, checking now.", "Your table is booked."
STARTED_MS = 1_123
SOUND_MS = 1_977  # the first piece of sound: the stream's position 0
PIECE_MS = 100
VOICE_MS = ((4_800, 5_800), (6_800, 7_600))  # in the stream
BILLED_S = 7
DROP_S = 2.0  # after session.closed the line is dropped without a close frame


def _event(kind: str, **fields: Any) -> Json:
    return {"type": kind, **fields}


def _words(side: str, at_ms: int, start_ms: int, delta: str) -> Timed:
    kind = f"session.{side}_transcript.delta"
    return at_ms, _event(kind, start_ms=start_ms, end_ms=start_ms + 200, delta=delta)


def _appended(kind: str, at_ms: int, start_ms: int) -> Timed:
    return at_ms, _event(f"session.{kind}.appended", start_ms=start_ms, end_ms=start_ms + 200)


def _usage(at_ms: int) -> Timed:
    window = {"usage_ratio": 0.008859375}
    return at_ms, _event("session.usage.updated", usage={"seconds": BILLED_S}, context_window=window)


WORDS: list[Timed] = [
    (STARTED_MS, _event("session.started", session=SESSION)),
    _words("input", 2470, 600, "I'd"),
    _appended("instructions", 2471, 600),
    _words("input", 2696, 800, " like"),
    _words("input", 2843, 1000, " to"),
    _words("input", 3470, 1600, " book"),
    _words("input", 3862, 2000, " a"),
    _words("input", 4026, 2200, " table for"),
    _words("input", 4628, 2800, " four"),
    _words("input", 5446, 3600, " people on"),
    _words("input", 5897, 4000, " Friday"),
    _words("input", 6601, 4600, " night."),
    (
        6603,
        _event(
            "session.delegation.created",
            offset_ms=4600,
            delegation={"id": DELEGATION, "type": "delegation", "target": "client"},
        ),
    ),
    _words("output", 6790, 4800, "Okay,"),
    _words("output", 7160, 5200, " checking"),
    _appended("thinking", 7405, 5400),
    _appended("commentary", 7405, 5400),
    _words("output", 7558, 5600, " now."),
    _words("output", 8791, 6800, "Your"),
    _words("output", 8980, 7000, " table"),
    _words("output", 9166, 7200, " is booked."),
    _usage(15_960),
    _usage(30_969),
]
CLOSED = _event("session.closed", reason="close_requested", session=SESSION, usage={"seconds": BILLED_S})


def sound(until_ms: int) -> list[Timed]:
    """Ten pieces a second: a tone while the agent speaks, else the floor of noise that the service sends."""
    random, pieces = np.random.default_rng(1), list[Timed]()
    for place in range((until_ms - SOUND_MS) // PIECE_MS):
        spoken = any(begin <= place * PIECE_MS < end for begin, end in VOICE_MS)
        size = PIECE_MS * SAMPLES_PER_MS
        wave = 6_000 * np.sin(np.arange(size) / 9) if spoken else random.integers(-8, 9, size)
        delta = base64.b64encode(wave.astype("<i2").tobytes()).decode()
        pieces.append((SOUND_MS + place * PIECE_MS, _event("session.output_audio.delta", delta=delta)))
    return pieces


def whole(words: Sequence[Timed] = WORDS) -> list[Timed]:
    """Words and sound in the order of their times; all but sound carry ids."""
    timed = sorted([*words, *sound(words[-1][0])], key=lambda one: one[0])
    return [
        (at_ms, event if "audio.delta" in event["type"] else {**event, "event_id": f"event_{place:021}"})
        for place, (at_ms, event) in enumerate(timed)
    ]


@dataclass
class LiveTraceServer:
    """Plays the session to whoever connects; ``heard``: what a client sent, sound left out."""

    trace: list[Timed] = field(default_factory=whole)
    url: str = ""
    heard: list[Json] = field(default_factory=list)
    heard_ms: float = 0.0
    """The sound that a client sent."""

    async def converse(self, socket: ServerConnection) -> None:
        """Say nothing before ``session.start``; times count from then."""
        playing: asyncio.Task[None] | None = None
        with suppress(ConnectionClosed):
            async for text in socket:
                event = json.loads(text)
                if event["type"] == "session.input_audio.append":
                    self.heard_ms += len(base64.b64decode(event["audio"])) / BYTES_PER_MS
                    continue
                self.heard.append(event)
                if event["type"] == "session.start":
                    playing = asyncio.create_task(self._play(socket))
                elif event["type"] == "session.close":
                    break
            if playing:
                playing.cancel()
            await socket.send(json.dumps({**CLOSED, "event_id": "event_closed"}))
            await asyncio.sleep(DROP_S)
        socket.transport.abort()

    async def _play(self, socket: ServerConnection) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at_ms, event in self.trace:
            await asyncio.sleep(began + at_ms / 1000 - loop.time())
            await socket.send(json.dumps(event))


@contextmanager
def live_trace_server(server: LiveTraceServer | None = None) -> Iterator[LiveTraceServer]:
    """Listens on a free port of this machine, in a thread."""
    server = server or LiveTraceServer()
    with loop_in_a_thread() as loop:

        async def listen() -> Any:
            return await serve(server.converse, "127.0.0.1", 0)

        listener = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        port = listener.sockets[0].getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}/v1/live/sessions"
        try:
            yield server
        finally:
            listener.close()
            asyncio.run_coroutine_threadsafe(listener.wait_closed(), loop).result()

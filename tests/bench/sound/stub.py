"""A Realtime server without a mind: notes when sound came, plays tones at the pace it is told."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from contextlib import suppress
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples

LOUD = 1000
FAST_CHUNK_MS = 200
STALL_MS = (150, 300)
SESSION: dict[str, Any] = {
    "type": "realtime",
    "object": "realtime.session",
    "id": "sess_1",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "instructions": "",
    "tools": [],
    "tool_choice": "auto",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": RATE_HZ},
            "turn_detection": {"type": "server_vad", "create_response": True, "interrupt_response": True},
        },
        "output": {"format": {"type": "audio/pcm", "rate": RATE_HZ}, "voice": "marin", "speed": 1.0},
    },
}


def tone(ms: float) -> Samples:
    """A cosine: loud from its first sample on."""
    turns = np.arange(round(ms * SAMPLES_PER_MS)) * 500 / RATE_HZ
    return (12_000 * np.cos(2 * np.pi * turns)).astype("<i2")


class Stub:
    """One client at a time. ``heard``: when each loud stretch of its microphone came."""

    def __init__(self) -> None:
        self.connected_at: float | None = None
        self.settled = asyncio.Event()
        self.heard: list[float] = []
        self.appends = 0
        self.truncated: dict[str, int] = {}
        self._last_loud = 0.0
        self._socket: ServerConnection | None = None
        self._server: Server | None = None
        self._count = 0

    async def start(self) -> int:
        """Returns the port."""
        self._server = await serve(self._talk, "127.0.0.1", 0, max_size=None)
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _talk(self, socket: ServerConnection) -> None:
        self._socket = socket
        self.connected_at = time.monotonic()
        await self.tell("session.created", session=SESSION)
        with suppress(ConnectionClosedError):  # not every client says goodbye
            async for message in socket:
                await self._take(json.loads(message), time.monotonic())

    async def _take(self, event: dict[str, Any], at: float) -> None:
        match event["type"]:
            case "session.update":
                await self.tell("session.updated", session=SESSION)
                self.settled.set()
            case "input_audio_buffer.append":
                self.appends += 1
                sound = np.frombuffer(base64.b64decode(event["audio"]), "<i2")
                if len(sound) and np.abs(sound.astype(np.int32)).max() > LOUD:
                    if at - self._last_loud > 0.2:
                        self.heard.append(at)
                    self._last_loud = at
            case "conversation.item.truncate":
                self.truncated[event["item_id"]] = event["audio_end_ms"]

    async def tell(self, type: str, **fields: Any) -> None:
        assert self._socket is not None
        self._count += 1
        await self._socket.send(json.dumps({"type": type, "event_id": f"event_{self._count}", **fields}))

    # -- answers ------------------------------------------------------------------------------

    async def begin(self) -> str:
        """Begin an answer; returns the id of its item."""
        self._count += 1
        item = f"item_{self._count}"
        await self.tell("response.created", response=_response(item, "in_progress"))
        message = _message(item, "in_progress")
        await self.tell(
            "response.output_item.added", response_id=f"resp_{item}", output_index=0, item=message
        )
        await self.tell("conversation.item.added", previous_item_id=None, item=message)
        part = {"type": "audio", "transcript": ""}
        await self.tell("response.content_part.added", **_place(item), part=part)
        return item

    async def delta(self, item: str, ms: float) -> None:
        data = base64.b64encode(tone(ms).tobytes()).decode()
        await self.tell("response.output_audio.delta", **_place(item), delta=data)

    async def end(self, item: str, status: str = "completed") -> None:
        message = _message(item, "completed" if status == "completed" else "incomplete")
        if status == "completed":
            await self.tell("response.output_audio.done", **_place(item))
        await self.tell("response.output_item.done", response_id=f"resp_{item}", output_index=0, item=message)
        await self.tell("response.done", response=_response(item, status))

    async def fast_answer(self, ms: float) -> float:
        """All at once; returns when the first sound left."""
        item = await self.begin()
        left_at = time.monotonic()
        for _ in range(round(ms / FAST_CHUNK_MS)):
            await self.delta(item, FAST_CHUNK_MS)
        await self.end(item)
        return left_at

    async def late_answer(self, ms: float, chance: random.Random) -> float:
        """At real-time average, with a pause of 150 to 300 ms before each piece; when the first one left."""
        item = await self.begin()
        began, sent_ms, left_at = time.monotonic(), 0.0, 0.0
        while sent_ms < ms:
            piece_ms = min(ms - sent_ms, chance.randint(*STALL_MS))
            sent_ms += piece_ms
            await asyncio.sleep(max(0.0, began + sent_ms / 1000 - time.monotonic()))
            left_at = left_at or time.monotonic()
            await self.delta(item, piece_ms)
        await self.end(item)
        return left_at

    async def user_speaks(self, item: str) -> float:
        """The user interrupts this item; returns when that was told."""
        at = time.monotonic()
        await self.tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id=f"user_{item}")
        await self.end(item, "cancelled")
        return at

    async def user_stops(self, item: str) -> None:
        """The user was heard to the end; no answer comes of it."""
        await self.tell("input_audio_buffer.speech_stopped", audio_end_ms=500, item_id=f"user_{item}")


def _place(item: str) -> dict[str, Any]:
    return {"response_id": f"resp_{item}", "item_id": item, "output_index": 0, "content_index": 0}


def _message(item: str, status: str) -> dict[str, Any]:
    content = [{"type": "output_audio", "transcript": ""}] if status == "completed" else []
    return {
        "id": item,
        "object": "realtime.item",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _response(item: str, status: str) -> dict[str, Any]:
    details = {"type": "cancelled", "reason": "turn_detected"} if status == "cancelled" else None
    usage = {
        "total_tokens": 1,
        "input_tokens": 0,
        "output_tokens": 1,
        "input_token_details": {"cached_tokens": 0, "text_tokens": 0, "audio_tokens": 0},
        "output_token_details": {"text_tokens": 0, "audio_tokens": 1},
    }
    return {
        "id": f"resp_{item}",
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "output": [],
        "conversation_id": "conv_1",
        "output_modalities": ["audio"],
        "usage": usage if status != "in_progress" else None,
        "metadata": None,
    }

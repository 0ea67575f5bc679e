"""A Realtime server that makes one list of moves for each ``response.create``, whatever its connection.

A move is an event, or how the socket ends: ``(code, reason)``; 1006 is no close at all, the line is gone.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport

Event = dict[str, Any]
Move = Event | tuple[int, str]
CLOSES = (1001, 1006, 1011, 1012)
"""How a socket ends after which another one is opened."""


def begins(number: int) -> Event:
    return {"type": "response.created", "response": {"id": f"r{number}", "conversation_id": "c"}}


def says(number: int, text: str, item_id: str = "") -> Event:
    return {"type": "response.output_text.delta", "delta": text, **_ids(number, item_id)}


def sounds(number: int, text: str, ms: int = 40) -> list[Event]:
    """What servers send that always speak: words as a transcript, and sound."""
    sound = base64.b64encode(bytes(48 * ms)).decode("ascii")
    return [
        {"type": "response.output_audio_transcript.delta", "delta": text, **_ids(number)},
        {"type": "response.output_audio.delta", "delta": sound, **_ids(number)},
    ]


def _ids(number: int, item_id: str = "") -> Event:
    return {
        "response_id": f"r{number}",
        "item_id": item_id or f"a{number}",
        "content_index": 0,
        "output_index": 0,
    }


def ends(number: int, status: str = "completed", **details: Any) -> Event:
    response = {"id": f"r{number}", "status": status, "status_details": details or None}
    return {"type": "response.done", "response": response}


def answer(number: int, text: str) -> list[Move]:
    return [begins(number), says(number, text), ends(number)]


def refusal(code: str, message: str) -> Event:
    """An error that names the request it refuses."""
    return {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}


@dataclass
class AnsweringServer:
    """``heard``: every client event of all connections, in order. After its answers it is silent."""

    waiting: list[list[Move]]
    url: str = ""
    connections: int = 0
    heard: list[Event] = field(default_factory=list)

    def heard_of(self, kind: str) -> list[Event]:
        return [event for event in self.heard if event["type"] == kind]

    async def converse(self, transport: Transport, opening: Opening) -> None:
        self.connections += 1
        session = {"type": "realtime", "output_modalities": ["text"]}
        try:
            await _tell(transport, {"type": "session.created", "session": session})
            while True:
                asked = json.loads(await transport.recv())
                self.heard.append(asked)
                if asked["type"] == "session.update":
                    await _tell(transport, {"type": "session.updated", "session": session})
                moves = self.waiting.pop(0) if asked["type"] == "response.create" and self.waiting else []
                if await _answer(transport, asked, moves):
                    return
        except Closed:
            pass


async def _tell(transport: Transport, event: Event) -> None:
    await transport.send(json.dumps({"event_id": "e", **event}))


async def _answer(transport: Transport, asked: Event, moves: list[Move]) -> bool:
    """Whether that was the end of the connection."""
    for move in copy.deepcopy(moves):
        if isinstance(move, tuple):
            await transport.close(*move)
            return True
        if move["type"] == "error" and isinstance(move.get("error"), dict):
            move["error"].setdefault("event_id", asked["event_id"])
        await _tell(transport, move)
    return False


@asynccontextmanager
async def answering(*answers: list[Move]) -> AsyncIterator[AnsweringServer]:
    server = AnsweringServer(list(answers))
    listener = await websocket.serve(server.converse)
    server.url = listener.url
    try:
        yield server
    finally:
        await listener.close()

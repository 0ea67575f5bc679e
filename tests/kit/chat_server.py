"""A real HTTP server on loopback that answers chat completion requests as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What to send back: the pieces in order, with a pause before each; then the connection closes."""

    pieces: Sequence[str]
    status: int = 200
    content_type: str = "text/event-stream"
    pause_s: float = 0.0
    hang: bool = False  # keep the connection open after the last piece


def text(*pieces: str) -> Answer:
    """A streamed answer in these pieces."""
    return Answer([*(_event({"content": piece}) for piece in pieces), _event({}, "stop"), "data: [DONE]\n\n"])


def call(*deltas: dict[str, Any]) -> Answer:
    """A streamed answer of ``tool_calls`` pieces."""
    return Answer(
        [*(_event({"tool_calls": [each]}) for each in deltas), _event({}, "tool_calls"), "data: [DONE]\n\n"]
    )


def failure(status: int, message: str = "") -> Answer:
    body = json.dumps({"error": {"message": message}}) if message else "<html>no JSON</html>"
    return Answer([body], status=status, content_type="application/json" if message else "text/html")


def _event(delta: dict[str, Any], finish: str | None = None) -> str:
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(chunk)}\n\n"


@dataclass
class ChatServer:
    """``async with ChatServer([text("Hi.")]) as server``: an answer a request, the last again and again.

    The list of its models is told to whoever asks, and is no such request.
    """

    answers: Sequence[Answer]
    models: Sequence[str] = ("small",)
    asked: list[Asked] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)  # the client left before the end

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _read_request(reader)
            if asked.path == "/v1/models":
                await self._answer(self._list(), reader, writer)
                return
            self.asked.append(asked)
            await self._answer(self.answers[min(len(self.asked), len(self.answers)) - 1], reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()

    def _list(self) -> Answer:
        listed = {"object": "list", "data": [{"id": model, "object": "model"} for model in self.models]}
        return Answer([json.dumps(listed)], content_type="application/json")

    async def _answer(
        self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (
            f"HTTP/1.1 {answer.status} Told\r\ncontent-type: {answer.content_type}\r\n"
            "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        for piece in answer.pieces:
            await asyncio.sleep(answer.pause_s)
            data = piece.encode()
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
        if answer.hang:
            await reader.read()  # until the client leaves
            self.hung_up.set()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(path=first.split()[1], headers=headers, body=json.loads(body or "{}"))

"""Requests that open no WebSocket, byte by byte and wrong in every way."""

from __future__ import annotations

import asyncio
import json

import pytest

from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.plain_http import OpeningReader, PlainAnswer, PlainRequest, RequestReader
from realtime_cli.wire.transport import Transport

POST = b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"


def test_a_request_may_come_in_pieces() -> None:
    reader = RequestReader()
    found = [reader.feed(POST[place : place + 1]) for place in range(len(POST))]
    assert found[:-1] == [None] * (len(POST) - 1)
    assert found[-1] == PlainRequest(
        "POST", "/v1/realtime/client_secrets", {"host": "localhost", "content-length": "2"}, b"{}"
    )


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"HELLO\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\n" + b"x: " + b"y" * 20_000, 431),
    ],
)
def test_what_is_no_request_of_ours_is_refused(data: bytes, status: int) -> None:
    answer = RequestReader().feed(data)
    assert isinstance(answer, PlainAnswer)
    assert answer.status == status


GET = b"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UNREADABLE = [
    (GET + b"Authorization: \x01\r\n\r\n", "The header Authorization has control characters"),
    (GET + b"Authorization: Bearer " + b"k" * 9_000 + b"\r\n\r\n", "longer than 8190 bytes"),
    (GET + b"Authorization: Bearer " + b"k" * 9_000, "longer than 8190 bytes"),
    (GET + b"x: y\r\n" * 128 + b"\r\n", "more than 128 headers"),
    (GET + b"no colon\r\n\r\n", "has an invalid name"),
    (GET + b"a b: c\r\n\r\n", "has an invalid name"),
    (GET + b"Content-Length: 2\r\n\r\n{}", "A GET request must not have a body."),
    (GET + b"Transfer-Encoding: chunked\r\n\r\n", "A GET request must not have a body."),
    (b"GET / HTTP/1.0\r\n\r\n", "not an HTTP/1.1 request"),
    (b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n", "end with CR and LF"),
]


async def test_an_opening_that_cannot_be_read_is_answered_in_words() -> None:
    """``websockets`` itself would only hang up."""

    async def handler(transport: Transport, opening: Opening) -> None:
        raise AssertionError("no session was opened")

    listener = await websocket.serve(handler)
    for sent, words in UNREADABLE:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(sent)
        async with asyncio.timeout(2):
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        assert head.startswith("HTTP/1.1 400 "), (sent, head)
        assert words in json.loads(body)["error"]["message"]
    await listener.close()


def test_an_opening_may_come_in_pieces_with_frames_behind_it() -> None:
    whole, reader = GET + b"Content-Length: 0\r\n\r\n" + b"\x81\x00", OpeningReader()
    found = [reader.feed(whole[place : place + 1]) for place in range(len(whole) - 2)]
    assert found[:-1] == [None] * (len(whole) - 3)
    assert found[-1] == whole[:-2]
    assert OpeningReader().feed(whole) == whole
    too_large = OpeningReader().feed(GET + (b"x: " + b"y" * 5_000 + b"\r\n") * 4)
    assert isinstance(too_large, PlainAnswer)
    assert too_large.status == 431


@pytest.mark.parametrize(
    ("request_line", "status", "allow"),
    [
        ("POST /v1/realtime", 405, "GET"),
        ("POST /v1/chat/completions", 404, None),
        ("DELETE /v1/realtime/client_secrets", 405, "POST"),
        ("GET /v1/realtime/client_secrets", 405, None),
        ("GET /v1/realtime", 426, None),
        ("G", 400, None),
        ("POST /v1/realtime/client_secrets", 404, None),  # a server that makes none
    ],
)
async def test_every_answer_is_json(request_line: str, status: int, allow: str | None) -> None:
    async def handler(transport: Transport, opening: Opening) -> None:
        raise AssertionError("no session was opened")

    listener = await websocket.serve(handler)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    for piece in (request_line[:2], f"{request_line[2:]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
        writer.write(piece.encode())
        await writer.drain()
        await asyncio.sleep(0.01)
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await listener.close()
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "content-type: application/json" in head.lower()
    assert json.loads(body)["error"]["message"]
    assert allow is None or f"Allow: {allow}" in head

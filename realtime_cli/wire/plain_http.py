"""HTTP requests that open no WebSocket: read from a connection's bytes, and answered with JSON.

``websockets`` parses nothing but the GET of an upgrade, so whatever else comes to the port is read here.
"""

from __future__ import annotations

import http
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """``headers`` have names in lower case; of repeated ones the last."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    status: int
    content: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The whole response; the connection ends behind it."""
        body = (json.dumps(self.content) + "\n").encode()
        lines = [
            f"HTTP/1.1 {self.status} {http.HTTPStatus(self.status).phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def refusal(status: int, code: str, message: str, param: str | None = None) -> PlainAnswer:
    """An error in the shape of the API's."""
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": param}
    return PlainAnswer(status, {"error": error})


Respond = Callable[[PlainRequest], PlainAnswer]


class RequestReader:
    """One request, as its bytes come. ``feed`` returns it when it is whole, or why it is refused."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> PlainRequest | PlainAnswer | None:
        """None while more is to come."""
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD_BYTES:
            return refusal(431, "request_too_large", "The head of this request is too large.")
        if not blank:
            return None
        request_line, *lines = head.decode("latin-1").split("\r\n")
        words = request_line.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return refusal(400, "bad_request", "That is no HTTP/1.1 request.")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        if "transfer-encoding" in headers:
            return refusal(411, "length_required", "Send the body with a Content-Length.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY_BYTES:
            return refusal(413, "request_too_large", "The body of this request is too large.")
        if len(body) < int(length):
            return None
        return PlainRequest(words[0], words[1], headers, body[: int(length)])

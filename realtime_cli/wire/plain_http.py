"""HTTP requests that open no WebSocket: read from a connection's bytes, and answered with JSON.

``websockets`` parses nothing but the GET of an upgrade, so whatever else comes to the port is read here.
Of a GET it would hang up on without a word, too.
"""

from __future__ import annotations

import http
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from realtime_cli.value import value

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024
# What ``websockets`` reads, and no more.
MAX_LINE_BYTES = 8190
MAX_HEADERS = 128
_HEADER_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_HEADER_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


@value
class PlainRequest:
    """``headers`` have names in lower case; of repeated ones the last."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@value
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
            return refusal(400, "bad_request", "That is not an HTTP/1.1 request.")
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


class OpeningReader:
    """The head of a GET, kept until it is whole, so that one that cannot be read is refused in words."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> bytes | PlainAnswer | None:
        """All bytes so far once the head is whole and right, or why it is refused; None before."""
        self._data += data
        head, blank, _ = self._data.partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD_BYTES:
            return refusal(431, "request_too_large", "The head of this request is too large.")
        fault = _fault_of_opening(head.split(b"\r\n"), is_whole=bool(blank))
        if fault:
            return refusal(400, "bad_request", fault)
        return self._data if blank else None


def _fault_of_opening(lines: list[bytes], is_whole: bool) -> str | None:
    """Why ``websockets`` would hang up, in words. Of a head that is not whole only what more cannot mend."""
    if any(len(line) > MAX_LINE_BYTES for line in lines):
        return f"A header of this request is longer than {MAX_LINE_BYTES} bytes."
    if any(b"\n" in line for line in lines):
        return "The lines of a request end with CR and LF."
    if not is_whole:
        return None
    words = lines[0].split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1":
        return "That is not an HTTP/1.1 request."
    if len(lines) - 1 > MAX_HEADERS:
        return f"This request has more than {MAX_HEADERS} headers."
    lengths = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not _HEADER_NAME.fullmatch(name):
            return "A header of this request has an invalid name."
        shown = name.decode()
        if not _HEADER_VALUE.fullmatch(value.strip(b" \t")):
            return f"The header {shown} has control characters in its value."
        if shown.lower() == "content-length":
            lengths.append(value.strip())
        if shown.lower() == "transfer-encoding" or (lengths and lengths != [b"0"]):
            return "A GET request must not have a body."
    return None

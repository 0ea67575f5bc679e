"""Logs of Realtime events as other tools write them.

One JSON event a line, bare or in a wrapper; or all in one JSON text, an array or a browser's HAR file.

A line that is not an event (a banner, another library's output) is skipped and counted. A log without times
gives no durations.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from realtime_cli.client.effects import Send
from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Noted, Received
from realtime_cli.conversation.turns import NO_TIMES
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import codec
from realtime_cli.recording.format import Header, dumps
from realtime_cli.untrusted_json import parse_json

_INNER = ("event", "data", "message", "payload", "body", "event_data", "json")
_TIMES = ("at", "t", "time", "timestamp", "ts", "created_at", "offset", "elapsed")
_DIRECTIONS = ("direction", "dir", "source", "from", "role", "kind", "type", "sender")
_OUTWARD = {
    "sent",
    "send",
    "out",
    "outgoing",
    "outbound",
    "client",
    "client_event",
    "request",
    "->",
    ">",
    "tx",
    "c>s",
    "up",
}
_CLIENT_TYPES = frozenset(
    (
        *("session.update", "transcription_session.update", "response.create", "response.cancel"),
        *(f"input_audio_buffer.{verb}" for verb in ("append", "commit", "clear")),
        *(f"conversation.item.{verb}" for verb in ("create", "retrieve", "truncate", "delete")),
        "output_audio_buffer.clear",
    )
)
MAX_LEADING_LINES = 100  # before the first event
_ONE_TEXT = re.compile(r'\s*(\[|\{\s*("log"|$))')  # how an array or a HAR file begins
STEP_S = 0.02  # between events of a log that has no times
_MS_TIMES = ("t_ms", "ms", "at_ms", "time_ms", "timestamp_ms", "offset_ms", "elapsed_ms")
MAX_EPOCH_S = 1e11  # a time stamp beyond this (the year 5138) is in milliseconds, microseconds or nanoseconds


class EventLog:
    """Reads such a log. Its times, if it has any, become seconds since its first event."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: float | None = None
        self._last = 0.0

    def header(self, lines: Iterable[str]) -> Header:
        """A header for a log that has none; raises ConfigError when there is no event at its beginning."""
        refused = None
        for number, line in enumerate(islice(_event_lines(lines), MAX_LEADING_LINES), 1):
            try:
                self._unwrap(line, number)
                return Header(tool="another tool", foreign=True)
            except ConfigError as error:
                refused = refused or error
        raise refused or self._unreadable(1, "nothing in it")

    def entries(self, lines: Iterable[str]) -> Iterator[Entry]:
        passed_over, begun = 0, False
        for number, line in enumerate(_event_lines(lines), 1):
            try:
                outer, event = self._unwrap(line, number)
            except ConfigError:
                torn = not line.endswith("\n")
                passed_over += bool(line.strip()) and not torn
                continue
            if not begun and _time(outer) is None:
                yield self._notice(
                    NO_TIMES, "The log does not say when things happened: no times can be told."
                )
            begun = True
            yield self._entry(self._at(outer, event), outer, event, number)
        if passed_over:
            lines_were = "1 line that is" if passed_over == 1 else f"{passed_over} lines that are"
            yield self._notice("recording", f"{lines_were} no Realtime event passed over.")

    def _notice(self, topic: str, text: str) -> Entry:
        return Entry(self._last, "local", Noted(self._last, "warning", topic, text))

    def _unwrap(self, line: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            outer = parse_json(line.lstrip("<> "))  # wscat puts the direction in front
        except ValueError as error:
            raise self._unreadable(number, f"not JSON ({error})") from None
        if not isinstance(outer, dict):
            raise self._unreadable(number, f"a {type(outer).__name__} is not a Realtime event")
        event = _inner(outer)
        if event is None:
            raise self._unreadable(number, "it contains no Realtime event (an object with a 'type')")
        return outer, event

    def _entry(self, at: float, outer: dict[str, Any], event: dict[str, Any], number: int) -> Entry:
        raw = dumps(event)
        try:
            if _is_outward(outer, event):
                return Entry(at, "sent", Send(codec.decode_client_event(raw)))
            return Entry(at, "received", Received(at, codec.decode_server_event(raw), raw))
        except codec.UndecodableEvent as error:
            raise self._unreadable(number, str(error.reason)) from None

    def _at(self, outer: dict[str, Any], event: dict[str, Any]) -> float:
        stamp = _time(outer)
        if stamp is None:
            return self._paced(event)
        if self._first is None:
            self._first = stamp
        self._last = max(self._last, stamp - self._first)
        return self._last

    def _paced(self, event: dict[str, Any]) -> float:
        """No times: microphone frames last as long as they sound, all else a moment."""
        size = 0
        if event.get("type") == "input_audio_buffer.append":
            size = _decoded_size(event.get("audio"))
        self._last += max(STEP_S, size / 48_000)
        return self._last

    def _unreadable(self, number: int, reason: str) -> ConfigError:
        return ConfigError(
            f"{self._path}, line {number}: {reason}.",
            "Give a recording, or a log: one JSON event per line, a JSON array, or a browser's HAR file.",
        )


def _event_lines(lines: Iterable[str]) -> Iterator[str]:
    """One event a line, also when the whole log is one JSON text."""
    lines = iter(lines)
    first = next(lines, "")
    if not _ONE_TEXT.match(first):
        yield from chain([first], lines)
        return
    whole = [first, *lines]
    events = _all_events("".join(whole))
    yield from (dumps(event) + "\n" for event in events) if events else whole


def _all_events(text: str) -> list[Any]:
    """The entries of a JSON array, or the WebSocket messages of a HAR file."""
    try:
        whole = parse_json(text)
    except ValueError:
        return []
    if isinstance(whole, list):
        return whole if any(isinstance(entry, dict) for entry in whole) else []
    log = whole.get("log") if isinstance(whole, dict) else None
    requests = log.get("entries") if isinstance(log, dict) else None
    found: list[Any] = []
    for request in requests if isinstance(requests, list) else ():
        messages = request.get("_webSocketMessages") if isinstance(request, dict) else None
        found += messages if isinstance(messages, list) else ()
    return found


def _inner(outer: dict[str, Any], depth: int = 0) -> dict[str, Any] | None:
    """The event in a wrapper (also when it stands there as a string), or the line itself if it is one."""
    for name in _INNER:
        value = outer.get(name)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                value = parse_json(value)
            except ValueError:
                continue
        if isinstance(value, dict) and depth < 3:
            found = _inner(value, depth + 1)
            if found is not None:
                return found
    return outer if _is_event_type(outer.get("type")) else None


def _is_event_type(value: Any) -> bool:
    return isinstance(value, str) and ("." in value or value in ("error", "ping"))


def _is_outward(outer: dict[str, Any], event: dict[str, Any]) -> bool:
    """By what the wrapper says, else by the type: no type is both a client's and a server's."""
    if event.get("type") in _CLIENT_TYPES:
        return True
    if outer is not event:
        words = (outer.get(name) for name in _DIRECTIONS)
        return any(isinstance(word, str) and word.lower() in _OUTWARD for word in words)
    return False


def _time(outer: dict[str, Any]) -> float | None:
    for name in _TIMES:
        value = outer.get(name)
        if isinstance(value, str):
            value = _iso(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _in_seconds(float(value))
    for name in _MS_TIMES:
        value = outer.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value / 1000
    return None


def _in_seconds(stamp: float) -> float:
    while stamp > MAX_EPOCH_S:
        stamp /= 1000
    return stamp


def _iso(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _decoded_size(encoded: Any) -> int:
    try:
        return len(base64.b64decode(encoded)) if isinstance(encoded, str) else 0
    except binascii.Error:
        return 0

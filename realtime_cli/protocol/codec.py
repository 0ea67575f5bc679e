"""Converts text frames to events and back; the only place that knows JSON and the protocol's old names.

Reading is lenient: a field of the wrong type is left out rather than the event lost, what is not in
the reference comes as ``UnknownServerEvent`` / ``UnknownClientEvent`` with all its fields. Only what
is no JSON object with a ``type`` cannot be read at all.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from realtime_cli.errors import ConfigError
from realtime_cli.protocol import legacy
from realtime_cli.protocol.client_events import (
    CLIENT_EVENTS,
    ClientEvent,
    SessionUpdate,
    SoundAppend,
    UnknownClientEvent,
)
from realtime_cli.protocol.objects import AssistantMessage, McpCall, Response, SystemMessage, UserMessage
from realtime_cli.protocol.rules import Wire, has
from realtime_cli.protocol.server_events import SERVER_EVENTS, ServerEvent, UnknownServerEvent
from realtime_cli.protocol.session import RealtimeSession, build_shared
from realtime_cli.untrusted_json import NotJson, parse_json

APPENDS = (  # sound, in Realtime, in Live and in translations
    "input_audio_buffer.append",
    "session.input_audio.append",
    "session.input_audio_buffer.append",
)
DELTAS = ("response.output_audio.delta", "session.output_audio.delta")  # the server's
EXCERPT_CHARS = 80
REPAIRS = 32  # wrong fields that are left out before an event counts as unknown

Json = dict[str, Any]
Event = TypeVar("Event", bound=Wire)

# Events that cannot hold old names inside: the many small ones, which thus skip the search for them.
_PLAIN = frozenset(
    name
    for name, event in SERVER_EVENTS.items()
    if not event.model_fields.keys() & {"session", "response", "item"}
)
_BARE_APPEND = {"type", "audio"}
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_TWICE_SENT = frozenset(new for old, new in legacy.EVENTS.items() if old.startswith("response."))


class UndecodableEvent(Exception):
    """A frame that is not an event; ``excerpt`` is its beginning."""

    def __init__(self, reason: str, excerpt: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.excerpt = excerpt


# -- reading ----------------------------------------------------------------------------------


def decode_server_event(text: str | bytes) -> ServerEvent:
    """Read one frame from a server.

    Raises :class:`UndecodableEvent` for what is no JSON object with a ``type``.
    """
    return server_event(parse(text))


def decode_client_event(text: str | bytes) -> ClientEvent:
    """Read one frame from a client, leniently; the local server checks strictly by ``protocol.strict``.

    Raises :class:`UndecodableEvent` for what is no JSON object with a ``type``.
    """
    fields = parse(text)
    kind = CLIENT_EVENTS.get(fields["type"], UnknownClientEvent)
    return cast(ClientEvent, read_leniently(kind, fields, UnknownClientEvent))


def server_event(fields: Json) -> ServerEvent:
    """A server event from its JSON object."""
    kind = fields["type"]
    if kind == "error":
        fields = with_error_object(fields)
    elif kind not in _PLAIN:
        fields = legacy.to_current(fields)
        kind = fields["type"]
    return cast(
        ServerEvent, read_leniently(SERVER_EVENTS.get(kind, UnknownServerEvent), fields, UnknownServerEvent)
    )


def with_error_object(fields: Json) -> Json:
    """An ``error`` event with an object under ``error``, where a server sent a text or flat fields."""
    error = fields.get("error")
    if isinstance(error, dict):
        return fields
    flat = {key: fields[key] for key in ("code", "message", "param") if fields.get(key) is not None}
    if isinstance(error, str):
        flat.setdefault("message", error)
    return {**fields, "error": flat}


def parse(text: str | bytes) -> Json:
    """The JSON object of a frame. Raises :class:`UndecodableEvent`."""
    try:
        fields = parse_json(text)
    except NotJson as error:
        raise UndecodableEvent(f"not JSON ({error})", _excerpt(text)) from None
    if not isinstance(fields, dict):
        raise UndecodableEvent("JSON, but not an object", _excerpt(text))
    if not isinstance(fields.get("type"), str):
        raise UndecodableEvent("an object without a type", _excerpt(text))
    return fields


def _excerpt(text: str | bytes) -> str:
    start = text[:EXCERPT_CHARS]
    return start.decode("utf-8", "replace") if isinstance(start, bytes) else start


def read_leniently(kind: type[Event], fields: Json, other: type[Wire]) -> Wire:
    """Validate; leave out, one after another, the fields that the reference types differently."""
    if not kind.__pydantic_complete__:
        _build_what_is_shared()
    for _ in range(REPAIRS):
        try:
            return kind.model_validate(fields)
        except ValidationError as error:
            repaired = _without(fields, error.errors(include_url=False, include_context=False)[0]["loc"])
            if repaired is None:
                break
            fields = repaired
    return other.model_validate(fields)


@cache
def _build_what_is_shared() -> None:
    """Models that many events hold: built once, not anew inside of each of them."""
    build_shared()
    for shared in (SystemMessage, UserMessage, AssistantMessage, McpCall, Response, RealtimeSession):
        shared.model_rebuild()


def _without(fields: Json, location: tuple[int | str, ...]) -> Json | None:
    """A copy less the value at ``location``, in which tags of unions are skipped; None if it is not there."""
    copied: Json = dict(fields)
    parent: Any = None
    key: int | str = ""
    node: Any = copied
    for step in location:
        if not has(node, step):
            continue
        parent, key = node, step
        inner = node[step]
        node = dict(inner) if isinstance(inner, dict) else list(inner) if isinstance(inner, list) else inner
        parent[key] = node
    if parent is None or (parent is copied and key == "type"):
        return None
    del parent[key]
    return copied


class ServerDecoder:
    """Reads one socket. Where a server sends both the old and the new form of a delta, one is dropped."""

    def __init__(self) -> None:
        self._first_form: dict[str, str] = {}

    def decode(self, text: str | bytes) -> ServerEvent | None:
        """The event, or None for the second form of one that was read already.

        Raises :class:`UndecodableEvent` like :func:`decode_server_event`.
        """
        fields = parse(text)
        kind = fields["type"]
        today = legacy.EVENTS.get(kind, kind)
        if today in _TWICE_SENT and self._first_form.setdefault(today, kind) != kind:
            return None
        return server_event(fields)


# -- writing ----------------------------------------------------------------------------------


def encode(event: Wire) -> str:
    """One frame: the type, and what was set; an explicit None is written as null.

    Half a surrogate pair (servers cut transcripts anywhere, terminals pass on any byte) becomes U+FFFD.
    """
    if (
        isinstance(event, SoundAppend)
        and event.model_fields_set == _BARE_APPEND
        and _BASE64.fullmatch(event.audio)
    ):  # fifty of these a second, and nothing in them needs escaping
        return f'{{"type":"{event.type}","audio":"{event.audio}"}}'
    try:
        return event.model_dump_json(exclude_unset=True)
    except PydanticSerializationError:
        text = json.dumps(event.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def session_update(patch: Json) -> SessionUpdate:
    """``session.update`` with exactly the keys of ``patch``; ``type`` is added if it is missing.

    Raises :class:`ConfigError` if a value has not the type that the API wants.
    """
    try:
        return SessionUpdate.model_validate({"session": {"type": "realtime", **patch}})
    except ValidationError as error:
        raise bad_value(error, "session settings") from None


def client_event(fields: Json) -> ClientEvent:
    """A client event from its JSON object, verbatim: unknown types and keys are kept.

    Raises :class:`ConfigError` if there is no ``type``, or a value has not the type that the API wants.
    """
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise ConfigError("An event needs a type.", 'For example: {"type": "response.create"}.')
    try:
        return cast(ClientEvent, CLIENT_EVENTS.get(kind, UnknownClientEvent).model_validate(fields))
    except ValidationError as error:
        raise bad_value(error, kind) from None


def bad_value(error: ValidationError, what: str) -> ConfigError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"] if not str(step).startswith("<"))
    return ConfigError(f"{what}: {where}: {first['msg'].lower()}.", "The API reference lists what it takes.")

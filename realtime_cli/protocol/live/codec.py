"""Converts text frames to events of Live and back, as leniently as Realtime's codec."""

from __future__ import annotations

from typing import cast

from pydantic import ValidationError

from realtime_cli.errors import ConfigError
from realtime_cli.protocol.codec import Json, bad_value, parse, read_leniently, with_error_object
from realtime_cli.protocol.codec import UndecodableEvent as UndecodableEvent
from realtime_cli.protocol.codec import encode as encode
from realtime_cli.protocol.live.client_events import (
    LIVE_CLIENT_EVENTS,
    LiveClientEvent,
    LiveSessionStart,
    LiveSessionUpdate,
    UnknownLiveClientEvent,
)
from realtime_cli.protocol.live.server_events import (
    LIVE_SERVER_EVENTS,
    LiveServerEvent,
    UnknownLiveServerEvent,
)


def decode_live_server_event(text: str | bytes) -> LiveServerEvent:
    """Read one frame from a server.

    Raises :class:`UndecodableEvent` for what is no JSON object with a ``type``.
    """
    return live_server_event(parse(text))


def live_server_event(fields: Json) -> LiveServerEvent:
    """A server event from its JSON object."""
    kind = fields["type"]
    if kind == "error":
        fields = with_error_object(fields)
    known = LIVE_SERVER_EVENTS.get(kind, UnknownLiveServerEvent)
    return cast(LiveServerEvent, read_leniently(known, fields, UnknownLiveServerEvent))


def decode_live_client_event(text: str | bytes) -> LiveClientEvent:
    """Read one frame from a client, leniently; a server that is strict asks ``protocol.strict`` as well.

    Raises :class:`UndecodableEvent` for what is no JSON object with a ``type``.
    """
    fields = parse(text)
    known = LIVE_CLIENT_EVENTS.get(fields["type"], UnknownLiveClientEvent)
    return cast(LiveClientEvent, read_leniently(known, fields, UnknownLiveClientEvent))


class LiveServerDecoder:
    """Reads one socket; Live sends nothing twice, so there is nothing to remember."""

    def decode(self, text: str | bytes) -> LiveServerEvent | None:
        """The event. Raises :class:`UndecodableEvent` like :func:`decode_live_server_event`."""
        return decode_live_server_event(text)


def session_start(session: Json) -> LiveSessionStart:
    """``session.start`` with exactly these keys.

    Raises :class:`ConfigError` if a value has not the type that the API wants.
    """
    try:
        return LiveSessionStart.model_validate({"session": session})
    except ValidationError as error:
        raise bad_value(error, "session settings") from None


def live_session_update(patch: Json) -> LiveSessionUpdate:
    """``session.update`` with exactly the keys of ``patch``.

    Raises :class:`ConfigError` if a value has not the type that the API wants.
    """
    try:
        return LiveSessionUpdate.model_validate({"session": patch})
    except ValidationError as error:
        raise bad_value(error, "session settings") from None


def live_client_event(fields: Json) -> LiveClientEvent:
    """A client event from its JSON object, verbatim: unknown types and keys are kept.

    Raises :class:`ConfigError` if there is no ``type``, or a value has not the type that the API wants.
    """
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise ConfigError("An event needs a type.", 'For example: {"type": "response.create"}.')
    try:
        return cast(
            LiveClientEvent, LIVE_CLIENT_EVENTS.get(kind, UnknownLiveClientEvent).model_validate(fields)
        )
    except ValidationError as error:
        raise bad_value(error, kind) from None

"""Translation sessions: Realtime's neighbour at ``/v1/realtime/translations``, with events of its own.

``session.created``, ``session.updated`` and ``error`` are Realtime's; what else a server sends there, and
all that a client sends, stands here, the settings in ``translation_session``. Source: the contract's
``translation_socket``, the types of the ``openai`` package (3.57).
"""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field, ValidationError

from realtime_cli.errors import ConfigError
from realtime_cli.protocol.client_events import ClientEventBase, SoundAppend, UnknownClientEvent
from realtime_cli.protocol.codec import Json, bad_value, parse, read_leniently, server_event
from realtime_cli.protocol.server_events import ServerEvent, ServerEventBase, UnknownServerEvent
from realtime_cli.protocol.translation_session import TranslationUpdate as TranslationUpdate

FRAME_MS = 200
"""Sound is translated in frames of this; ``elapsed_ms`` counts in them."""

# -- events ---------------------------------------------------------------------------------------


class TranslationAppend(ClientEventBase, SoundAppend):
    """Base64 PCM16, 24 kHz, mono; silence too, since the service's time runs on it. Never answered."""

    type: Literal["session.input_audio_buffer.append"] = "session.input_audio_buffer.append"
    audio: str = Field(repr=False)


class TranslationClose(ClientEventBase):
    """The server translates what it still has, and answers with ``session.closed``."""

    type: Literal["session.close"] = "session.close"


class TranslationClosed(ServerEventBase):
    type: Literal["session.closed"] = "session.closed"


class TranslationElapsed(ServerEventBase):
    """``elapsed_ms``: where in the sound that was sent; several events may have the same."""

    delta: str | None = None
    elapsed_ms: int | None = None


class SourceTextDelta(TranslationElapsed):
    """More of what is said, with its own spaces."""

    type: Literal["session.input_transcript.delta"] = "session.input_transcript.delta"


class TranslatedTextDelta(TranslationElapsed):
    """More of the translation, with its own spaces."""

    type: Literal["session.output_transcript.delta"] = "session.output_transcript.delta"


class TranslatedAudioDelta(TranslationElapsed):
    """Base64 PCM16 of any length, 24 kHz where nothing else is said."""

    type: Literal["session.output_audio.delta"] = "session.output_audio.delta"
    delta: str | None = Field(default=None, repr=False)
    channels: int | None = None
    format: str | None = None
    sample_rate: int | None = None


TranslationClientEvent = TranslationUpdate | TranslationAppend | TranslationClose | UnknownClientEvent
TranslationServerEvent = (
    ServerEvent | TranslationClosed | SourceTextDelta | TranslatedTextDelta | TranslatedAudioDelta
)


def _by_type(*kinds: type[Any]) -> dict[str, type[Any]]:
    return {kind.model_fields["type"].default: kind for kind in kinds}


CLIENT_EVENTS = _by_type(TranslationUpdate, TranslationAppend, TranslationClose)
SERVER_EVENTS = _by_type(TranslationClosed, SourceTextDelta, TranslatedTextDelta, TranslatedAudioDelta)

# -- text frames ----------------------------------------------------------------------------------


def translation_server_event(fields: Json) -> TranslationServerEvent:
    """A server event from its JSON object."""
    known = SERVER_EVENTS.get(fields["type"])
    if known is None:
        return server_event(fields)
    return cast(TranslationServerEvent, read_leniently(known, fields, UnknownServerEvent))


def decode_translation_server_event(text: str | bytes) -> TranslationServerEvent:
    """Read one frame from a server. Raises ``codec.UndecodableEvent``."""
    return translation_server_event(parse(text))


def decode_translation_client_event(text: str | bytes) -> TranslationClientEvent:
    """Read one frame from a client, leniently. Raises ``codec.UndecodableEvent``."""
    fields = parse(text)
    known = CLIENT_EVENTS.get(fields["type"], UnknownClientEvent)
    return cast(TranslationClientEvent, read_leniently(known, fields, UnknownClientEvent))


class TranslationDecoder:
    """Reads one socket."""

    def decode(self, text: str | bytes) -> TranslationServerEvent | None:
        """The event. Raises ``codec.UndecodableEvent``."""
        return decode_translation_server_event(text)


def translation_client_event(fields: Json) -> TranslationClientEvent:
    """A client event from its JSON object, verbatim: unknown types and keys are kept.

    Raises ConfigError if there is no ``type``, or a value has not the type that the API wants.
    """
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise ConfigError("An event needs a type.", 'For example: {"type": "session.close"}.')
    try:
        return cast(
            TranslationClientEvent, CLIENT_EVENTS.get(kind, UnknownClientEvent).model_validate(fields)
        )
    except ValidationError as error:
        raise bad_value(error, kind) from None

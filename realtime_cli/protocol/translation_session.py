"""The settings of a translation session: what its ``session.update`` may change."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ValidationError

from realtime_cli.protocol.client_events import ClientEventBase
from realtime_cli.protocol.codec import Json, bad_value
from realtime_cli.protocol.rules import Rule, Wire

Nullable = Rule(nullable=True)


class TranslationNoiseReduction(Wire):
    type: Annotated[str | None, Rule(choices=("near_field", "far_field"), required=True)] = None
    """near_field for a headset, far_field for a laptop or a room."""
    strength: Annotated[float | None, Rule(ge=0)] = None
    """How strongly; 1 at first, and unchanged where it is left out."""


class TranslationTranscription(Wire):
    model: Annotated[str | None, Rule(required=True, min_length=1)] = None
    """The model that writes down what is said."""


class TranslationInput(Wire):
    noise_reduction: Annotated[TranslationNoiseReduction | None, Nullable] = None
    """Cleaning on the server."""
    transcription: Annotated[TranslationTranscription | None, Nullable] = None
    """Text of what is said, beside the translation."""


class TranslationOutput(Wire):
    language: Annotated[str | None, Rule(min_length=1, max_length=64)] = None
    """The language to translate into, such as es."""


class TranslationAudio(Wire):
    input: TranslationInput | None = None
    """What is said."""
    output: TranslationOutput | None = None
    """Its translation."""


class TranslationSettings(Wire):
    """What ``session.update`` may change: no type, no model."""

    audio: TranslationAudio | None = None
    """Languages, and the transcript of what is said."""


class TranslationUpdate(ClientEventBase):
    type: Literal["session.update"] = "session.update"
    session: TranslationSettings


def translation_update(patch: Json) -> TranslationUpdate:
    """``session.update`` with exactly the keys of ``patch``, less its type.

    Raises ConfigError if a value has not the type that the API wants.
    """
    wanted = {key: value for key, value in patch.items() if key != "type"}
    try:
        return TranslationUpdate.model_validate({"session": wanted})
    except ValidationError as error:
        raise bad_value(error, "session settings") from None

"""How the local server was asked to think and to speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineConfig:
    """What the local server thinks and speaks with."""

    speech: str = "auto"  # auto, hibari, espeak or canned
    chat_url: str | None = None  # an OpenAI-compatible endpoint, up to and with /v1; none: the small dialogue
    chat_model: str | None = None
    chat_key_env: str | None = None  # the name of the environment variable with the endpoint's key
    chat_timeout_s: float = 60.0  # until the first word, and between two
    chat_sees: bool = False  # the endpoint takes pictures

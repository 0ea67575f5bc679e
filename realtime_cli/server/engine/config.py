"""The options of the local engine."""

from __future__ import annotations

from realtime_cli.value import value


@value
class EngineConfig:
    """Which voice speaks, and what answers."""

    speech: str = "auto"  # auto, hibari, espeak or canned
    chat_url: str | None = None  # an OpenAI-compatible endpoint, up to and with /v1; none: the small dialogue
    chat_model: str | None = None
    chat_key_env: str | None = None  # the name of the environment variable with the endpoint's key
    chat_timeout_s: float = 60.0  # to the first word, and between two
    chat_sees: bool = False  # the endpoint takes pictures

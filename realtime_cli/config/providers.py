"""The providers: their addresses, their keys, and how their session object differs."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from realtime_cli.config.connection import AuthStyle, ProviderName
from realtime_cli.protocol.session import PCM_RATES_HZ
from realtime_cli.value import value

DEFAULT_MODEL = "gpt-realtime-2.1"
DEFAULT_LIVE_MODEL = "gpt-live-1"
DEFAULT_TRANSLATOR = "gpt-realtime-translate"
CHEAPER_MODEL = "gpt-realtime-1.5"  # does not reason


@value
class Provider:
    """``base_url`` None: the connection must say where. ``key_env`` None: no key unless one is named."""

    base_url: str | None
    model: str | None
    key_env: str | None
    auth: AuthStyle


PROVIDERS: dict[ProviderName, Provider] = {
    "openai": Provider("wss://api.openai.com/v1/realtime", DEFAULT_MODEL, "OPENAI_API_KEY", "bearer"),
    "azure": Provider(None, None, "AZURE_OPENAI_API_KEY", "api-key"),
    "xai": Provider("wss://api.x.ai/v1/realtime", "grok-voice-latest", "XAI_API_KEY", "bearer"),
    "local": Provider(None, "local", None, "bearer"),
    "custom": Provider(None, DEFAULT_MODEL, None, "bearer"),
}


def is_providers_own(url: str, provider: ProviderName) -> bool:
    """Whether an address is the provider's, and encrypted: where its key may go without a question."""
    base = PROVIDERS[provider].base_url
    home = urlsplit(base).hostname if base else {"azure": "openai.azure.com"}.get(provider)
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(home) and parts.scheme in ("wss", "https") and (host == home or host.endswith(f".{home}"))


def family(model: str) -> str:
    """A model's name without its date: ``gpt-realtime-2.1-2026-07-07`` is a gpt-realtime-2.1."""
    return re.sub(r"-\d{4}-\d{2}-\d{2}$", "", model)


# What xAI's session has beyond OpenAI's (Grok Voice API reference, autumn 2026).
_XAI_TOOLS = ("web_search", "x_search", "file_search")
_XAI_KEYS = (("resumption",), ("audio", "output", "pronunciation"))


def is_xais(path: tuple[str | int, ...], value: Any) -> bool:
    """Whether a value that OpenAI's session has not, at a path within the session, is xAI's."""
    match path:
        case ("tools", int(), "type"):
            return value in _XAI_TOOLS
        case ("reasoning", "effort"):
            return bool(value == "none")
        case ("audio", "input" | "output", "format", "rate"):
            return value in PCM_RATES_HZ
    return path in _XAI_KEYS


def for_provider(patch: dict[str, Any], provider: ProviderName) -> dict[str, Any]:
    """A session object in the provider's own shape (only xAI differs); the argument is not changed.

    xAI has voice and turn detection at the top, and its own names for the recogniser's hints
    (Grok Voice API reference, autumn 2026).
    """
    if provider != "xai":
        return patch
    shaped = copy.deepcopy(patch)
    audio = shaped.get("audio") or {}
    output, heard = audio.get("output") or {}, audio.get("input") or {}
    if "voice" in output:
        shaped["voice"] = output.pop("voice")
    if "turn_detection" in heard:
        shaped["turn_detection"] = heard.pop("turn_detection")
    if heard.get("transcription"):
        names = {"language": "language_hint", "keywords": "keyterms"}
        heard["transcription"] = {names.get(k, k): v for k, v in heard["transcription"].items()}
    _drop_empty(shaped)
    return shaped


def _drop_empty(shaped: dict[str, Any]) -> None:
    audio = shaped.get("audio")
    if isinstance(audio, dict):
        shaped["audio"] = {key: value for key, value in audio.items() if value != {}}
        if not shaped["audio"]:
            del shaped["audio"]


def likely_provider(environ: Mapping[str, str]) -> ProviderName:
    """The first provider whose key is set; ``local`` when none is."""
    with_key = (name for name, known in PROVIDERS.items() if known.key_env and environ.get(known.key_env))
    return next(with_key, "local")

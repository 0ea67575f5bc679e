"""``[session]`` of a translation: read strictly, where that is its type."""

from __future__ import annotations

from typing import Literal

from realtime_cli.config.session import JsonObject
from realtime_cli.protocol.translation_session import TranslationSettings


class AgentTranslationSession(TranslationSettings):
    """``[session]`` of an agent that translates; it has no instructions, no tools, no turns."""

    type: Literal["translation"] = "translation"
    """Says that it is one; not sent, since the address tells."""
    extra: JsonObject | None = None
    """As for Realtime."""

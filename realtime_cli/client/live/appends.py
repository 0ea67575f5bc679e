"""Text for the model, cut into pieces that the service accepts."""

from __future__ import annotations

import re
from typing import Literal

from realtime_cli.protocol.live import client_events as c
from realtime_cli.protocol.live.limits import MAX_APPEND_TOKENS

AppendKind = Literal["commentary", "thinking", "instructions"]
# Tokens cannot be counted here. English and most European languages have more than three characters a token.
MAX_CHARS = MAX_APPEND_TOKENS * 3
ContextAppend = c.LiveCommentaryAppend | c.LiveThinkingAppend | c.LiveInstructionsAppend
_KINDS: dict[AppendKind, type[ContextAppend]] = {
    "commentary": c.LiveCommentaryAppend,
    "thinking": c.LiveThinkingAppend,
    "instructions": c.LiveInstructionsAppend,
}


def appends(kind: AppendKind, text: str, delegation_id: str | None = None) -> list[ContextAppend]:
    """The events that say ``text``; nothing for a blank one."""
    kind_of = _KINDS[kind]  # the id is sent as null, too: some servers want it to be there
    return [
        kind_of.model_validate({"content": piece, "delegation_id": delegation_id})
        for piece in pieces_of(text.strip())
    ]


def pieces_of(text: str, most: int = MAX_CHARS) -> list[str]:
    """Cut after a sentence if possible, otherwise between words, otherwise anywhere."""
    pieces = []
    while len(text) > most:
        head = text[:most]
        ends = [found.end() for found in re.finditer(r"[.!?]\s|\n", head)] or [head.rfind(" ")]
        cut = ends[-1] if ends[-1] > most // 4 else most
        pieces.append(text[:cut].strip())
        text = text[cut:].strip()
    return [*pieces, text] if text else pieces

"""Notes that the user asked to keep: a fold over what was said in this conversation, kept nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KEEP = re.compile(
    r"^(?:please |okay |ok |and |can you |could you |would you )*"
    r"(?:(?:take|make|add|write|keep|save)(?: down)?(?: me)? an? (?:new )?note"
    r"(?: down)?(?: that| to| of| saying|[:,.])*\s+"
    r"|note(?: down)?(?: that|[:,])*\s+|remember(?: that|[:,])*\s+|write down(?: that|[:,])*\s+"
    r"|remind me(?: that| to|[:,])*\s+)(?P<note>.+)$",
    re.IGNORECASE,
)
_ADD = re.compile(
    r"^(?:please )?(?:add|put) (?P<note>.+?) (?:to|on|in) my (?:notes?|list)\W*$", re.IGNORECASE
)
_READ = re.compile(
    r"\b(?:read|tell|show|give|list|what (?:is|are|did|do)|which|do i have|any|have i)\b.*"
    r"\b(?:notes?|ask(?:ed)? you to remember|tell you to remember|told you to remember|on my list)\b"
)
_CLEAR = re.compile(r"\b(?:delete|clear|forget|remove|erase)\b.*\b(?:notes?|my list)\b")


def note_in(said: str) -> str | None:
    """What to keep, if this utterance (as it was said) asks for it."""
    found = _KEEP.match(said.strip()) or _ADD.match(said.strip())
    return found["note"].strip(" .!,\"'") if found and found["note"].strip(" .!?") else None


def asks_to_read(normalised: str) -> bool:
    return bool(_READ.search(normalised))


def asks_to_clear(normalised: str) -> bool:
    return bool(_CLEAR.search(normalised))


def notes_of(utterances: Sequence[tuple[str, str]]) -> list[str]:
    """The notes in force after these utterances, each as (said, normalised), oldest first."""
    kept: list[str] = []
    for said, normalised in utterances:
        if asks_to_clear(normalised):
            kept = []
        elif not asks_to_read(normalised) and (note := note_in(said)):
            kept.append(note)
    return kept


def tell_notes(kept: Sequence[str]) -> str:
    if not kept:
        return "You have no notes yet. Say: take a note, and then what it is."
    if len(kept) == 1:
        return f"You have one note: {kept[0]}."
    return f"You have {len(kept)} notes. " + " ".join(f"{at}: {note}." for at, note in enumerate(kept, 1))

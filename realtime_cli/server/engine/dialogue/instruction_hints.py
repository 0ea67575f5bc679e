"""The few instructions that rules can follow: a greeting, an exact answer, the agent's name."""

from __future__ import annotations

import re

_QUOTE = r"[\"“«'‘](?P<text>[^\"”»]+?)[\"”»'’](?=[\s.,;:!?)]|$)"
_OTHER_QUOTE = _QUOTE.replace("text", "other")
_EXACTLY = re.compile(
    r"\b(?:say|answer|reply|respond|speak|repeat)\b[^.\"“«]{0,40}?"
    r"\b(?:exactly|only|verbatim|always|just|precisely|word for word)\b"
    rf"[^.\"“«']{{0,30}}{_QUOTE}"
    rf"|\b(?:always|only|just) (?:say|answer|reply|respond)\b[^.\"“«']{{0,30}}{_OTHER_QUOTE}",
    re.IGNORECASE,
)
_EXACTLY_UNQUOTED = re.compile(
    r"\b(?:say|reply|answer) exactly(?: this)?\s*:?\s*(?P<text>[^\n]+)", re.IGNORECASE
)
_GREETING = re.compile(rf"\b(?:greet|welcome|start|begin|open)\w*\b[^.\"“«]{{0,80}}?{_QUOTE}", re.IGNORECASE)
_NAME = re.compile(
    r"\b(?:[Yy]our name is|[Yy]ou are (?:called|named)|[Yy]ou go by)\s+(?P<name>[A-Z][\w-]*(?: [A-Z][\w-]*)?)"
    r"|\b[Yy]ou are (?P<other>[A-Z][a-z]+),"
)


def exact_answer(instructions: str) -> str | None:
    """The words that the instructions want said exactly."""
    found = _EXACTLY.search(instructions)
    if found:
        return (found["text"] or found["other"]).strip()
    unquoted = _EXACTLY_UNQUOTED.search(instructions)
    return unquoted["text"].strip() if unquoted else None


def greeting(instructions: str) -> str | None:
    """The words that the instructions want to begin with."""
    found = _GREETING.search(instructions)
    return found["text"].strip() if found else None


def name(instructions: str) -> str | None:
    """The name that the instructions give."""
    found = _NAME.search(instructions)
    return (found["name"] or found["other"]) if found else None

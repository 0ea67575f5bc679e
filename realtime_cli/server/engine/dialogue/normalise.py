"""What was said, in a form that rules can match: recognisers write with habits of their own."""

from __future__ import annotations

import re

from realtime_cli.server.engine.dialogue.numbers import with_digits

_SPELLINGS = (
    (r"[’‘`]", "'"),
    (r"\bto-(day|night|morrow)\b", r"to\1"),
    (r"\b(half|quarter)-past\b", r"\1 past"),
    (r"\bgood-?\s?bye\b|\bbye-bye\b", "goodbye"),
    (r"\b(what|who|how|where|that|it|there|here|when)'s\b", r"\1 is"),
    (r"\bi'm\b", "i am"),
    (r"\bi'd\b", "i would"),
    (r"\b(you|we|they)'re\b", r"\1 are"),
    (r"\b(can|do|does|is|are|have|could|would|should)n't\b", r"\1 not"),
    (r"\bcan't\b", "can not"),
    (r"\blet's\b", "let us"),
    (r"(?<=\d),(?=\d{3}\b)", ""),
    (r"(?<=[a-z])-(?=[a-z])", " "),
    (r"(?<=\d)-(?=\d)", " to "),
    (r"[\"“”!?;:…]|,(?!\d)|\.(?!\d)", " "),
)


def normalise(text: str) -> str:
    """Lower case, no punctuation, one spelling for each habit, numbers as digits: "seventeen" is "17"."""
    text = text.lower()
    for pattern, instead in _SPELLINGS:
        text = re.sub(pattern, instead, text)
    return with_digits(" ".join(text.split()))

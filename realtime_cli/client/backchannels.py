"""Words that a listener says without wanting to speak: "mm-hm", "okay"."""

from __future__ import annotations

import re

ENGLISH = """
ah aha alright cool course exactly fine good got great hm hmm huh i interesting it mhm mhmm mm mmhm mmm nice
of oh ok okay really right see sure true uh uhhuh uhm um wow yeah yep yes yup
"""
OTHERS = "aha bene certo claro daccord genau ja klar oui ouais richtig si sí sì va vale"
WORDS = frozenset((f"{ENGLISH} {OTHERS}").split())


def only_backchannels(text: str) -> bool:
    """Whether a transcript holds nothing but such words (of English, and the commonest of some others)."""
    words = re.findall(r"\w+", re.sub(r"[-'’]", "", text.casefold()))
    return all(word in WORDS for word in words)

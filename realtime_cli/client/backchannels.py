"""What a listener says without wanting to speak ("mm-hm", "okay"), and what interrupts."""

from __future__ import annotations

import re

ENGLISH = """
ah aha alright cool course exactly fine good got great ha haha hahaha heh hehe hm hmm huh i interesting it mhm
mhmm mm mmhm mmm nice of oh ok okay really right see sure true uh uhhuh uhm um wow yeah yep yes yup
"""
OTHERS = "aha bene certo claro daccord genau ja klar oui ouais richtig si sí sì va vale"
LISTENING = frozenset((f"{ENGLISH} {OTHERS}").split())

INTERRUPTING = """
cancel enough excuse halt hang hello hey hold listen never no nope now pardon please pause quiet shush silence
sorry stop wait what which who why wrong
alto arrête assez attends attendez aspetta basta doch entschuldigung espera falsch ferma moment nein non
para perdona quoi ruhe scusa stopp warte was wie
"""
STOPPING = frozenset(INTERRUPTING.split())
"""Single words with which people interrupt."""
LATIN_END = "\u0250"  # scripts from here on may write a whole sentence without a space


def interrupts(text: str) -> bool:
    """Whether the transcript of what was said beside the agent's voice, in a moment, means to interrupt.

    Listening words do not, of English and the commonest of some other languages. A single word does only if
    it is one to interrupt with: of an "mm-hm" recognisers make "Mama", or "And".
    """
    words = re.findall(r"\w+", re.sub(r"[-'’]", "", text.casefold()))
    if len(words) == 1 and max(words[0]) < LATIN_END:
        return words[0] in STOPPING
    return any(word not in LISTENING for word in words)

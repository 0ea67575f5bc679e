"""The words of a reply by which one knows it again."""

from __future__ import annotations

import re

MAX_WORDS = 3
MIN_LETTERS = 4
_WORD = re.compile(r"\w+(?:[.:,'’/-]\w+)*")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?。！？]\s*)$")


def telling_words(reply: str) -> list[str]:
    """At most three, in their order: numbers first of all, then names, then long words.

    The whole of a reply in which no word is long. Empty for an empty reply.
    """
    ranked: dict[str, tuple[tuple[bool, bool, int], int, str]] = {}
    for found in _WORD.finditer(reply):
        word = found.group()
        number = any(letter.isdecimal() for letter in word)
        if not number and len(word) < MIN_LETTERS:
            continue
        name = word[0].isupper() and not _SENTENCE_BEGINS.search(reply[: found.start()])
        ranked.setdefault(word.casefold(), ((not number, not name, -len(word)), found.start(), word))
    chosen = sorted(sorted(ranked.values())[:MAX_WORDS], key=lambda one: one[1])
    return [word for *_, word in chosen] or [text for text in (reply.strip(),) if text]

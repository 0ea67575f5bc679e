"""Sentences out of text that arrives in arbitrary pieces."""

from __future__ import annotations

import re

MAX_SENTENCE = 400  # a longer one is cut at a space, so that speech can begin
_END = re.compile(r"(?<=[.!?…])[\"”’)\]*_]*(?:\s+)|\n+")
_NO_END = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|e\.g|i\.e|[A-Z])|^\s*\d+)\.$")


class SentenceStream:
    """Gives a sentence out once the white space behind it has come; code blocks stay in one piece."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that are complete with this piece."""
        self._pending += text
        done = []
        while (cut := self._cut()) is not None:
            sentence, self._pending = self._pending[:cut].strip(), self._pending[cut:]
            if sentence:
                done.append(sentence)
        return done

    def flush(self) -> list[str]:
        """What is left, as the last sentence."""
        rest, self._pending = self._pending.strip(), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        """The index behind the first sentence's end, if there is one."""
        for end in _END.finditer(self._pending):
            before = self._pending[: end.start()]
            in_code = before.count("```") % 2
            if not in_code and not _NO_END.search(before.rstrip('"”’)]*_ ')):
                return end.end()
        if len(self._pending) > MAX_SENTENCE:
            return (self._pending.rfind(" ", 0, MAX_SENTENCE) + 1) or MAX_SENTENCE
        return None

"""Prepares written text for speaking: removes markup, and splits it into sentences, the first one short.

Numbers, times, dates, units and abbreviations are left: hibari reads those well by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FIRST_LENGTH = 60  # a first piece longer than this is cut at a comma, so that sound begins early

_MARKS: tuple[tuple[str, str], ...] = (
    (r"```.*?(```|$)", " (some code) "),
    (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),
    (r"https?://(?:www\.)?([^/\s)>]+)\S*", r"\1"),
    (r"(?m)^\s{0,3}(?:#{1,6}|>|[-*+•])\s+", ""),
    (r"(?m)^\s*(?:-{3,}|\*{3,}|_{3,}|[|:\-\s]{3,})$", ""),
    (r"(\*\*|__|~~|`)(?=\S)(.+?)\1", r"\2"),
    (r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)\1(?![\w*])", r"\2"),
    (r"\s*\|\s*", ", "),
    (r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])", " "),
    (r"[\U0001F000-\U0001FAFF☀-➿️‍]", ""),
)
_LIST_COMMA = re.compile(r"(?<=\d),(?=\d)(?!\d{3}(?!\d))")  # not one between thousands
_LONG_NUMBER = re.compile(r"\d[\d,]{15,}")  # hibari ends with an error at more than 36 digits
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|\n+")
_TITLE_END = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|e\.g|i\.e|[A-Z])\.$")
_CLAUSE_END = re.compile(r"(?<=[,;:—])\s+")


def readable(text: str) -> str:
    """The text without Markdown and underscores, bare links shortened to their host, and no emoji.

    Numbers in a list stand apart, and those that nobody could take in are read digit by digit.
    """
    for pattern, instead in _MARKS:
        text = re.sub(pattern, instead, text, flags=re.DOTALL if "```" in pattern else 0)
    text = _LIST_COMMA.sub(", ", text)
    text = _LONG_NUMBER.sub(lambda found: " ".join(found[0].replace(",", "")), text)
    return re.sub(r"[ \t]+", " ", text).strip()


def sentences(text: str) -> Iterator[str]:
    """The text piece by piece; a first sentence that is long comes in two."""
    for number, sentence in enumerate(whole_sentences(text)):
        if number == 0 and len(sentence) > FIRST_LENGTH:
            yield from _halves(sentence)
        else:
            yield sentence


def whole_sentences(text: str) -> list[str]:
    """Split at line ends and behind ``.``, ``!``, ``?``; not behind a title or an initial."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if _TITLE_END.search(text[: end.start()]):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def _halves(sentence: str) -> Iterator[str]:
    """Cut at the first clause end that leaves enough on both sides, if there is one."""
    for end in _CLAUSE_END.finditer(sentence):
        if 15 <= end.start() <= 2 * FIRST_LENGTH and len(sentence) - end.end() >= 15:
            yield sentence[: end.start()]
            yield sentence[end.end() :]
            return
    yield sentence

"""Text from models, servers and tools, made harmless for a terminal and for a page.

A terminal obeys what it is sent. Control characters, escape sequences and what turns the direction of
foreign text around are shown as what they are instead; ordinary text of any script passes unchanged, with
the marks that it needs. Isolates pass in pairs; one alone would turn around what stands beside it.
"""

from __future__ import annotations

import re
import unicodedata

# More marks than this on one letter serve no script, only to draw over neighbouring lines.
MAX_COMBINING_MARKS = 4
_MARKS = "\u200c\u200d\u200e\u200f\u061c"  # joiners of emoji, Persian and Indic; marks of right-to-left text
_ISOLATES, _POP = "\u2066\u2067\u2068", "\u2069"
_ISOLATE = re.compile(f"[{_ISOLATES}{_POP}]")
_DROPPED = "\r\u00ad\ufeff\u200b\u2060"  # harmless when absent: \r would overprint the line
_MARKDOWN = re.compile(r"([\\`*~|<&\[\]])")
_FLAG, _TAGS = "\U0001f3f4", range(0xE0020, 0xE0080)  # a flag and the letters of its land (UTS 51, 1.4.9)
# What most texts are made of passes whole: all of it printable, none of it a mark.
_ORDINARY = (
    "[\n -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f"
    "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fef\uac00-\ud7a3\ufffd]+"
)  # compiled when it is first looked for, as in every other module: that takes milliseconds
_SPACES = {"\t": " ", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n"}


def safe(text: str, *, growing: bool = False) -> str:
    """The text with nothing in it that a terminal would obey; newlines stay.

    ``growing``: more of it may come. The result for a beginning of a text is then a beginning of the result
    for the whole, so that it can be shown piece by piece. An isolate passes before it is closed: who shows
    the beginning adds :func:`closing`.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _shown(text)
    return _closed(shown, 0)[0] if growing else in_pairs(shown)


class GrowingText:
    """Text that comes in pieces, each made safe as it comes; ``end`` of a line gives what closes it."""

    def __init__(self) -> None:
        self._open = 0
        self._marks = 0

    def add(self, piece: str) -> str:
        """What may be shown of it."""
        begin = 0
        while begin < len(piece) and unicodedata.combining(piece[begin]):
            begin += 1
        marks = piece[: min(begin, max(0, MAX_COMBINING_MARKS - self._marks))]
        rest = piece[begin:]
        self._marks = len(marks) + self._marks if not rest else _marks_behind(rest)
        shown, self._open = _closed(marks + _shown(rest), self._open)
        return shown

    def end(self) -> str:
        """Closes what is open."""
        closers, self._open, self._marks = _POP * self._open, 0, 0
        return closers


def closing(text: str) -> str:
    """What closes the isolates that stand open at the end of a safe line."""
    return _POP * _closed(text, 0)[1] if _ISOLATE.search(text) else ""


def _marks_behind(text: str) -> int:
    count = 0
    while count < len(text) and unicodedata.combining(text[-1 - count]):
        count += 1
    return count


def _closed(text: str, depth: int) -> tuple[str, int]:
    """The text with its isolates closed in each line but the last, and how many are open at its end."""
    if not (depth or _ISOLATE.search(text)):
        return text, 0
    out = []
    for char in text:
        if char == "\n":
            char, depth = _POP * depth + char, 0
        elif char == _POP:
            char, depth = char if depth else "", max(0, depth - 1)
        elif char in _ISOLATES:
            depth += 1
        out.append(char)
    return "".join(out), depth


def _shown(text: str) -> str:
    out, done = [], 0
    for ordinary in re.finditer(_ORDINARY, text):
        out += [_safe_rare(text[done : ordinary.start()]), ordinary[0]]
        done = ordinary.end()
    return "".join([*out, _safe_rare(text[done:])])


def in_pairs(text: str) -> str:
    """The text without isolates that are not opened and closed in one line."""
    if not _ISOLATE.search(text):
        return text
    open_at: list[int] = []
    alone: set[int] = set()
    for found in re.finditer(f"[\n{_ISOLATES}{_POP}]", text):
        if found[0] == "\n":
            alone.update(open_at)
            open_at.clear()
        elif found[0] != _POP:
            open_at.append(found.start())
        elif open_at:
            open_at.pop()
        else:
            alone.add(found.start())
    alone.update(open_at)
    return "".join(char for place, char in enumerate(text) if place not in alone)


def _safe_rare(text: str) -> str:
    """What is not ordinary, letter by letter."""
    marks, in_flag = 0, False
    out = []
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        in_flag = char == _FLAG or (in_flag and ord(char) in _TAGS)
        if in_flag:
            out.append(char)
        elif marks <= MAX_COMBINING_MARKS:
            out.append(_visible(char))
    return "".join(out)


def _visible(char: str) -> str:
    if char == "\n" or char in _MARKS or _ISOLATE.match(char) or char.isprintable():
        return char
    if char in _DROPPED:
        return ""
    if char in _SPACES:
        return _SPACES[char]
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # control pictures
    if code == 0x7F:
        return "\u2421"
    return _foreign(char, code)


def _foreign(char: str, code: int) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category == "Cs":
        return "\ufffd"
    return f"<U+{code:04X}>" if category in ("Cc", "Cf") else char


def one_line(text: str) -> str:
    """Safe text on one line: every run of white space is one blank."""
    return " ".join(safe(text).split())


def in_markdown(text: str) -> str:
    """Text of strangers in a line of Markdown: shown as it is, whatever Markdown or HTML it holds."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def for_encoding(text: str, encoding: str) -> str:
    """The text with ``?`` for what the encoding cannot write; control pictures become ``^X``."""
    if encoding.lower().replace("-", "") in ("utf8", "utf16", "utf32"):
        return text
    plain = "".join(f"^{chr(ord(c) - 0x2400 + 64)}" if "\u2400" <= c <= "\u241f" else c for c in text)
    return plain.encode(encoding, "replace").decode(encoding)

"""The part of the kitty keyboard protocol that push-to-talk needs: which key was released.

A terminal that knows the protocol answers the probe; then every key comes as ``CSI code ; mods : event u``
and again when it is released. Keys are passed on in the old form, which prompt_toolkit's parser knows.
Source: https://sw.kovidgoyal.net/kitty/keyboard-protocol/
"""

from __future__ import annotations

import re

# 1 disambiguate escape sequences, 2 report releases, 8 report text keys in the same way.
PROBE = "\x1b[?u\x1b[c"  # all terminals answer the second: then the first got no answer
ENABLE = "\x1b[>11u"
DISABLE = "\x1b[<u"

_ANSWER = re.compile(r"\x1b\[\?([\d;]*)([uc])")
_KEY = re.compile(r"\x1b\[(\d{1,7})(?::\d*)*(?:;(\d{0,7})(?::(\d))?)?(?:;([\d:]*))?u")
# The other keys keep their form but may carry an event: CSI 1 ; mods : event LETTER, CSI n ; mods : event ~
_OTHER = re.compile(r"\x1b\[(\d*);(\d+):([123])([A-Z~])")
_OPEN = re.compile(r"\x1b\[[?\d;:]*$")
_SHIFT, _ALT, _CTRL = 1, 2, 4
_NAMED = {27: "\x1b", 13: "\r", 9: "\t", 127: "\x7f", 57414: "\r"}


class KittyFilter:
    """Raw input -> input as prompt_toolkit knows it, without answers and releases."""

    def __init__(self) -> None:
        self.known: bool | None = None  # None: the terminal has not answered yet
        self.released_space = False
        self._rest = ""

    def feed(self, data: str) -> str:
        """Translate; an unfinished sequence waits for its rest. Sets ``known`` and ``released_space``."""
        data, self._rest = self._rest + data, ""
        unfinished = _OPEN.search(data)
        if unfinished:
            self._rest = unfinished.group()
            data = data[: unfinished.start()]
        data = _ANSWER.sub(self._answer, data)
        data = _OTHER.sub(_other, data)
        return _KEY.sub(self._key, data)

    def _answer(self, found: re.Match[str]) -> str:
        if found[2] == "u":
            self.known = True
        elif self.known is None:
            self.known = False
        return ""

    def _key(self, found: re.Match[str]) -> str:
        code, mods, event = int(found[1]), int(found[2] or 1) - 1, found[3] or "1"
        if event == "3":
            self.released_space = self.released_space or code == 32
            return ""
        if event == "2" and code == 32:
            return ""  # held down, not pressed again
        if found[4]:
            return "".join(_letter(int(point)) for point in found[4].split(":") if 0 < len(point) < 8)
        return _old_form(code, mods)


def _old_form(code: int, mods: int) -> str:
    if code in _NAMED:
        new_line = code == 13 and mods & (_SHIFT | _ALT)  # what other terminals send for Alt+Enter
        return "\x1b\r" if new_line else _NAMED[code]
    if 57344 <= code <= 63743:
        return ""  # modifier and media keys on their own
    char = _letter(code)
    if mods & _CTRL and char.isascii() and char.isalpha():
        return chr(ord(char.upper()) - 64)
    return char.upper() if mods & _SHIFT else char


def _letter(code: int) -> str:
    """Empty for what is not a letter: half of a surrogate pair could be neither shown nor sent."""
    return "" if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)


def _other(found: re.Match[str]) -> str:
    number, mods, event, letter = found.groups()
    if event == "3":
        return ""
    if mods == "1":
        return f"\x1b[{number if letter == '~' else ''}{letter}"
    return f"\x1b[{number};{mods}{letter}"

"""Known secrets, found in any form in which a text may contain them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from html import escape
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_SECRET_LENGTH = 4  # a shorter "secret" would mask ordinary words
MIN_HIDDEN_LENGTH = 8  # the least length of a secret that is looked for in base64 and across line breaks

# Nothing is written letter by letter, or over lines, without one of these; JSON within JSON is full of
# backslashes that only escape quotation marks.
_MARKS = re.compile(r"[&%\n]|\\[nrux]")
_MARKS_OF_ESCAPED = re.compile(r"[&%\n\\]")
_ESCAPED = "/\"'\\"
_LINE_BREAK = r"(?:[ \t]*(?:\r?\n|\\+(?:r\\+)?n)[ \t]*)?"
_BASE64 = "A-Za-z0-9+/_-"


class KnownSecrets:
    """``mask(text)`` returns the text without them; ``in_pieces()`` does so for a text that grows."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({one for one in secrets if len(one) >= MIN_SECRET_LENGTH})
        forms = {form for secret in self._secrets for form in _forms(secret)}
        # Longest first: a secret that contains another must go whole.
        self._forms = sorted(forms, key=len, reverse=True)
        escaped = any(letter in secret for secret in self._secrets for letter in _ESCAPED)
        self._marks = _MARKS_OF_ESCAPED if escaped else _MARKS
        self._cores = [core for secret in self._secrets for core in _base64_cores(secret)]

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def mask(self, text: str) -> str:
        for core in self._cores:
            if core in text:
                text = re.sub(rf"[{_BASE64}]*{re.escape(core)}[{_BASE64}]*={{0,2}}", MASK, text)
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        if self._secrets and self._marks.search(text):
            text = self._written_out.sub(MASK, text)
        return text

    @cached_property
    def _written_out(self) -> re.Pattern[str]:
        """Compiled when first needed: it takes 8 ms for one key."""
        longest_first = sorted(self._secrets, key=len, reverse=True)
        return re.compile("|".join(map(_written_out, longest_first)))

    def in_pieces(self, free: int = 0) -> PiecewiseMask:
        """A mask for one text that comes in pieces; ``free`` as in :class:`PiecewiseMask`."""
        return PiecewiseMask(self, sorted(self._secrets, key=len, reverse=True), free)


class PiecewiseMask:
    """Masks the secrets in one text that comes in pieces: ``take(piece)`` returns what may be shown by now.

    The end of a piece that may be the beginning of a secret is held back until the next piece. The first
    ``free`` letters of a secret (never half of it) are not held: many a word begins like one.
    """

    def __init__(self, known: KnownSecrets, longest_first: list[str], free: int) -> None:
        self._known = known
        self._secrets = longest_first
        self._whole = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._free = free
        self._told = ""  # the end of what was returned: a secret may begin in it
        self._held = ""

    def take(self, piece: str) -> str:
        """The next part of the text, without secrets."""
        self._held += piece
        return self._released(self._held_from(self._told + self._held))

    def rest(self) -> str:
        """What was held back, now that the text is over."""
        return self._released(len(self._told + self._held))

    def _released(self, held_from: int) -> str:
        if not self._whole:
            released, self._held = self._held, ""
            return released
        text = self._told + self._held
        shown, begin, parts = len(self._told), 0, []
        for found in self._whole.finditer(text):
            if found.start() >= held_from:
                break  # a longer one may begin here
            parts += [text[shown : found.start()], MASK]
            shown = begin = found.end()
        end = max(held_from, shown)
        parts.append(text[shown:end])
        self._told = text[max(begin, end - len(self._secrets[0])) : end]
        self._held = text[end:]
        return self._known.mask("".join(parts))

    def _held_from(self, text: str) -> int:
        """Where the end of the text may be the beginning of a secret; its length if it is none."""
        longest = len(self._secrets[0]) if self._secrets else 0
        for at in range(max(0, len(text) - longest + 1), len(text)):
            tail = text[at:]
            for secret in self._secrets:
                free = min(self._free, (len(secret) - 1) // 2)
                if free < len(tail) < len(secret) and secret.startswith(tail):
                    return at
        return len(text)


def _forms(secret: str) -> Iterator[str]:
    """A secret in JSON, in JSON within JSON, in a URL, in HTML, in base64 (a Basic header), in hex."""
    escaped = json.dumps(secret)[1:-1]
    yield from (secret, escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret), escape(secret))
    raw = secret.encode()
    yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    yield from (raw.hex(), raw.hex().upper())


def _base64_cores(secret: str) -> Iterator[str]:
    """What base64 has of a secret wherever it stands in a longer text: ``user:key``, say."""
    raw = secret.encode()
    if len(raw) < MIN_HIDDEN_LENGTH:
        return
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        start = (before * 8 + 5) // 6  # a base64 letter that shares bits with the text before it differs
        stop = (before + len(raw)) * 8 // 6
        core = whole[start:stop]
        yield from {core, core.replace("+", "-").replace("/", "_")}


def _written_out(secret: str) -> str:
    """Each letter as it is, or as JSON, HTML and URLs may write it; and over the end of a line."""
    between = _LINE_BREAK if len(secret) >= MIN_HIDDEN_LENGTH else ""
    return between.join(map(_letter, secret))


def _letter(letter: str) -> str:
    """Every way begins with a letter of its own: that lets the search skip all others quickly."""
    ways = [re.escape(letter)]
    if letter in _ESCAPED:
        ways.append(rf"\\\\*{re.escape(letter)}")
    units = letter.encode("utf-16-be")
    ways.append("".join(rf"\\\\*u{_hex(units[at : at + 2].hex())}" for at in range(0, len(units), 2)))
    ways.append("".join(rf"%{_hex(f'{byte:02x}')}" for byte in letter.encode("utf-8", "surrogatepass")))
    code = ord(letter)
    if code < 256:
        ways.append(rf"\\\\*x{_hex(f'{code:02x}')}")
    ways += [f"&#0*{code};?", f"&#[xX]0*{_hex(f'{code:x}')};?"]
    if (named := escape(letter)) != letter:
        ways.append(re.escape(named))
    return f"(?:{'|'.join(ways)})"


def _hex(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)

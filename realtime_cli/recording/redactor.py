"""Keeps keys and tokens out of everything that is written: known strings, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from realtime_cli.recording.known_secrets import MASK, MIN_SECRET_LENGTH, KnownSecrets

__all__ = ["MASK", "MIN_SECRET_LENGTH", "Redactor"]


_HEADER_NAMES = (
    r"authorization|proxy-authorization|(?:x-)?api[-_]?key|access[-_]token|refresh[-_]token|client[-_]secret"
)
_KEY_NAMES = _HEADER_NAMES + r"|password|passwd|cookie|set-cookie"
# Of keys of xAI, Groq, GitHub, GitLab, npm, Hugging Face, Slack and others.
_PREFIXES = (
    *("rk", "pk", "xai", "gsk", "hf", "npm", "glpat", "github_pat"),
    *("ghp", "gho", "ghu", "ghs", "ghr", "xoxb", "xoxp", "xoxa"),
)
# Whatever a pattern can match begins with one of these, in small letters: looking for plain words first is
# a thousand times faster than the patterns, and most lines hold none.
_CLUES = (
    *("authorization", "apikey", "api-key", "api_key", 'token"', "token\\", "token=", "_token", "-token"),
    *("client-secret", "client_secret", "clientsecret", "passw", "cookie", "bearer", "basic", '"headers"'),
    *(f"{prefix}{dash}" for prefix in ("sk", "ek", *_PREFIXES) for dash in "-_"),
    *("akia", "asia", ".eyj"),
    *(f"{mark}{name}" for mark in "?&" for name in ("key", "code", "sig", "secret", "access")),
)
_URL = "://"  # a clue only where there is an @ for its user and password, too
_CLUE = re.compile("|".join(map(re.escape, (*_CLUES, _URL))))
_END = re.compile(r"[\s\"\\,;&}]")  # ends every secret
MAX_PIECE = 16_384  # characters that the patterns look at in one go: other threads run in between
MAX_SLICE = 262_144  # characters that are searched for clues in one go
_BEFORE = 64  # a match begins so close ahead of its clue
_HEADERS = re.compile(r'("headers"\s*:\s*\{)([^{}]*)(\})', re.I)
_MEMBER_VALUE = re.compile(r'(:\s*")(?:[^"\\]|\\.)*(")')


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled when there is a clue: in most runs there is none."""
    return (
        # JSON members, also inside JSON that is itself a string ( \"authorization\": \"…\" ).
        (re.compile(rf'(\\*"(?:{_KEY_NAMES})\\*"\s*:\s*\\*")(?!\$)[^"\\]+', re.I), rf"\1{MASK}"),
        # Header lines as they stand in error texts and header echoes.
        (
            re.compile(
                rf"((?:{_HEADER_NAMES})\s*[:=]\s*)(?![\"{{\[*])(?:(?:Bearer|Basic)\s+)?[^\s\"\\,;&]+", re.I
            ),
            rf"\1{MASK}",
        ),
        # A digit is required, or "basic arithmetic" would be a secret.
        (re.compile(r"\b(Bearer|Basic)\s+(?=[^\s\"\\]*\d)[A-Za-z0-9+/=._~-]{8,}", re.I), rf"\1 {MASK}"),
        (re.compile(r"(?<![A-Za-z0-9])(?:sk-|ek_)[A-Za-z0-9_-]{8,}"), MASK),
        (
            re.compile(
                rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXES)})[-_](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{{12,}}"
            ),
            MASK,
        ),
        (re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"), MASK),
        (
            re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
            MASK,
        ),
        (re.compile(r"(openai-insecure-api-key\.)[A-Za-z0-9_.-]+"), rf"\1{MASK}"),
        (
            re.compile(
                r"([?&](?:api[-_]?key|key|token|access_token|code|sig|signature|secret|password)=)[^&\s\"\\#]+",
                re.I,
            ),
            rf"\1{MASK}",
        ),
        (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s\"\\@]+@", re.I), rf"\1{MASK}@"),
    )


class Redactor:
    """``scrub(text)`` returns the text without any known secret and without what looks like one.

    ``secrets`` are the values that the user's configuration took from the environment, a key file or the
    command line. The patterns cover secrets that are not known here, such as a header that a server echoes.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.known = KnownSecrets(secrets)

    def scrub(self, text: str) -> str:
        text = self.known.mask(text)
        lowered = _lowered(text)
        parts, done = [], 0
        for begin, end in _pieces(lowered):
            parts += [text[done:begin], _without_patterns(text[begin:end])]
            done = end
        return "".join([*parts, text[done:]]) if parts else text


def _lowered(text: str) -> str:
    """In small letters, each at its place: some capitals outside ASCII would become two."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.translate(_SMALL)


_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _pieces(lowered: str) -> Iterator[tuple[int, int]]:
    """Where the patterns have to look: around each clue, to the end of what it announces."""
    done = 0
    for start in range(0, len(lowered), MAX_SLICE):
        stop = min(len(lowered), start + MAX_SLICE + _BEFORE)
        part = lowered[start:stop]
        if not any(clue in part for clue in _CLUES) and not (_URL in part and "@" in part):
            continue
        if len(lowered) <= MAX_PIECE:
            yield 0, len(lowered)
            return
        while clue := _CLUE.search(lowered, max(done, start), stop):
            begin = max(done, clue.start() - _BEFORE)
            end = _end_of_piece(lowered, begin, clue.end(), stop)
            yield begin, end
            done = end


def _end_of_piece(lowered: str, begin: int, end: int, stop: int) -> int:
    """Clues that are close together go as one piece, up to its largest size."""
    while (clue := _CLUE.search(lowered, end, min(stop, end + _BEFORE))) and clue.end() - begin < MAX_PIECE:
        end = clue.end()
    end = min(len(lowered), end + _BEFORE)
    found = _END.search(lowered, end, end + MAX_PIECE)
    return found.start() if found else min(len(lowered), end + MAX_PIECE)


def _without_patterns(text: str) -> str:
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement, text)
    return _HEADERS.sub(_mask_values, text)


def _mask_values(found: re.Match[str]) -> str:
    """Values of a ``headers`` object (an MCP tool's, say): any header may carry a token."""
    return found[1] + _MEMBER_VALUE.sub(rf"\1{MASK}\2", found[2]) + found[3]

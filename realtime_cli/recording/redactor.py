"""Keeps keys and tokens out of everything that is written: known strings, and what looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_SECRET_LENGTH = 4  # a shorter "secret" would mask ordinary words

_HEADER_NAMES = (
    r"authorization|proxy-authorization|(?:x-)?api[-_]?key|access[-_]token|refresh[-_]token|client[-_]secret"
)
_KEY_NAMES = _HEADER_NAMES + r"|password|passwd|cookie|set-cookie"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # JSON members, also inside JSON that is itself a string ( \"authorization\": \"…\" ).
    (re.compile(rf'(\\*"(?:{_KEY_NAMES})\\*"\s*:\s*\\*")(?!\$)[^"\\]+', re.I), rf"\1{MASK}"),
    # Header lines as they stand in error texts and header echoes.
    (
        re.compile(
            rf"((?:{_HEADER_NAMES})\s*[:=]\s*)(?![\"{{\[*])(?:(?:Bearer|Basic)\s+)?[^\s\"\\,;&]+", re.I
        ),
        rf"\1{MASK}",
    ),
    # A digit is asked for, or "basic arithmetic" would be a secret.
    (re.compile(r"\b(Bearer|Basic)\s+(?=[^\s\"\\]*\d)[A-Za-z0-9+/=._~-]{8,}", re.I), rf"\1 {MASK}"),
    (re.compile(r"(?<![A-Za-z0-9])(?:sk-|ek_)[A-Za-z0-9_-]{8,}"), MASK),
    (re.compile(r"(?<![A-Za-z0-9])(?:rk|pk|xai|gsk|ghp|hf)[-_](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{12,}"), MASK),
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
# One cheap look that tells most lines need no closer one.
_SUSPICIOUS = re.compile(
    r"authorization|api[-_]?key|token\"|token=|client[-_]secret|passw|cookie|bearer|basic\s"
    r"|(?:sk|ek|rk|pk|xai|gsk|ghp|hf)[-_]|[?&](?:key|code|sig|signature|secret|access)|://[^/\s\"]*@|\"headers\"",
    re.I,
)
_HEADERS = re.compile(r'("headers"\s*:\s*\{)([^{}]*)(\})', re.I)
_MEMBER_VALUE = re.compile(r'(:\s*")(?:[^"\\]|\\.)*(")')


def _forms(secret: str) -> Iterable[str]:
    """A secret as it may stand in JSON, in JSON within JSON, in a URL, and in a Basic header."""
    escaped = json.dumps(secret)[1:-1]
    yield from (secret, escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield base64.b64encode(secret.encode()).decode()


class Redactor:
    """``scrub(text)`` returns the text without any known secret and without what looks like one.

    ``secrets`` are the values that the user's configuration took from the environment, a key file or
    the command line. The patterns cover what nobody told us of: a server that echoes a header, say.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_SECRET_LENGTH for form in _forms(secret)}
        # Longest first: a secret that contains another must go whole.
        self._known = sorted(forms, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, MASK)
        if _SUSPICIOUS.search(text):
            for pattern, replacement in _PATTERNS:
                text = pattern.sub(replacement, text)
            text = _HEADERS.sub(_mask_values, text)
        return text


def _mask_values(found: re.Match[str]) -> str:
    """Values of a ``headers`` object (an MCP tool's, say): any header may carry a token."""
    return found[1] + _MEMBER_VALUE.sub(rf"\1{MASK}\2", found[2]) + found[3]

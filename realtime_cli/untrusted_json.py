"""JSON that others wrote (servers, models, tools, files): one reader, bounded in size and depth."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

MAX_LENGTH = 64 * 1024 * 1024
MAX_PARTS = (
    2_000_000  # of {},{},... each part takes 20 times its text: the parser ends a process without memory
)
EXCERPT_CHARS = 80

_BYTE_ORDER_MARK = "\ufeff"
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# A whole pair and any other escape are skipped, so that what is left is half a pair.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.S
)


class NotJson(ValueError):
    """Not JSON, or larger or deeper than JSON from others may be; the text says which, in a few words."""


def parse_json(text: str | bytes, max_length: int = MAX_LENGTH) -> Any:
    """The value of a JSON text. Half a surrogate pair, which servers leave where they cut a text, is U+FFFD.

    Raises :class:`NotJson` for anything else: also for more than ``max_length`` characters (or bytes), for
    more than ``MAX_PARTS`` members and for more than 200 levels of nesting, which is the parser's own limit.
    """
    if len(text) > max_length:
        raise NotJson(f"longer than {max_length} characters")
    if len(text) > MAX_PARTS and _parts(text) > MAX_PARTS:
        raise NotJson(f"more than {MAX_PARTS} members")
    try:
        return from_json(text, cache_strings="keys")  # ids and words hardly come again
    except (ValueError, TypeError) as error:  # TypeError: half a pair that is no escape
        repaired = _repaired(text)
        if repaired == text:
            raise _not_json(error) from None
    try:
        return from_json(repaired, cache_strings="keys")
    except ValueError as error:
        raise _not_json(error) from None


def _parts(text: str | bytes) -> int:
    """How many values there may be; what stands in texts is counted, too."""
    if isinstance(text, str):
        return sum(map(text.count, ",[{"))
    return sum(map(text.count, (b",", b"[", b"{")))


def _repaired(text: str | bytes) -> str:
    if isinstance(text, bytes | bytearray):
        text = text.decode("utf-8", "replace")
    text = _HALF_PAIR.sub("\ufffd", text.removeprefix(_BYTE_ORDER_MARK))
    return _ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], text)


def _not_json(error: Exception) -> NotJson:
    reason = str(error).split("\n", 1)[0]
    if reason.startswith("recursion limit"):
        return NotJson("nested too deeply")
    return NotJson(reason[:EXCERPT_CHARS])

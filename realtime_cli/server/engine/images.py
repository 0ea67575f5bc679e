"""What can be known of a picture without a model that sees: format, size, colours, codes in it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from realtime_cli.server.engine.picture_facts import codes, colours, unpacked

_ASKING = re.compile(
    r"\b(?:picture|image|photo|photograph|screen ?shot|drawing|camera|screen|frame)s?\b"
    r"|\bwhat (?:do|can) you see\b|\bcan you see\b|\bwhat is (?:this|that|it)(?: here)?$|\blook at\b"
    r"|\bwhat am i (?:holding|showing)\b"
    r"|\bdescribe (?:this|that|it|what)\b"
)
_NO_LENGTH = {0x01, *range(0xD0, 0xDA)}  # JPEG markers that stand alone
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class ImageFacts:
    """Format as people call it, and size in pixels."""

    kind: str
    width: int
    height: int


def asks_about_images(normalised: str) -> bool:
    return bool(_ASKING.search(normalised))


def describe(image_urls: Sequence[str]) -> str:
    """A sentence for the newest picture, honest about the limits; "" for none."""
    if not image_urls:
        return ""
    count = (
        f"You have shown me {len(image_urls)} pictures. The last" if len(image_urls) > 1 else "Your picture"
    )
    picture = read_picture(image_urls[-1])
    if picture is None:
        return f"{count} is in a form that I cannot read."
    facts = pixel_facts(image_urls[-1])
    return (
        f"{count} is a {picture.kind} of {picture.width} by {picture.height} pixels."
        f"{facts} More than that I cannot see without a model that sees."
    )


@lru_cache(maxsize=4)
def pixel_facts(data_uri: str) -> str:
    """Sentences about colours and codes, each with a blank before it; "" where nothing can be told."""
    data = _data(data_uri)
    image = unpacked(data) if data else None
    if image is None:
        return ""
    shades, texts = colours(image), codes(image)
    told = f" It is mostly {_listed(shades)}." if shades else ""
    return told + (f" A code in it says: {'; '.join(texts)}." if texts else "")


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def read_picture(data_uri: str) -> ImageFacts | None:
    """Format and size from the header of a data URI; None when it is none, or of another format."""
    data = _data(data_uri)
    try:
        return read_header(data) if data else None
    except (ValueError, IndexError):
        return None


def _data(data_uri: str) -> bytes | None:
    head, comma, body = data_uri.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return None
    try:
        return base64.b64decode(body)
    except (binascii.Error, ValueError):
        return None


def read_header(data: bytes) -> ImageFacts | None:
    """PNG, JPEG, GIF and WebP, each by its own specification."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return ImageFacts("PNG", int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return ImageFacts("GIF", int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    return _webp(data) if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30 else None


def _jpeg(data: bytes) -> ImageFacts | None:
    """From marker to marker up to the frame header, which holds height, then width."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME_HEADERS:
            return ImageFacts(
                "JPEG", int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
            )
        alone = marker in _NO_LENGTH or marker == 0xFF
        at += (1 if marker == 0xFF else 2) if alone else 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> ImageFacts | None:
    match data[12:16]:
        case b"VP8X":
            return ImageFacts("WebP", _low(data[24:27]) + 1, _low(data[27:30]) + 1)
        case b"VP8 ":
            return ImageFacts("WebP", _low(data[26:28]) & 0x3FFF, _low(data[28:30]) & 0x3FFF)
        case b"VP8L":
            bits = _low(data[21:25])
            return ImageFacts("WebP", (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
        case _:
            return None


def _low(data: bytes) -> int:
    return int.from_bytes(data, "little")

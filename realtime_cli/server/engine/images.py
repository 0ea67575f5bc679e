"""What can be said about a picture without a vision model: format, size, colours, codes in it.

Pillow reads the picture, zxing-cpp the codes. Both are optional: without Pillow the user is told so.
"""

from __future__ import annotations

import base64
import binascii
import colorsys
import io
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 20_000_000  # unpacking more would hold up the answer
MAX_SIDE = 1024  # pixels; colours and codes are looked for in a picture no larger than this
SAMPLE_SIDE = 64
MIN_SHARE = 0.12  # of the picture, for a colour to be named
MAX_COLOURS = 3
MAX_CODES = 3
MAX_CODE_LENGTH = 200
NO_PILLOW = " cannot be looked at: the package Pillow is not installed on the server."
UNREADABLE = " is in a form that I cannot read."
_FORMATS = {"WEBP": "WebP", "MPO": "JPEG"}  # Pillow's name -> the usual one
_ASKING = re.compile(
    r"\b(?:picture|image|photo|photograph|screen ?shot|drawing|camera|screen|frame)s?\b"
    r"|\bwhat (?:do|can) you see\b|\bcan you see\b|\bwhat is (?:this|that|it)(?: here)?$|\blook at\b"
    r"|\bwhat am i (?:holding|showing)\b"
    r"|\bdescribe (?:this|that|it|what)\b"
)
# Names by hue in degrees (upper bound), for what is neither grey, black nor white.
_HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (200, "turquoise"), (260, "blue"),
    (290, "purple"), (335, "pink"), (361, "red"),
)  # fmt: skip


def asks_about_images(normalised: str) -> bool:
    return bool(_ASKING.search(normalised))


def describe(image_urls: Sequence[str]) -> str:
    """A sentence for the newest picture, honest about the limits; "" for none."""
    if not image_urls:
        return ""
    several = len(image_urls) > 1
    count = f"You have shown me {len(image_urls)} pictures. The last" if several else "Your picture"
    return count + picture_facts(image_urls[-1])


@lru_cache(maxsize=4)
def picture_facts(data_uri: str) -> str:
    """The rest of a sentence that begins "Your picture", and more sentences."""
    try:
        from PIL import Image
    except ImportError:
        return NO_PILLOW
    data = _data(data_uri)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data or b""))
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, Image.DecompressionBombError):
        return UNREADABLE
    kind = _FORMATS.get(image.format or "", image.format)
    size = f" is a {kind} of {image.width} by {image.height} pixels."
    return f"{size}{_pixel_facts(image)} More than that I cannot see without a model that sees."


def _data(data_uri: str) -> bytes | None:
    head, comma, body = data_uri.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return None
    try:
        return base64.b64decode(body)
    except (binascii.Error, ValueError):
        return None


def _pixel_facts(image: Image) -> str:
    """Sentences about colours and codes, each with a blank before it; "" where nothing can be told."""
    if image.width * image.height > MAX_PIXELS:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            image.thumbnail((MAX_SIDE, MAX_SIDE))
            pixels = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):
        return ""  # damaged after its header
    shades, texts = colours(pixels), codes(pixels)
    told = (
        f" It is mostly {' and '.join(filter(None, [', '.join(shades[:-1]), *shades[-1:]]))}."
        if shades
        else ""
    )
    return told + (f" A code in it says: {'; '.join(texts)}." if texts else "")


def colours(image: Image) -> list[str]:
    """The names of the colours that cover the most of it, widest first."""
    small = image.resize((SAMPLE_SIDE, SAMPLE_SIDE)).tobytes()
    counted = Counter(colour_name(*small[at : at + 3]) for at in range(0, len(small), 3))
    least = SAMPLE_SIDE * SAMPLE_SIDE * MIN_SHARE
    return [name for name, count in counted.most_common(MAX_COLOURS) if count >= least]


def colour_name(red: int, green: int, blue: int) -> str:
    """What people call a colour (channels 0 to 255)."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.18:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.85 else "grey"
    name = next(name for bound, name in _HUES if hue * 360 < bound)
    return "brown" if name == "orange" and value < 0.65 else name


def codes(image: Image) -> list[str]:
    """The texts of barcodes and QR codes in it; none without zxing-cpp."""
    try:
        import zxingcpp
    except ImportError:
        return []
    found = [code.text.strip()[:MAX_CODE_LENGTH] for code in zxingcpp.read_barcodes(image)]
    return [text for text in found if text][:MAX_CODES]

"""What can be read off a picture's pixels without a model: its colours, the codes in it. Optional libraries."""

from __future__ import annotations

import colorsys
import io
import warnings
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 20_000_000  # unpacking more would hold up the answer
SAMPLE_SIDE = 64
MIN_SHARE = 0.12
MAX_COLOURS = 3
MAX_CODES = 3
MAX_CODE_LENGTH = 200

# Names by hue in degrees (upper bound), for what is neither grey, black nor white.
_HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (200, "turquoise"), (260, "blue"),
    (290, "purple"), (335, "pink"), (361, "red"),
)  # fmt: skip


def unpacked(data: bytes) -> Image | None:
    """The picture, no larger than 1024 pixels; None where Pillow is not there or cannot read it."""
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (1024, 1024))
            image.thumbnail((1024, 1024))
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, Image.DecompressionBombError):
        return None


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
    """The texts of barcodes and QR codes in it."""
    try:
        import zxingcpp
    except ImportError:
        return []
    found = [code.text.strip()[:MAX_CODE_LENGTH] for code in zxingcpp.read_barcodes(image)]
    return [text for text in found if text][:MAX_CODES]

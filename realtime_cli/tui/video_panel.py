"""What the agent is shown: source, frames sent, what they may cost, a thumbnail in half blocks."""

from __future__ import annotations

from typing import Any

from rich.color import Color
from rich.style import Style
from rich.text import Text

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_tokens import image_tokens

HALF = "▀"  # the upper half in the colour of the letter, the lower in that of the ground


class VideoPanel:
    """Fold entries. ``tokens`` is an estimate of what the frames took when they were new."""

    def __init__(self) -> None:
        self.source = ""
        self.sent = 0
        self.tokens = 0
        self.glimpse = ""
        self._seen: inputs.VideoFrameCaptured | None = None

    def fold(self, entry: Entry) -> None:
        value: Any = entry.value
        if isinstance(value, inputs.VideoFrameCaptured):
            self._seen = value if value.image else None
            self.source = value.source or self.source
        elif self._seen and isinstance(value, effects.Send):
            self._count(self._seen, getattr(value.event, "item", None))

    def _count(self, seen: inputs.VideoFrameCaptured, item: Any) -> None:
        part = next(
            (part for part in getattr(item, "content", None) or () if part.type == "input_image"), None
        )
        if part is not None and part.image_url == seen.image:
            self.sent += 1
            self.tokens += image_tokens(seen.width, seen.height, part.detail)
            self.glimpse, self._seen = seen.glimpse, None


def thumbnail(glimpse: str) -> list[Text]:
    """Two rows of pixels on each line of the terminal; nothing where the pixels make no whole pair."""
    width = inputs.THUMBNAIL_COLUMNS
    pixels = [tuple(bytes.fromhex(glimpse[at : at + 6])) for at in range(0, len(glimpse) // 6 * 6, 6)]
    lines = []
    for start in range(0, len(pixels) - 2 * width + 1, 2 * width):
        line = Text()
        for upper, lower in zip(
            pixels[start : start + width], pixels[start + width : start + 2 * width], strict=True
        ):
            line.append(HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
        lines.append(line)
    return lines

"""What the agent is shown: source, frames sent, what they may cost, a thumbnail in half blocks."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style
from rich.text import Text

from realtime_cli.client import inputs
from realtime_cli.client.image_tokens import image_tokens
from realtime_cli.conversation import events as e

HALF = "▀"  # the upper half has the foreground colour, the lower half the background colour


class VideoPanel:
    """``observe`` events. ``tokens`` estimates what the frames cost when they were sent."""

    def __init__(self) -> None:
        self.source = ""
        self.sent = 0
        self.tokens = 0
        self.thumbnail = ""

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.VideoFrameTaken():
                self.source = event.source or self.source
            case e.ImageShown(frame=True) if event.width_px:
                self.sent += 1
                self.tokens += image_tokens(event.width_px, event.height_px, event.detail)
                self.thumbnail = event.thumbnail


def thumbnail_rows(thumbnail: str) -> list[Text]:
    """Two rows of pixels on each line of the terminal; an unpaired last row is left out."""
    width = inputs.THUMBNAIL_COLUMNS
    pixels = [tuple(bytes.fromhex(thumbnail[at : at + 6])) for at in range(0, len(thumbnail) // 6 * 6, 6)]
    lines = []
    for start in range(0, len(pixels) - 2 * width + 1, 2 * width):
        line = Text()
        for upper, lower in zip(
            pixels[start : start + width], pixels[start + width : start + 2 * width], strict=True
        ):
            line.append(HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
        lines.append(line)
    return lines

"""What the eyes deliver."""

from __future__ import annotations

from realtime_cli.value import value


@value
class VideoFrame:
    """One image as a data URI, its size in pixels, and a thumbnail (hexadecimal RGB, 16 columns wide)."""

    image: str
    width: int
    height: int
    thumbnail: str = ""
    source: str = ""
    gray: bytes = b""  # 64 by 48 grey values, to tell whether it looks like another


NO_FRAME = VideoFrame("", 0, 0)

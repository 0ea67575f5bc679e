"""``[video]``: what the agent sees."""

from typing import Literal

from pydantic import Field

from realtime_cli.config.section import Section


class Video(Section):
    source: str | None = None
    """camera, camera:1, screen, screen:2, a video file, photos/*.jpg, or rtsp://...; nothing by default."""
    when: Literal["interval", "on_turn", "on_key", "on_change"] = "interval"
    """When a frame is sent; on_change leaves out frames that look the same."""
    interval_s: float = Field(default=1.0, ge=0.1)
    """Seconds between two frames."""
    max_side: int = Field(default=1024, ge=64, le=4096)
    """Longer side in pixels; larger frames are scaled down."""
    quality: int = Field(default=80, ge=1, le=100)
    """JPEG quality."""
    detail: Literal["auto", "low", "high"] = "auto"
    """How closely the model looks; low costs less."""
    respond: bool = False
    """Ask for an answer to each frame, whenever nobody speaks."""
    start_paused: bool = False
    """Begin without sending."""
    keep: int = Field(default=4, ge=1)
    """Frames that stay in the conversation; older ones are deleted from it."""

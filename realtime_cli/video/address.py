"""What ``[video] source`` names, and how PyAV is asked for it on each system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from realtime_cli.errors import ConfigError
from realtime_cli.user_path import user_path
from realtime_cli.value import value

Kind = Literal["camera", "screen", "stream", "file", "photos"]
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif", ".avif", ".bmp"}
_STREAM = re.compile(r"(rtsp|rtsps|rtmp|http|https|udp|tcp|srt)://", re.I)
_DEVICE = re.compile(r"(camera|screen)(?::(\d+))?")
OPEN_S, READ_S = 8.0, 8.0  # a stream that is silent for this long is lost


@value
class Address:
    """``name`` and ``format`` are what ``av.open`` takes; ``shown`` is what the user is told."""

    kind: Kind
    shown: str
    name: str
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """It goes on whether somebody looks or not; a file waits."""
        return self.kind in ("camera", "screen", "stream")


def kind_of(source: str, folder: Path) -> Kind:
    """What a source is, whether it is there or not."""
    if device := _DEVICE.fullmatch(source):
        return "camera" if device[1] == "camera" else "screen"
    if _STREAM.match(source):
        return "stream"
    path = user_path(source, folder)
    photos = any(sign in source for sign in "*?[") or path.suffix.lower() in _PICTURES or path.is_dir()
    return "photos" if photos else "file"


def address(
    source: str, folder: Path, interval_s: float, platform: str, environ: Mapping[str, str]
) -> Address:
    """Where to look. Paths are relative to ``folder``; raises ConfigError for what this system has not."""
    if device := _DEVICE.fullmatch(source):
        number = device[2] and int(device[2])
        if device[1] == "camera":
            return _camera(source, number or 0, platform)
        return _screen(source, max(1, number or 1), interval_s, platform, environ)
    kind = kind_of(source, folder)
    if kind == "stream":
        options = {"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {}
        return Address("stream", without_secrets(source), source, options=options)
    # From the root on: to FFmpeg a relative "concat:a|b" is no path.
    return Address(kind, source, str(Path.cwd() / user_path(source, folder)))


def _camera(source: str, number: int, platform: str) -> Address:
    if platform == "darwin":
        options = {"framerate": "30", "pixel_format": "uyvy422"}
        return Address("camera", source, f"{number}:none", "avfoundation", options)
    if platform == "win32":
        return Address("camera", source, f"video={_camera_name(number)}", "dshow")
    return Address("camera", source, f"/dev/video{number}", "v4l2")


def _camera_name(number: int) -> str:
    """DirectShow knows cameras by name only."""
    import av

    try:
        found = [each.name for each in av.enumerate_input_devices("dshow") if "video" in each.media_types]
    except (OSError, ValueError, AttributeError):
        found = []
    if number >= len(found):
        raise ConfigError(f"There is no camera {number}.", f"Known cameras: {', '.join(found) or 'none'}.")
    return found[number]


def _screen(
    source: str, number: int, interval_s: float, platform: str, environ: Mapping[str, str]
) -> Address:
    # FFmpeg would look at 5 s of frames, and keep them, to learn what a screen tells it at once.
    rate = {"framerate": f"{max(1.0, 1 / interval_s):g}", "draw_mouse": "1", "probesize": "32"}
    if platform == "darwin":
        options = {"framerate": "5", "capture_cursor": "1", "pixel_format": "uyvy422"}
        return Address("screen", source, f"Capture screen {number - 1}:none", "avfoundation", options)
    if platform == "win32":
        if number > 1:
            raise ConfigError(
                "On Windows all screens are captured as one picture.", 'Write source = "screen".'
            )
        return Address("screen", source, "desktop", "gdigrab", rate)
    display = environ.get("DISPLAY")
    if not display:
        wayland = (
            " (Wayland does not let programs record the screen without asking)"
            if environ.get("WAYLAND_DISPLAY")
            else ""
        )
        raise ConfigError(
            f"There is no X display to record{wayland}.", "Set DISPLAY, or choose another source."
        )
    if number > 1:
        display = re.sub(r"(:\d+)(\.\d+)?$", rf"\1.{number - 1}", display)
    return Address("screen", source, display, "x11grab", rate)


def without_secrets(url: str) -> str:
    """A stream's address as it may be shown: without user, password and query."""
    return re.sub(r"//[^/?#]*@", "//", url).partition("?")[0]

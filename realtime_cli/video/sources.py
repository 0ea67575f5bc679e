"""A source as a row of moments, each of which can be made a picture. Blocking: for a thread of its own."""

from __future__ import annotations

import glob
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.video.address import OPEN_S, READ_S, Address
from realtime_cli.video.encode import frame_of_file, frame_of_image
from realtime_cli.video.frame import VideoFrame

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame as AvFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image as Picture

Sleep = Callable[[float], None]
Due = Callable[[], bool]
Show = Callable[[int, int], VideoFrame]  # (max_side, quality) -> the moment as a picture

REMEDIES = {
    "camera": "Check that it is plugged in, free and readable for you.",
    "screen": "Check DISPLAY and the permission to record the screen.",
    "stream": "Check the address and that it is being served.",
    "file": "Check the path, and that it is a video.",
    "photos": "Check the path.",
}
PICTURES = ("*.jpg", "*.jpeg", "*.png", "*.webp", "*.gif", "*.heic", "*.avif")


def load() -> None:
    """Load the libraries now: a thread that does it while people talk holds the sound up for 0.1 s."""
    with suppress(ImportError):  # told when somebody looks
        import_module("av")
        import_module("PIL.Image").preinit()


def moments(place: Address, due: Due, sleep: Sleep) -> Iterator[Show]:
    """The source's frames at its own pace; those before which ``due()`` is false are passed over.

    Raises ConfigError, in words for the user, when the source cannot be opened or breaks off.
    """
    if place.kind == "photos":
        return _photos(place, due, sleep)
    return _video(place, due, sleep)


def _photos(place: Address, due: Due, sleep: Sleep) -> Iterator[Show]:
    paths = _paths(place)
    if not paths:
        raise ConfigError(f"No picture matches {place.shown}.", REMEDIES["photos"])
    for path in paths:
        while not due():
            sleep(0.02)
        yield lambda max_side, quality, path=path: frame_of_file(path, max_side, quality)  # type: ignore[misc]


def _paths(place: Address) -> list[Path]:
    path = Path(place.name)
    if path.is_dir():
        return sorted(found for pattern in PICTURES for found in path.glob(pattern))
    if path.exists() or not glob.has_magic(place.name):
        return [path]
    return [Path(found) for found in sorted(glob.glob(place.name))]


def _video(place: Address, due: Due, sleep: Sleep) -> Iterator[Show]:
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise ConfigError(
            "Video needs PyAV, which is not installed.", f"Install it: {install_extra('video')}"
        ) from None
    try:
        timeout = (OPEN_S, READ_S) if place.kind == "stream" else None
        with av.open(place.name, format=place.format, options=place.options, timeout=timeout) as container:
            if not container.streams.video:
                raise ConfigError(f"There is no picture in {place.shown}.", REMEDIES[place.kind])
            yield from _frames(container, place, due, sleep)
    except FFmpegError as error:
        reason = (error.strerror or str(error)).strip().rstrip(".")
        raise ConfigError(f"{_named(place)} cannot be captured: {reason}.", REMEDIES[place.kind]) from None
    except (OSError, ValueError) as error:  # PyAV's own, for what FFmpeg was not even asked
        raise ConfigError(f"{_named(place)} cannot be captured: {error}.", REMEDIES[place.kind]) from None


def _named(place: Address) -> str:
    return f"The {place.shown}" if place.kind in ("camera", "screen") else place.shown


def _frames(container: InputContainer, place: Address, due: Due, sleep: Sleep) -> Iterator[Show]:
    stream = container.streams.video[0]
    stream.thread_count = 1  # a frame a second needs no more, and the sound needs the processor
    began_at = time.monotonic()
    first_s: float | None = None
    for packet in container.demux(stream):
        if not place.live and (at_s := _time_s(packet)) is not None:
            first_s = at_s if first_s is None else first_s
            sleep(max(0.0, began_at + at_s - first_s - time.monotonic()))
        if not (due() or _needs_all(stream)):
            continue
        for frame in packet.decode():
            if due():
                yield _show(frame)


def _needs_all(stream: VideoStream) -> bool:
    """Frames are told as changes of others, so that all must be unpacked to see one."""
    return not stream.codec.intra_only


def _time_s(packet: Packet[VideoStream]) -> float | None:
    at = packet.pts if packet.pts is not None else packet.dts
    return float(at * packet.time_base) if at is not None and packet.time_base else None


def _show(frame: AvFrame) -> Show:
    def show(max_side: int, quality: int) -> VideoFrame:
        scale = min(1.0, max_side / max(frame.width, frame.height))
        size = {"width": max(2, round(frame.width * scale)), "height": max(2, round(frame.height * scale))}
        image: Picture = frame.to_image(**size)  # type: ignore[no-untyped-call]
        return frame_of_image(_upright(image, frame), max_side, quality)

    return show


def _upright(image: Picture, frame: AvFrame) -> Picture:
    """Telephones film sideways and note the angle, counterclockwise, beside the frame."""
    angle = round(getattr(frame, "rotation", 0) or 0) % 360
    return image.rotate(angle, expand=True) if angle else image

"""Real things to look at: films, streams of them, a screen, and the colour of what was seen."""

from __future__ import annotations

import base64
import io
import os
import select
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from PIL import Image

from realtime_cli.video.frame import VideoFrame

RED, GREEN, BLUE, WHITE, BLACK = (250, 10, 10), (10, 240, 10), (10, 10, 250), (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def film(
    path: Path,
    scenes: tuple[Colour | Image.Image, ...],
    *,
    seconds_each: float = 0.5,
    size: tuple[int, int] = (320, 240),
) -> Path:
    """A film at 10 frames a second: one plain colour, or picture, after the other."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 2_000_000
        for scene in scenes:
            image = scene if isinstance(scene, Image.Image) else Image.new("RGB", size, scene)
            frame = av.VideoFrame.from_image(image)
            for _ in range(round(seconds_each * 10)):
                frame.pts = None
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def picture(path: Path, colour: Colour = RED, size: tuple[int, int] = (64, 48), **save: object) -> Path:
    Image.new("RGB", size, colour).save(path, **save)  # type: ignore[arg-type]
    return path


def unpacked(sight: VideoFrame | str) -> Image.Image:
    """The JPEG in a data URI."""
    uri = sight if isinstance(sight, str) else sight.image
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.format == "JPEG"
    return image


def shows(sight: VideoFrame | str, colour: Colour) -> bool:
    """Whether the picture is of this colour, but for what JPEG and video make of it."""
    return like(unpacked(sight), colour)


def like(image: Image.Image, colour: Colour) -> bool:
    mean = np.asarray(image.convert("RGB"), np.float64).reshape(-1, 3).mean(axis=0)
    return bool(np.abs(mean - colour).max() < 25)


class Screen:
    """An X server without a monitor; ``fill`` writes into its picture memory as a program would draw."""

    def __init__(self, display: str, memory: Path) -> None:
        self.display = display
        self._memory = memory

    def fill(self, colour: Colour, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Paint a part of the screen."""
        with self._pixels() as pixels:
            pixels[rows][:, columns] = colour[::-1]

    def paste(self, image: Image.Image) -> None:
        """Show a picture of the screen's size."""
        with self._pixels() as pixels:
            pixels[:] = np.asarray(image.convert("RGB"))[:, :, ::-1]

    @contextmanager
    def _pixels(self) -> Iterator[np.ndarray]:
        """The memory is an XWD file: header, colours, then rows of blue, green, red and a filler."""
        with self._memory.open("r+b") as file:
            header = struct.unpack(">25I", file.read(100))
            start, width, height = header[0] + 12 * header[19], header[4], header[5]
            pixels = np.memmap(file, np.uint8, "r+", start, (height, header[12] // 4, 4))
            yield pixels[:, :width, :3]
            pixels.flush()


def turned_left(path: Path) -> Path:
    """The film, marked as a telephone marks what it filmed sideways: to be turned by 90 degrees."""
    data = path.read_bytes()
    matrix = data.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: nine numbers of 16.16 and 2.30 bits
    turn = struct.pack(">9i", 0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:matrix] + turn + data[matrix + 36 :])
    return path


@contextmanager
def screen(folder: Path, size: tuple[int, int] = (320, 240), display: str = "") -> Iterator[Screen]:
    """Xvfb, on a display of its own choice unless one is named."""
    read, write = os.pipe()
    command = [
        "Xvfb",
        *([display] if display else []),
        "-displayfd",
        str(write),
        "-noreset",
        "-nolisten",
        "tcp",
        "-fbdir",
        str(folder),
    ]
    command += ["-screen", "0", f"{size[0]}x{size[1]}x24"]
    with (
        subprocess.Popen(
            command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server,
        os.fdopen(read) as answer,
    ):
        os.close(write)
        try:
            assert select.select([answer], [], [], 20)[0], "Xvfb does not answer"
            yield Screen(f":{answer.readline().strip()}", folder / "Xvfb_screen0")
        finally:
            server.terminate()


@contextmanager
def streamed(path: Path, port: int) -> Iterator[str]:
    """ffmpeg serves the film over HTTP, once, at the pace at which it plays."""
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg
    url = f"http://127.0.0.1:{port}/film"
    command = [ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(path), "-c", "copy"]
    command += ["-f", "matroska", "-listen", "1", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield url
        finally:
            server.kill()

"""Pictures of all kinds become upright JPEGs; what is none is refused in a sentence."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from realtime_cli.errors import ConfigError
from realtime_cli.video.encode import frame_of_bytes, frame_of_file, thumbnail
from tests.video.material import BLUE, GREEN, RED, WHITE, like, picture, shows, unpacked

ROTATED_RIGHT = 6  # EXIF: the camera was held so that the picture must be turned to the right


@pytest.mark.parametrize(
    "kind",
    [
        "png",
        "jpg",
        "gif",
        "bmp",
        pytest.param(
            "webp", marks=pytest.mark.skipif(not features.check("webp"), reason="this Pillow reads no WebP")
        ),
    ],
)
def test_every_kind_becomes_a_jpeg(tmp_path: Path, kind: str) -> None:
    sight = frame_of_file(picture(tmp_path / f"red.{kind}"))
    assert (sight.width, sight.height) == (64, 48) == unpacked(sight).size
    assert shows(sight, RED)


def test_heic_where_its_reader_is_installed(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    assert shows(frame_of_file(picture(tmp_path / "red.heic")), RED)


def test_of_an_animation_the_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (BLUE, RED, GREEN)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert shows(frame_of_file(tmp_path / "moving.gif"), BLUE)


def test_turned_upright_and_shrunk(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), RED)
    image.paste(BLUE, (0, 0, 200, 200))  # left half
    exif = Image.Exif()
    exif[0x0112] = ROTATED_RIGHT
    image.save(tmp_path / "held.jpg", exif=exif)
    sight = frame_of_file(tmp_path / "held.jpg", max_side=100)
    upright = unpacked(sight)
    assert upright.size == (50, 100)
    assert like(upright.crop((0, 0, 50, 45)), BLUE)  # what was left is on top
    assert like(upright.crop((0, 55, 50, 100)), RED)
    assert not upright.getexif()  # nor does it tell where the picture was taken


def test_nothing_is_enlarged(tmp_path: Path) -> None:
    assert frame_of_file(picture(tmp_path / "dot.png", size=(1, 1)), max_side=500).width == 1


@pytest.mark.parametrize("size", [(3000, 2), (2, 3000)])
def test_slivers_keep_a_side_of_one_pixel(tmp_path: Path, size: tuple[int, int]) -> None:
    sight = frame_of_file(picture(tmp_path / "sliver.png", size=size), max_side=64)
    assert max(sight.width, sight.height) == 64
    assert min(sight.width, sight.height) == 1
    assert len(sight.thumbnail) % (2 * 16 * 6) == 0


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "L", "CMYK", "YCbCr"])
def test_every_mode_of_colour(tmp_path: Path, mode: str) -> None:
    name = "any.jpg" if mode in ("CMYK", "YCbCr") else "any.png"
    Image.new("RGB", (20, 20), WHITE).convert(mode if mode != "LA" else "L").convert(mode).save(
        tmp_path / name
    )
    assert unpacked(frame_of_file(tmp_path / name)).size == (20, 20)


def test_sixteen_bits_of_grey(tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 20), 30_000, np.uint16)).save(tmp_path / "scan.png")
    assert shows(frame_of_file(tmp_path / "scan.png"), (117, 117, 117))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (*RED, 0)).save(tmp_path / "glass.png")
    assert shows(frame_of_file(tmp_path / "glass.png"), WHITE)


def test_fifty_megapixels_are_taken(tmp_path: Path) -> None:
    Image.new("1", (8192, 6144)).save(tmp_path / "huge.png")
    sight = frame_of_file(tmp_path / "huge.png")
    assert (sight.width, sight.height) == (1024, 768)


def a_bomb(path: Path, side: int) -> None:
    """The head of a PNG of so many pixels; nothing else of it is there."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    crc = struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + crc + b"\0\0\1\0IDAT")


def truncated(path: Path, kind: str = "JPEG") -> None:
    Image.effect_noise((300, 300), 80).save(path, kind)
    path.write_bytes(path.read_bytes()[:5000])


BAD: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: None, "There is no picture"),
    (lambda path: path.mkdir(), "is a folder, not a picture. Name one file in it."),
    (lambda path: path.write_bytes(b""), "is empty"),
    (
        lambda path: path.write_text("hello"),
        "is not a picture that can be read. Supported: PNG, JPEG, WebP, GIF",
    ),
    (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50)), "is not a picture that can be read"),
    (truncated, "is damaged: image file is truncated"),
    (lambda path: truncated(path, "PNG"), "is damaged"),
    (lambda path: truncated(path, "GIF"), "is damaged"),
    (lambda path: a_bomb(path, 12_000), "has 12000 by 12000 pixels, more than 120 million. Make it smaller."),
    (lambda path: a_bomb(path, 40_000), "has too many pixels. Make it smaller."),
    (lambda path: os.mkfifo(path), "is not a regular file"),
    (lambda path: path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "is not a picture"),
]


@pytest.mark.parametrize(("make", "said"), BAD)
def test_what_is_no_picture_is_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(ConfigError) as refusal:
        frame_of_file(path)
    assert str(path) in str(refusal.value)
    assert said in str(refusal.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_without_permission(tmp_path: Path) -> None:
    path = picture(tmp_path / "mine.png")
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        frame_of_file(path)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        frame_of_file(Path("a\0b.png"))
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        frame_of_file(Path("a" * 300 + ".png"))


@pytest.mark.parametrize("cut", range(0, 900, 37))
def test_a_picture_that_breaks_off_anywhere_raises_nothing_else(tmp_path: Path, cut: int) -> None:
    data = picture(tmp_path / "x.jpg").read_bytes()
    with suppress(ConfigError):
        assert frame_of_bytes(data[:cut], "x").width == 64


def test_a_thumbnail_has_the_proportions_of_its_picture() -> None:
    assert thumbnail(Image.new("RGB", (160, 80), RED)) == bytes(RED).hex() * 16 * 8
    assert len(thumbnail(Image.new("RGB", (100, 1000)))) == 16 * 16 * 6
    assert len(thumbnail(Image.new("RGB", (1000, 1)))) == 16 * 2 * 6

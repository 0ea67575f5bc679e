"""What can be read off a picture's pixels."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from realtime_cli.server.engine.picture_facts import codes, colour_name, colours, unpacked


def png(image: Image.Image, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **more)
    return out.getvalue()


def test_a_large_picture_is_unpacked_small() -> None:
    image = unpacked(png(Image.new("RGBA", (3000, 1500), "red")))
    assert image is not None
    assert (image.size, image.mode) == ((1024, 512), "RGB")


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(20), b"GIF89a"])
def test_what_is_none_is_none(data: bytes) -> None:
    assert unpacked(data) is None


def test_half_a_picture_is_none() -> None:
    whole = png(Image.effect_noise((64, 64), 50))
    assert unpacked(whole[: len(whole) // 2]) is None


def test_a_picture_that_would_hold_up_the_answer_is_none() -> None:
    assert unpacked(png(Image.new("1", (5000, 4001)))) is None


def test_the_widest_colours_are_named_first_and_specks_are_not() -> None:
    image = Image.new("RGB", (100, 100), "blue")
    image.paste("red", (0, 0, 100, 30))
    image.paste("white", (0, 0, 10, 10))
    assert colours(image) == ["blue", "red"]


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((220, 20, 20), "red"),
        ((255, 150, 30), "orange"), ((110, 60, 20), "brown"), ((250, 230, 20), "yellow"), ((20, 160, 40), "green"),
        ((30, 200, 200), "turquoise"), ((20, 40, 220), "blue"), ((130, 30, 200), "purple"), ((240, 60, 180), "pink"),
        ((200, 10, 50), "red"),
    ],
)  # fmt: skip
def test_colours_have_the_names_that_people_give_them(rgb: tuple[int, int, int], name: str) -> None:
    assert colour_name(*rgb) == name


def test_a_code_is_read() -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    code = zxingcpp.create_barcode(" https://example.org/menu ", zxingcpp.BarcodeFormat.QRCode)
    image = Image.fromarray(code.to_image(scale=4)).convert("RGB")
    assert codes(image) == ["https://example.org/menu"]
    assert codes(Image.new("RGB", (50, 50), "white")) == []

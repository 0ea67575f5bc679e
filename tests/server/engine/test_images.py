"""What is told of a picture."""

from __future__ import annotations

import base64
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from realtime_cli.server.engine.images import codes, colour_name, colours, describe, picture_facts


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("kind", "told"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("GIF", "GIF"), ("WEBP", "WebP")]
)
def test_format_size_and_colour(kind: str, told: str) -> None:
    assert describe([uri(encoded(Image.new("RGB", (320, 240), "blue"), kind))]) == (
        f"Your picture is a {told} of 320 by 240 pixels. It is mostly blue."
        " More than that I cannot see without a model that sees."
    )


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(20), b"GIF89a"])
def test_what_is_no_picture(data: bytes) -> None:
    assert describe([uri(data)]) == "Your picture is in a form that I cannot read."


@pytest.mark.parametrize("uri", ["", "http://x/y.png", "data:image/png;base64,!!!", "data:image/png,abc"])
def test_what_is_no_picture_in_a_data_uri(uri: str) -> None:
    assert "cannot read" in describe([uri])


@given(st.binary(max_size=64), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
def test_no_bytes_break_it(noise: bytes, kind: str) -> None:
    whole = encoded(Image.new("RGB", (8, 8), "red"), kind)
    assert picture_facts(uri(whole[: len(noise)] + noise))


def test_of_half_a_picture_the_size_is_told() -> None:
    whole = encoded(Image.effect_noise((64, 64), 50))
    told = describe([uri(whole[: len(whole) // 2])])
    assert "64 by 64" in told
    assert "mostly" not in told


def test_a_picture_that_would_hold_up_the_answer_is_not_unpacked() -> None:
    told = describe([uri(encoded(Image.new("1", (5000, 4001))))])
    assert "5000 by 4001" in told
    assert "mostly" not in told


def test_the_last_of_several_is_described() -> None:
    gif = uri(encoded(Image.new("RGB", (320, 240)), "GIF"))
    assert describe(["", gif]).startswith("You have shown me 2 pictures. The last is a GIF of 320 by 240")
    assert describe([]) == ""


def test_without_pillow_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    told = describe([uri(b"never seen before")])
    assert told.startswith("Your picture cannot be looked at: the package Pillow is not installed")


def test_the_widest_colours_are_named_first_and_specks_are_not() -> None:
    image = Image.new("RGB", (100, 100), "blue")
    image.paste("red", (0, 0, 100, 30))
    image.paste("white", (0, 0, 10, 10))
    assert colours(image) == ["blue", "red"]


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((220, 20, 20), "red"),
        ((255, 150, 30), "orange"), ((110, 60, 20), "brown"), ((250, 230, 20), "yellow"),
        ((20, 160, 40), "green"), ((30, 200, 200), "turquoise"), ((20, 40, 220), "blue"),
        ((130, 30, 200), "purple"), ((240, 60, 180), "pink"), ((200, 10, 50), "red"),
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

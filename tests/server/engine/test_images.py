"""Format and size of a picture from its first bytes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.server.engine.images import ImageFacts, describe, read_header, read_picture

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (320).to_bytes(4) + (240).to_bytes(4) + b"\x08\x06"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xff\xc0\x00\x11\x08\x00\xf0\x01\x40\x03" + bytes(10)
)
GIF = b"GIF89a" + (320).to_bytes(2, "little") + (240).to_bytes(2, "little")
WEBP_LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(10) + b"\x40\x01\xf0\x00" + bytes(8)
WEBP_EXTENDED = b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x3f\x01\x00\xef\x00\x00"
WEBP_LOSSLESS = (
    b"RIFF\x00\x00\x00\x00WEBPVP8L" + bytes(5) + (319 | 239 << 14).to_bytes(4, "little") + bytes(8)
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "PNG"),
        (JPEG, "JPEG"),
        (GIF, "GIF"),
        (WEBP_LOSSY, "WebP"),
        (WEBP_EXTENDED, "WebP"),
        (WEBP_LOSSLESS, "WebP"),
    ],
)
def test_sizes(data: bytes, kind: str) -> None:
    assert read_header(data) == ImageFacts(kind, 320, 240)


@given(st.binary(max_size=64), st.sampled_from([PNG, JPEG, GIF, WEBP_LOSSY, WEBP_EXTENDED, b""]))
def test_no_bytes_break_it(noise: bytes, start: bytes) -> None:
    read_header(start[: len(noise)] + noise)


@pytest.mark.parametrize("uri", ["", "http://x/y.png", "data:image/png;base64,!!!", "data:image/png,abc"])
def test_what_is_no_picture(uri: str) -> None:
    assert read_picture(uri) is None
    assert "cannot read" in describe([uri])


def test_the_last_of_several_is_described() -> None:
    uri = "data:image/gif;base64," + base64.b64encode(GIF).decode()
    assert describe(["", uri]).startswith("You have shown me 2 pictures. The last is a GIF of 320 by 240")
    assert describe([]) == ""

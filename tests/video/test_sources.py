"""Films, streams, screens and folders of pictures, as moments; what cannot be seen, in a sentence."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from realtime_cli.errors import ConfigError
from realtime_cli.video.address import address
from realtime_cli.video.frame import VideoFrame
from realtime_cli.video.sources import moments
from tests.video.material import (
    BLUE,
    GREEN,
    RED,
    film,
    like,
    picture,
    screen,
    shows,
    streamed,
    turned_left,
    unpacked,
)

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}
needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def look(
    source: str | Path, folder: Path = Path(), display: str = "", live: bool = False
) -> Iterator[VideoFrame]:
    """All there is to be seen, as fast as it can be seen unless it is ``live``."""
    place = address(str(source), folder, 0.1, "linux", {"DISPLAY": display})
    for show in moments(place, lambda: True, time.sleep if live else lambda seconds: None):
        yield show(1024, 80)


def colour(sight: VideoFrame) -> str:
    return next((name for name, colour in COLOURS.items() if shows(sight, colour)), "?")


def test_a_film_frame_by_frame(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (RED, GREEN, BLUE))
    seen = list(look("film.mp4", tmp_path))
    assert [colour(sight) for sight in seen] == ["red"] * 5 + ["green"] * 5 + ["blue"] * 5
    assert {(sight.width, sight.height) for sight in seen} == {(320, 240)}


def test_a_film_plays_at_its_own_pace(tmp_path: Path) -> None:
    place = address(str(film(tmp_path / "film.mp4", (RED, BLUE))), tmp_path, 1, "linux", {})
    slept: list[float] = []
    assert len(list(moments(place, lambda: True, slept.append))) == 10
    assert max(slept) == pytest.approx(0.9, abs=0.2)  # nobody slept: the last frame is almost a second off


def test_frames_that_nobody_waits_for_are_passed_over(tmp_path: Path) -> None:
    place = address(str(film(tmp_path / "film.mp4", (RED, GREEN, BLUE))), tmp_path, 1, "linux", {})
    asked = iter(range(1000))
    seen = list(moments(place, lambda: next(asked) > 24, lambda seconds: None))
    assert 0 < len(seen) < 10
    assert colour(seen[-1](1024, 80)) == "blue"


def test_a_film_that_was_made_sideways_stands_upright(tmp_path: Path) -> None:
    size = (320, 160)
    left, right = Image.new("RGB", size, RED), Image.new("RGB", (160, 160), BLUE)
    left.paste(right, (160, 0))
    path = turned_left(film(tmp_path / "side.mp4", (left,), size=size))
    (sight, *_) = look(path)
    upright = unpacked(sight)
    assert upright.size == (160, 320)
    assert like(upright.crop((0, 0, 160, 150)), BLUE)  # what was on the right is on top
    assert like(upright.crop((0, 170, 160, 320)), RED)


def test_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, colour_ in (("b.png", BLUE), ("a.jpg", RED), ("c.webp", GREEN)):
        picture(tmp_path / name, colour_)
    assert [colour(sight) for sight in look(tmp_path)] == ["red", "blue", "green"]
    assert [colour(sight) for sight in look("*.png", tmp_path)] == ["blue"]
    assert [colour(sight) for sight in look("a.jpg", tmp_path)] == ["red"]


def test_a_picture_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    picture(tmp_path / "me [1].png", GREEN)
    assert [colour(sight) for sight in look("me [1].png", tmp_path)] == ["green"]


@needs_xvfb
@pytest.mark.xdist_group("xvfb")  # a display that is free again is taken by the next
def test_a_screen_as_it_is_now(tmp_path: Path) -> None:
    with screen(tmp_path) as display:
        display.fill(RED)
        with closing(look("screen", display=display.display, live=True)) as seen:  # type: ignore[type-var]
            assert colour(next(seen)) == "red"
            display.fill(GREEN)
            assert "green" in [colour(next(seen)) for _ in range(4)]


@needs_ffmpeg
def test_a_stream_over_http(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", (RED, RED, RED, RED), seconds_each=1.0)
    with streamed(path, free_port()) as url:
        assert colour(first_of(url)) == "red"


def first_of(url: str) -> VideoFrame:
    """The server takes a moment to listen."""
    for _ in range(100):
        try:
            with closing(look(url)) as seen:  # type: ignore[type-var]
                return next(seen)
        except ConfigError:
            time.sleep(0.1)
    raise AssertionError(f"{url} was never served")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


BAD = {
    "missing.mp4": "missing.mp4 cannot be captured: No such file or directory. Check the path",
    "empty.mp4": "empty.mp4 cannot be captured: Invalid data found",
    "text.mp4": "text.mp4 cannot be captured: Invalid data found",
    "torn.mp4": "torn.mp4 cannot be captured: Invalid data found",
    "sound.wav": "There is no picture in sound.wav. Check the path, and that it is a video.",
    "missing/*.jpg": "No picture matches missing/*.jpg. Check the path.",
    "missing.png": "There is no picture",
    "folder": "No picture matches folder.",
    "camera:9": "The camera:9 cannot be captured: No such file or directory. Check that it is plugged in",
    "screen": "The screen cannot be captured: Input/output error. Check DISPLAY",
    "http://127.0.0.1:9/x?key=hunter2": "http://127.0.0.1:9/x cannot be captured: Connection refused.",
    "rtsp://u:hunter2@127.0.0.1:9/x": "rtsp://127.0.0.1:9/x cannot be captured: Connection refused.",
}


@pytest.mark.parametrize("source", BAD)
def test_what_cannot_be_seen_is_told_in_a_sentence(tmp_path: Path, source: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello " * 100)
    whole = film(tmp_path / "whole.mp4", (RED,)).read_bytes()
    (tmp_path / "torn.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "sound.wav").write_bytes(SILENCE)
    with pytest.raises(ConfigError) as refusal:
        list(look(source, tmp_path, display=":99"))
    assert BAD[source] in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


SILENCE = (
    b"RIFF\x64\x01\0\0WAVEfmt \x10\0\0\0\1\0\1\0\xc0\x5d\0\0\x80\xbb\0\0\2\0\x10\0data\x40\x01\0\0"
    + bytes(320)
)

"""The thread that looks: at its pace, when it is to, on and on; with real films, screens and pictures."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from realtime_cli.config.video import Video
from realtime_cli.video.capture import BackgroundCapture, looks_alike
from realtime_cli.video.encode import frame_of_image
from realtime_cli.video.frame import VideoFrame
from tests.video.material import BLUE, RED, WHITE, film, picture, screen, shows

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")


class Look:
    """Eyes on a loop: what they delivered and what they told."""

    def __init__(self, folder: Path, display: str = "", **video: Any) -> None:
        self.sights: list[VideoFrame] = []
        self.told: list[tuple[str, str]] = []
        self.eyes = BackgroundCapture(
            Video(**{"interval_s": 0.1, **video}), folder, self._report, "linux", {"DISPLAY": display}
        )

    def _report(self, level: str, topic: str, text: str) -> None:
        assert topic == "video"
        assert threading.current_thread() is threading.main_thread()
        self.told.append((level, text))

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def looking(folder: Path, **video: Any) -> AsyncIterator[Look]:
    look = Look(folder, **video)
    look.eyes.start(look.sights.append)
    try:
        yield look
    finally:
        await look.eyes.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "eyes"]


def run(scene: Callable[..., Any], *arguments: Any) -> None:
    asyncio.run(scene(*arguments))


def test_a_film_at_the_interval_to_its_end(tmp_path: Path) -> None:
    async def scene() -> None:
        film(tmp_path / "film.mp4", (RED, BLUE), seconds_each=1.5)  # long enough for a busy machine
        async with looking(tmp_path, source="film.mp4", interval_s=0.2) as look:
            await look.until(lambda: look.told)
        assert look.told == [("info", "film.mp4 has ended.")]
        assert 2 <= len(look.sights) <= 16  # of 30 frames in three seconds
        assert shows(look.sights[0], RED)
        assert shows(look.sights[-1], BLUE)
        assert {sight.source for sight in look.sights} == {"film.mp4"}

    run(scene)


def test_the_newest_is_at_hand_where_nothing_is_delivered(tmp_path: Path) -> None:
    async def scene() -> None:
        film(tmp_path / "film.mp4", (BLUE,), seconds_each=3.0)
        async with looking(tmp_path, source="film.mp4", when="on_turn") as look:
            await look.until(look.eyes.latest)
            assert shows(look.eyes.latest() or "", BLUE)
            look.eyes.watch(False)
            assert look.eyes.latest() is None
            assert look.sights == []

    run(scene)


def test_paused_it_sees_nothing_and_goes_on_when_told(tmp_path: Path) -> None:
    async def scene() -> None:
        for number in range(5):
            picture(tmp_path / f"{number}.png")
        async with looking(tmp_path, source="*.png", start_paused=True) as look:
            await asyncio.sleep(0.3)
            assert look.sights == []
            look.eyes.watch(True)
            await look.until(lambda: len(look.sights) == 5)  # none was passed over

    run(scene)


@needs_xvfb
@pytest.mark.xdist_group("xvfb")  # a display that is free again is taken by the next
def test_on_change_leaves_out_what_looks_the_same(tmp_path: Path) -> None:
    async def scene() -> None:
        with screen(tmp_path) as display:
            display.fill(WHITE)
            options = {"source": "screen", "when": "on_change", "display": display.display}
            async with looking(tmp_path, **options) as look:
                await look.until(lambda: look.sights)
                await asyncio.sleep(0.5)
                assert len(look.sights) == 1
                display.fill((0, 0, 0), slice(100, 102), slice(100, 101))  # a cursor
                await asyncio.sleep(0.4)
                assert len(look.sights) == 1
                display.fill((0, 0, 0), slice(0, 12), slice(0, 200))  # a line of text
                await look.until(lambda: len(look.sights) == 2)
                look.eyes.watch(True)  # a new socket has seen nothing yet
                await look.until(lambda: len(look.sights) == 3)

    run(scene)


@needs_xvfb
@pytest.mark.xdist_group("xvfb")  # a display that is free again is taken by the next
def test_a_screen_that_goes_away_is_told_once_and_found_again(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("realtime_cli.video.capture.FIRST_PAUSE_S", 0.1)

    async def scene() -> None:
        (tmp_path / "first").mkdir()
        (tmp_path / "second").mkdir()
        where = f":{1000 + os.getpid() % 50_000}"  # a low one would be taken by the next X server
        with screen(tmp_path / "first", display=where):
            context = looking(tmp_path, source="screen", display=where)
            look = await context.__aenter__()
            await look.until(lambda: len(look.sights) > 1)
        await look.until(lambda: look.told and look.told[-1][0] == "error")
        before, told = len(look.sights), len(look.told)
        assert look.told[-1][1].startswith("The screen cannot be captured: ")
        assert look.told[-1][1].endswith("Trying again; the conversation continues.")
        await asyncio.sleep(0.4)
        assert {level for level, _ in look.told[told:]} <= {"error"}  # of the display, not of the picture
        assert len({text for _, text in look.told[told - 1 :]}) == len(look.told) - told + 1
        with screen(tmp_path / "second", display=where):
            await look.until(lambda: len(look.sights) > before)
            assert look.told[-1] == ("info", "Video works: screen.")
            await context.__aexit__(None, None, None)

    run(scene)


def test_a_camera_that_is_not_there(tmp_path: Path) -> None:
    async def scene() -> None:
        async with looking(tmp_path, source="camera:77") as look:
            await look.until(lambda: look.told)
        remedy = "Check that it is plugged in, free and readable for you."
        why = "The camera:77 cannot be captured: No such file or directory."
        text = f"{why} {remedy} Trying again; the conversation continues."
        assert look.told == [("error", text)]

    run(scene)


def test_one_bad_picture_among_others(tmp_path: Path) -> None:
    async def scene() -> None:
        picture(tmp_path / "a.png")
        (tmp_path / "b.png").write_text("no picture")
        picture(tmp_path / "c.png", BLUE)
        async with looking(tmp_path, source="*.png") as look:
            await look.until(lambda: len(look.told) >= 2 and len(look.sights) == 2)
        assert shows(look.sights[1], BLUE)
        assert "b.png is not a picture that can be read" in look.told[0][1]

    run(scene)


def test_pictures_that_come_later_are_found(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("realtime_cli.video.capture.FIRST_PAUSE_S", 0.1)

    async def scene() -> None:
        async with looking(tmp_path, source="*.png") as look:
            await look.until(lambda: look.told)
            assert "No picture matches *.png." in look.told[0][1]
            picture(tmp_path / "a.png")
            await look.until(lambda: look.sights)

    run(scene)


def test_closing_does_not_wait_for_a_source(tmp_path: Path) -> None:
    async def scene() -> None:
        film(tmp_path / "film.mp4", (RED,), seconds_each=20.0)
        async with looking(tmp_path, source="film.mp4") as look:
            await look.until(lambda: look.sights)

    run(scene)


def sight(image: Image.Image) -> VideoFrame:
    return frame_of_image(image.copy())


def test_what_looks_alike() -> None:
    page = Image.new("RGB", (1024, 768), WHITE)
    before = sight(page)
    draw = ImageDraw.Draw(page)
    draw.rectangle((500, 300, 502, 316), "black")  # a cursor
    assert looks_alike(before, sight(page))
    draw.text(
        (100, 400), "Where a line of text is written, the screen is another one.", "black", font_size=16
    )
    assert not looks_alike(before, sight(page))
    assert not looks_alike(None, before)
    assert not looks_alike(before, sight(page.resize((500, 500))))


def test_a_cameras_noise_is_no_change() -> None:
    grey = Image.new("L", (640, 480), 128)
    noisy = Image.blend(grey, Image.effect_noise((640, 480), 40), 0.3)
    again = Image.blend(grey, Image.effect_noise((640, 480), 40), 0.3)
    assert looks_alike(sight(noisy), sight(again))

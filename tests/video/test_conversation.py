"""What is seen in a conversation: on the wire, at the server, on the screen, in recordings and exports."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.controls import Controls
from realtime_cli.client import inputs
from realtime_cli.config import load_agent
from realtime_cli.config.video import Video
from realtime_cli.errors import ExitCode
from realtime_cli.recording.reader import read
from realtime_cli.tui.key_events import SlashCommand
from realtime_cli.video.capture import BackgroundCapture
from tests.kit.cli import run_cli
from tests.kit.live_session import Live, live, serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.tui.scenes import EntryView
from tests.video.material import BLUE, GREEN, RED, film, picture, shows

CLIP = Path(__file__).parents[2] / "configs" / "scripts" / "clips" / "seventeen-times-twenty-three.wav"


@pytest.fixture(autouse=True)
def verified(recordings_verify: None) -> None:
    """Every recording made here is verified once its test is over."""


@asynccontextmanager
async def seeing(
    folder: Path, engine: ScriptedEngine, record: Path | None = None, **video: Any
) -> AsyncIterator[Live]:
    """A session with eyes, against the package's server."""
    settings = Video(**{"interval_s": 0.1, **video})
    talks: list[Live] = []
    eyes = BackgroundCapture(
        settings, folder, lambda *note: talks[0].duplex.note(*note), sys.platform, os.environ
    )
    options: dict[str, Any] = {
        "video_when": settings.when if settings.source else None,
        "video_keep": settings.keep,
        "video_detail": settings.detail,
        "video_start_paused": settings.start_paused,
    }
    async with (
        serving(engine) as server,
        live(server.url, record=record, edges={"eyes": eyes if settings.source else None}, **options) as talk,
    ):
        talks.append(talk)
        await talk.ready()
        yield talk


def pictures(items: tuple[Any, ...]) -> list[str]:
    return [
        part["image_url"]
        for item in items
        for part in item.get("content") or ()
        if part["type"] == "input_image"
    ]


def test_from_a_film_to_the_server_into_the_recording_and_out_again(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (RED, GREEN, BLUE))
    engine, path = ScriptedEngine(), tmp_path / "session.jsonl"

    async def scene() -> Live:
        async with seeing(tmp_path, engine, path, source="film.mp4", keep=2) as talk:
            await talk.until(lambda: talk.notes("video"))
            await talk.until(lambda: len(talk.received("conversation.item.deleted")) == frames(talk) - 2)
            await talk.say("What did you see?")
            return talk

    talk = asyncio.run(scene())
    assert talk.notes("video") == ["film.mp4 has ended."]
    assert 8 <= frames(talk) <= 15
    seen = pictures(engine.requests[-1].items)
    assert [shows(image, BLUE) for image in seen] == [True, True]  # the newest, and no others

    view = EntryView()
    for entry in read(path).entries():
        view.fold(entry)
    assert view.video.sent == view.transcript.pictures_sent == frames(talk)
    assert view.video.source == "film.mp4"
    assert view.video.tokens == 255 * frames(talk)
    glimpse = bytes.fromhex(view.video.thumbnail)[:3]
    assert glimpse[2] > 200 > 60 > glimpse[0]

    kept = list((tmp_path / "session.images").iterdir())
    assert 3 <= len(kept) <= frames(talk)  # the same picture is kept once
    assert {image.stat().st_mode & 0o777 for image in kept} == {0o600}
    assert "base64" not in path.read_text()
    page = run_cli("export", path, "--format", "html", "-o", tmp_path / "page.html")
    assert page.returncode == 0, page.stderr
    assert "data:image/jpeg;base64," in (tmp_path / "page.html").read_text()
    replayed = run_cli("replay", path, "--max", "--plain")
    assert replayed.returncode == 0, replayed.stderr
    assert f"Video: film.mp4: {frames(talk)} pictures, ~{255 * frames(talk)} tokens\n" in replayed.stderr


def frames(talk: Live) -> int:
    return sum(e.item.id.startswith("frame_") for e in talk.sent("conversation.item.create") if e.item.id)


def test_the_key_pauses_and_goes_on_and_detail_changes_meanwhile(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (RED,), seconds_each=30.0)

    async def scene() -> None:
        async with seeing(tmp_path, ScriptedEngine(), source="film.mp4", start_paused=True) as talk:
            await asyncio.sleep(0.3)
            assert frames(talk) == 0
            press(talk, "video")
            await talk.until(lambda: frames(talk) > 1)
            press(talk, "video")
            before = frames(talk)
            await asyncio.sleep(0.3)
            assert frames(talk) == before
            talk.duplex.step(inputs.DetailChanged(talk.duplex.now(), "low"))
            press(talk, "video")
            await talk.until(lambda: frames(talk) > before)
            shown = talk.sent("conversation.item.create")
            assert [shown[0].item.content[0].detail, shown[-1].item.content[0].detail] == ["auto", "low"]

    asyncio.run(scene())


def press(talk: Live, key: Any) -> None:
    talk.duplex.step(inputs.Pressed(talk.duplex.now(), key))


def test_each_turn_brings_what_is_seen_at_that_moment(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (GREEN,), seconds_each=30.0)
    engine = ScriptedEngine()

    async def scene() -> None:
        async with seeing(tmp_path, engine, source="film.mp4", when="on_turn") as talk:
            await talk.until(lambda: talk.duplex._eyes.latest())
            await talk.say("What is this?")
            assert frames(talk) == 1

    asyncio.run(scene())
    assert [shows(image, GREEN) for image in pictures(engine.requests[-1].items)] == [True]


def test_a_missing_camera_leaves_the_conversation_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with seeing(tmp_path, ScriptedEngine(), source="camera:77") as talk:
            await talk.until(lambda: talk.notes("video"))
            await talk.say("Hello?")
            assert talk.received("response.done")
            assert "The camera:77 cannot be captured" in talk.notes("video")[0]

    asyncio.run(scene())


def test_slash_image_shows_one_and_asks(tmp_path: Path) -> None:
    picture(tmp_path / "my photo.png", GREEN)
    (tmp_path / "bad.png").write_text("no picture")
    (tmp_path / "agent.toml").write_text("")
    engine = ScriptedEngine()

    async def scene() -> None:
        async with seeing(tmp_path, engine) as talk:
            agent = load_agent(tmp_path / "agent.toml", (), {})
            reading = Controls(talk.duplex, agent, lambda: agent)

            def image(rest: str) -> None:
                reading.press(SlashCommand("image", rest))

            def told_more(than: int) -> bool:
                return len(talk.notes("image") + talk.notes("command")) > than

            image(f"'{tmp_path}/my photo.png' What colour is it?")
            await talk.until(lambda: talk.received("response.done"))
            image(f"'{tmp_path}/my photo.png'")
            await talk.until(lambda: len(talk.sent("conversation.item.create")) == 2)
            for rest in (f"{tmp_path}/none.png", str(tmp_path), f"{tmp_path}/bad.png", ""):
                told = talk.notes("image") + talk.notes("command")
                image(rest)
                await talk.until(partial(told_more, than=len(told)))
            await talk.say("Are you still there?")
            assert len(talk.sent("response.create")) == 2

    asyncio.run(scene())
    assert [shows(image, GREEN) for image in pictures(engine.requests[0].items)] == [True]
    assert len(pictures(engine.requests[-1].items)) == 2


@pytest.mark.xdist_group("local")
def test_talk_sees_while_it_speaks_and_ends_with_its_input(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (RED, BLUE), seconds_each=30.0)
    (tmp_path / "agent.toml").write_text(
        '[connection]\nprovider = "local"\n[[tools]]\nbuiltin = "calculator"\n'
        '[video]\nsource = "film.mp4"\ninterval_s = 0.2\n'
    )
    talk = ("talk", "-c", tmp_path / "agent.toml", "-i", CLIP, "-o", "null", "--fast", "--plain")
    ran = run_cli(*talk, "--record", tmp_path / "s.jsonl")
    assert ran.returncode == ExitCode.OK, ran.stderr
    assert "391" in ran.stdout
    assert "has ended" not in ran.stdout
    assert list((tmp_path / "s.images").iterdir())

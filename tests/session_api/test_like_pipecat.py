"""What Pipecat's examples do, done with ``Session``: the wire beside what Pipecat's own service sent.

``tests/peers/realtime_pipecat.py`` made the log. What differs on purpose is named in :func:`expected`, and
only that.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli import Session
from realtime_cli.session_api import WireEvent
from tests.video.material import BLUE, film

LOG = json.loads((Path(__file__).parents[1] / "data" / "peers" / "pipecat-realtime.json").read_text())
CONFIGURATION = {
    "instructions": "Be brief.",
    "audio": {
        "input": {
            "transcription": {"model": "whisper-1"},
            "noise_reduction": {"type": "near_field"},
            "turn_detection": {"type": "semantic_vad", "eagerness": "low"},
        },
        "output": {"voice": "cedar"},
    },
}
QUESTION = "What time is it in Oslo?"


def get_time(city: str) -> dict[str, str]:
    """The time in a city."""
    return {"time": "noon"}


async def basic(session: Session) -> None:
    await session.say(QUESTION)


async def manual(session: Session) -> None:
    await session.send_audio(np.zeros(12_000, np.int16), wait=False)


async def update(session: Session) -> None:
    await session.update(instructions="Answer in French.")


async def video(session: Session) -> None:
    await asyncio.sleep(0.5)


def expected(log: list[Any]) -> list[Any]:
    """What ours sends instead, where it differs.

    The settings go out once and first, with the tools; Pipecat sends them again once it knows its context.
    The model stands in the URL only. What is the default of a response is not said. A function's result is
    answered by itself; in Pipecat the context aggregator asks for that.
    """
    asked = next((n for n, event in enumerate(log) if event["type"] == "response.create"), 0)
    settings = [event for event in log[:asked] if event["type"] == "session.update"][-1:]
    rest = [event for event in log[:asked] if event["type"] != "session.update"]
    made = []
    for event in [*settings, *rest, *log[asked:]]:
        match event:
            case {"type": "session.update", "session": session}:
                own = {key: value for key, value in session.items() if key != "model" and value != []}
                made.append({"type": "session.update", "session": own})
            case {"type": "response.create"}:
                made.append({"type": "response.create"})
            case {"item": {"type": "function_call_output"}}:
                made += [event, {"type": "response.create"}]
            case _:
                made.append(event)
    return made


async def sent_by(program: Callable[[Session], Awaitable[None]], session: Session) -> list[Any]:
    """All that a program sends but sound, without ids."""
    sent: list[Any] = []

    async def watch() -> None:
        async for event in session.events(raw=True):
            ours = isinstance(event, WireEvent) and event.way == "sent"
            if ours and event.event["type"] != "input_audio_buffer.append":
                sent.append(without_ids(event.event))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    async with session:
        await program(session)
        await asyncio.sleep(0.1)
    await watching
    return sent


def without_ids(wire: Any) -> Any:
    if isinstance(wire, dict):
        ids = ("event_id", "id", "call_id")
        return {key: without_ids(value) for key, value in wire.items() if key not in ids}
    if isinstance(wire, list):
        return [without_ids(value) for value in wire]
    return wire[:23] if isinstance(wire, str) and wire.startswith("data:image/") else wire


def configured(**more: Any) -> dict[str, Any]:
    return {"connection": {"provider": "local"}, "session": CONFIGURATION, **more}


async def test_basic_with_configuration() -> None:
    assert await sent_by(basic, Session(configured())) == expected(LOG["basic"])


async def test_function_calling() -> None:
    ours = await sent_by(basic, Session(configured(), tools=[get_time], approve="all"))
    theirs = expected(LOG["function"])
    for events in (ours, theirs):
        (tool,) = events[0]["session"]["tools"]
        tool["parameters"] = sorted(tool["parameters"]["properties"]), tool["parameters"]["required"]
    assert [
        json.loads(event["item"].pop("output")) for event in ours if "output" in event.get("item", {})
    ] == [json.loads(event["item"].pop("output")) for event in theirs if "output" in event.get("item", {})]
    assert ours == theirs


async def test_manual_turns() -> None:
    settings = {"session.audio.input.turn_detection": None}
    ours = await sent_by(manual, Session(configured(), settings=settings))
    theirs = expected(LOG["manual"])
    assert ours == [theirs[0], *theirs[-2:]]  # Pipecat's was asked to answer an empty context first


async def test_settings_at_run_time() -> None:
    ours = await sent_by(update, Session(configured()))
    assert ours == expected(LOG["update"])


async def test_video(tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", (BLUE,))
    source = {"source": str(tmp_path / "film.mp4"), "interval_s": 60}
    ours = await sent_by(video, Session(configured(video=source)))
    assert ours == expected(LOG["video"])


@pytest.mark.parametrize("name", ["item_created", "item_updated"])
async def test_event_handlers(name: str) -> None:
    """``on_conversation_item_created`` and ``on_conversation_item_updated``: the item and its id."""
    seen: list[tuple[str, Any]] = []
    async with Session(configured(), text=True) as session:
        session.on(name, lambda event: seen.append((event.item_id, event.item["type"])))
        await session.say(QUESTION)
        await asyncio.sleep(0.1)
    assert len(seen) >= 1
    assert all(item_id and kind == "message" for item_id, kind in seen)

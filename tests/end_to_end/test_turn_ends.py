"""``end_of_turn = "vad"``: manual turns that this program ends when the user has spoken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from realtime_cli import Session
from realtime_cli.session_api import WireEvent
from tests.kit.speech import clip

BY_VOICE = {
    "session.audio.input.turn_detection": False,
    "audio.end_of_turn": "vad",
    "audio.silence_ms": 400,
}


@pytest.mark.usefixtures("recordings_verify")
async def test_what_was_said_is_a_turn_and_silence_is_never_sent(tmp_path: Path) -> None:
    sent: list[dict[str, object]] = []

    async def watch(session: Session) -> None:
        async for event in session.events(raw=True):
            if isinstance(event, WireEvent) and event.way == "sent":
                sent.append(event.event)

    async with Session(settings=BY_VOICE, record=tmp_path) as session:
        watching = asyncio.create_task(watch(session))
        await asyncio.sleep(0.7)  # a quiet room
        reply = await session.send_audio(clip("heart-04"))
        await asyncio.sleep(0.5)
    await watching

    assert "391" in reply.text
    sound = [str(event["audio"]) for event in sent if event["type"] == "input_audio_buffer.append"]
    sent_ms = sum(map(len, sound)) * 3 / 4 / 48
    spoken_ms = len(clip("heart-04")) / 24
    assert spoken_ms - 900 < sent_ms < spoken_ms + 500  # its own silence is not sent either
    types = [event["type"] for event in sent if event["type"] != "input_audio_buffer.append"]
    assert types.count("input_audio_buffer.commit") == types.count("response.create") == 1

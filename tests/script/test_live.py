"""A conversation that a program holds, on a server in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.audio.pcm import FRAME_MS, FRAME_SAMPLES, Samples
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.errors import ConnectionFailed, ExitCode, SessionFailed
from realtime_cli.script.clips import clip_of, silent
from realtime_cli.script.live import Live
from realtime_cli.server.engine.ports import EngineText
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Transport
from tests.kit.fault_injection import Quirks
from tests.kit.live_session import serving
from tests.kit.scripted_engine import ScriptedEngine
from tests.script.stage import TEXT, connecting

MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


@asynccontextmanager
async def talking(
    engine: ScriptedEngine | None = None, *, patch: dict[str, Any] = TEXT, **options: Any
) -> AsyncIterator[Live]:
    async with connecting(engine) as connect:
        session = ClientSession(SessionOptions(patch=patch, **options))
        async with Live(OpenSession(session, connect), text_mode=patch == TEXT) as live:
            yield live


def word() -> Any:
    """A quarter of a second of what the scripted engine takes for speech."""
    return clip_of(np.full(12 * FRAME_SAMPLES, 8000, np.int16))


async def answered(live: Live, turn: int) -> str:
    await live.until(lambda: live.turns.turns[turn].answered and live.session.idle, 10)
    return live.turns.turns[turn].reply


async def test_typed_words_are_answered_in_their_turn() -> None:
    engine = ScriptedEngine(answers=[[EngineText("First.")], [EngineText("Second.")]])
    async with talking(engine) as live:
        replies = []
        for number in (1, 2):
            live.begin_turn(number)
            live.typed("Well?")
            replies.append(await answered(live, number))
        assert replies == ["First.", "Second."]
        assert await live.quiet(20, 10)
    assert live.outcome is not None
    assert live.outcome.exit_code == ExitCode.OK


async def test_spoken_words_are_turns_by_hand_where_nobody_detects_them() -> None:
    async with talking(ScriptedEngine(words=["hello"]), patch=MANUAL) as live:
        live.begin_turn(1)
        await live.say(word())
        assert await answered(live, 1) == "Yes."
        assert [name for _, name in live.turns.now.events if name.endswith("committed")]


async def test_push_to_talk_is_pressed_and_let_go() -> None:
    async with talking(ScriptedEngine(words=["hello"]), patch=MANUAL, push_to_talk=True) as live:
        live.begin_turn(1)
        await live.say(word())
        assert await answered(live, 1) == "Yes."


async def test_silence_is_no_turn() -> None:
    async with talking(patch=MANUAL) as live:
        live.begin_turn(1)
        await live.keep_silent(silent(60))
        assert await live.quiet(20, 10)
        assert live.turns.now.statuses == {}


async def test_without_sound_nothing_can_be_said_aloud() -> None:
    async with talking() as live:
        await live.keep_silent(silent(20))
        with pytest.raises(SessionFailed, match="no sound"):
            await live.say(word())


async def test_settings_and_events_reach_the_server() -> None:
    async with talking() as live:
        live.patch({"instructions": "Be kind."})
        live.ask({"type": "conversation.item.delete", "item_id": "nowhere"})
        await live.until(lambda: bool(live.turns.now.errors), 10)
        assert live.session.effective_session["instructions"] == "Be kind."


async def test_what_does_not_come_is_waited_for_no_longer_than_that() -> None:
    async with talking() as live:
        assert not await live.until(lambda: False, 0.02)
        assert not await live.until(lambda: False, 0)
        assert not await live.quiet(60_000, 0.03)


async def test_a_key_may_end_it_and_whoever_waits_learns_of_it() -> None:
    async with talking() as live:
        waiting = asyncio.create_task(live.until(lambda: False, 10))
        await asyncio.sleep(0)
        live.press("quit")
        assert not await waiting
        assert live.over
        assert not await live.quiet(0, 10)


async def test_no_server_is_told_before_anything_is_said() -> None:
    async def nowhere() -> Transport:
        raise ConnectionFailed("Nobody is there.")

    with pytest.raises(ConnectionFailed, match="Nobody is there"):
        async with Live(OpenSession(ClientSession(SessionOptions(patch=TEXT, reconnect_tries=0)), nowhere)):
            raise AssertionError("it is not connected")


async def test_a_server_that_ends_it_before_it_is_ready_is_no_session() -> None:
    async with serving(ScriptedEngine(), Quirks(close_after_events=1, close_code=4000)) as listener:

        async def connect() -> Transport:
            return await websocket.connect(listener.url)

        live = Live(OpenSession(ClientSession(SessionOptions(patch=TEXT)), connect))
        with pytest.raises(SessionFailed):
            await live.__aenter__()


async def test_whoever_waits_can_be_cancelled_at_every_moment() -> None:
    async with talking() as live:
        for steps in range(4):
            waiting = asyncio.create_task(live.until(lambda: False, 10))
            await asyncio.sleep(0)
            live.press("video")  # wakes it
            for _ in range(steps):
                await asyncio.sleep(0)
            waiting.cancel()
            done, _ = await asyncio.wait([waiting], timeout=1)
            assert done
            assert waiting.cancelled()


@pytest.mark.parametrize("push_to_talk", [False, True])
async def test_what_was_not_said_to_its_end_is_no_turn_and_no_part_of_the_next(push_to_talk: bool) -> None:
    async def broken() -> AsyncIterator[Samples]:
        for frame in word().frames:
            yield frame
        await asyncio.sleep(0.4)
        raise OSError("unplugged")

    engine = ScriptedEngine(words=["hello", "there"])
    async with talking(engine, patch=MANUAL, push_to_talk=push_to_talk) as live:
        live.begin_turn(1)
        with pytest.raises(OSError, match="unplugged"):
            await live.say(broken())
        live.begin_turn(2)
        await live.say(word())
        assert await answered(live, 2) == "Yes."
        assert live.turns.turns[1].statuses == {}
        assert live.turns.now.errors == []
    assert len(engine.heard_ms) == 1
    assert engine.heard_ms[0] < 1.6 * 12 * FRAME_MS  # not both words

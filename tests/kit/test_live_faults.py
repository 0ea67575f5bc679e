"""The faults of a Live server, one by one: how they look to a client."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import numpy as np
import pytest

from realtime_cli.server.engine.ports import EngineCall, EngineText
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Closed
from tests.kit.live_faults import FaultyLiveSession, LiveFaults, faulty_live_server
from tests.kit.live_talk import LiveTalk
from tests.kit.scripted_engine import ScriptedEngine

CLOCK = {"type": "function", "name": "get_time"}
BACKEND = {"type": "responses", "responses": {"model": "m", "tools": [CLOCK]}}
CALL = [EngineCall("get_time", "{}")]


def faulty(words: Any = (), answers: Any = (), **faults: Any) -> LiveTalk:
    """A talk with a server of these faults."""
    return LiveTalk(words, answers, session=FaultyLiveSession(LiveFaults(**faults)))


def output(talk: LiveTalk, output: str) -> None:
    done = [event for event in talk.backend() if event["type"] == "response.output_item.done"]
    item = {"type": "function_call_output", "call_id": done[0]["item"]["call_id"], "output": output}
    talk.send("response.item.create", item=item)


def test_a_start_that_nobody_answers():
    talk = faulty(silent_start=True)
    assert talk.send("session.start", session={"model": "m"}) == []
    talk.pass_time(10_000)
    assert talk.events == []


def test_a_start_that_is_answered_late():
    talk = faulty(start_delay_s=3.0)
    assert talk.send("session.start", session={"model": "m"}) == []
    talk.pass_time(3_100)
    assert talk.kinds() == ["session.started"]


def test_an_error_and_then_the_end_of_the_line():
    talk = faulty(error_then_drop="model_overloaded")
    talk.send("session.start", session={"model": "m"})
    assert talk.errors() == ["model_overloaded"]
    talk.pass_time(2_100)
    assert talk.closed is not None
    assert talk.closed.code == 1006


def test_a_session_expires_soon():
    talk = faulty(no_audio_expiry_s=1.0)
    talk.start()
    talk.pass_time(1_100)
    assert talk.of("session.closed")[0]["reason"] == "expired"


def test_a_buffer_that_is_full_for_long_outputs():
    talk = faulty(["What time?"], [CALL], full_above_bytes=400)
    talk.start(delegation=BACKEND)
    talk.speak()
    output(talk, "x" * 1_000)
    talk.send("response.create")
    output(talk, "too long")
    talk.send("response.create")
    assert talk.errors() == ["response_input_buffer_full", "function_call_outputs_required"]
    assert talk.backend()[-1]["type"] == "response.completed"


def test_an_output_that_is_lost():
    talk = faulty(["What time?"], [CALL], lose_first_output=True)
    talk.start(delegation=BACKEND)
    talk.speak()
    output(talk, "noon")
    talk.send("response.create")
    output(talk, "noon")
    talk.send("response.create")
    assert talk.errors() == ["function_call_outputs_required"]
    assert talk.backend()[-1]["type"] == "response.completed"


def test_commentary_that_is_never_spoken():
    talk = faulty(unspoken_commentary=True)
    talk.start()
    talk.send("session.commentary.append", content="Hello.", event_id="c1")
    talk.listen(2_000)
    assert talk.of("session.commentary.appended")[0]["client_event_id"] == "c1"
    assert talk.transcript("output") == ""
    assert not any(talk.sound)


def test_a_close_that_nobody_answers():
    talk = faulty(no_session_closed=True)
    talk.start()
    talk.listen(1_000)
    assert talk.send("session.close") == []
    talk.pass_time(60_000)
    assert talk.of("session.closed") == []
    assert talk.closed is None


def test_a_clock_that_is_off_by_100_ppm():
    talk = faulty(drift_ppm=100.0)
    talk.start()
    talk.listen(10_000)
    assert len(talk.sound) // 2 == 240_000 + 24


async def listen_to(url: str, seconds: float) -> list[tuple[float, dict[str, Any]]]:
    """Start a session, send silence in real time, and note when what came."""
    line = await websocket.connect(url)
    came: list[tuple[float, dict[str, Any]]] = []

    async def read() -> None:
        while True:
            came.append((time.monotonic(), json.loads(await line.recv())))

    reading = asyncio.create_task(read())
    await line.send(json.dumps({"type": "session.start", "session": {"model": "m"}}))
    frame = json.dumps({"type": "session.input_audio.append", "audio": base64.b64encode(bytes(960)).decode()})
    while not came:
        await asyncio.sleep(0.01)
    began = time.monotonic()
    for number in range(int(seconds * 50)):
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        await line.send(frame)
    await line.send(json.dumps({"type": "session.close"}))
    with pytest.raises(Closed):
        await reading
    await line.close()
    return came


async def test_jitter_delays_and_loses_nothing():
    bugs: list[BaseException] = []
    faults = LiveFaults(jitter_s=0.3)
    async with faulty_live_server(faults, ScriptedEngine(), report=bugs.append) as url:
        came = await listen_to(url, 3.0)
    deltas = [at for at, event in came if event["type"] == "session.output_audio.delta"]
    gaps = np.diff(deltas)
    assert len(deltas) == 30
    assert gaps.max() > 0.15
    assert came[-1][1]["type"] == "session.closed"
    assert bugs == []


async def test_ids_that_nobody_knows():
    async with faulty_live_server(LiveFaults(unknown_ids=True), ScriptedEngine()) as url:
        came = await listen_to(url, 0.5)
    kinds = [event["type"] for _, event in came if event["type"] != "session.output_audio.delta"]
    assert kinds[0] == "session.started"
    assert kinds[1:6] == [
        "session.thinking.appended",
        "response.event",
        "response.event",
        "error",
        "session.curiosity",
    ]


async def test_a_server_without_faults_answers():
    engine = ScriptedEngine(answers=[[EngineText("Yes.")]])
    async with faulty_live_server(LiveFaults(), engine) as url:
        came = await listen_to(url, 0.5)
    assert [event["type"] for _, event in came][-1] == "session.closed"

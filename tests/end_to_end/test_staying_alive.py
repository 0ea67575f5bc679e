"""Conversations over lines that fail: a real socket, with a proxy in between that misbehaves."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.wav import WavSpeaker
from realtime_cli.client import inputs
from realtime_cli.client.kept_sound import MAX_KEPT_MS
from realtime_cli.errors import ExitCode
from realtime_cli.outbox import MAX_SOUND_MS
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import verify
from realtime_cli.server.engine.ports import EngineCall, EngineText
from realtime_cli.server.settings import Defaults
from realtime_cli.tools.result import ToolResult
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.bad_wire import BadWire, bad_wire
from tests.kit.live_session import Live, live, serving
from tests.kit.scripted_engine import ScriptedEngine

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def talk_over_a_bad_wire(
    engine: ScriptedEngine | None = None, **options: Any
) -> AsyncIterator[tuple[Live, BadWire]]:
    async with (
        serving(engine or ScriptedEngine()) as server,
        bad_wire(server.url) as wire,
        live(wire.url, **options) as talk,
    ):
        await talk.ready()
        yield talk, wire


def history(engine: ScriptedEngine) -> list[tuple[str, str]]:
    """What the server knew when it was last asked: role or kind, and text."""
    told: list[tuple[str, str]] = []
    for item in engine.requests[-1].items:
        if item["type"] == "message":
            told.append((item["role"], "".join(part.get("text") or "" for part in item["content"])))
        else:
            told.append((item["type"], item.get("arguments") or item["output"]))
    return told


class Noon:
    """One tool."""

    def subscribe(self, listener: Any) -> None:
        pass

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        return ToolResult("noon")

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        pass

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("way", ["reset", "hang_up"])
async def test_a_lost_line_comes_back_with_the_whole_history_and_without_a_second_greeting(
    way: str, tmp_path: Path
):
    answers: list[list[EngineText | EngineCall]] = [
        [EngineText("Welcome.")],
        [EngineCall("clock", "{}")],
        [EngineText("It is noon.")],
        [EngineText("Still here.")],
    ]
    engine = ScriptedEngine(answers=answers)
    recording = tmp_path / "lost.jsonl"
    async with talk_over_a_bad_wire(engine, greet=True, record=recording, edges={"tools": Noon()}) as (
        talk,
        wire,
    ):
        await talk.until(lambda: talk.session.responses_done == 1)
        await talk.say("What time is it?")
        await talk.until(lambda: talk.session.responses_done == 3)
        getattr(wire, way)()
        await talk.until(lambda: wire.connections == 2)
        await talk.ready()
        await talk.say("Are you there?")
    assert history(engine) == [
        ("assistant", "Welcome."),
        ("user", "What time is it?"),
        ("function_call", "{}"),
        ("function_call_output", "noon"),
        ("assistant", "It is noon."),
        ("user", "Are you there?"),
    ]
    assert talk.session.responses_done == 4
    assert any("Connection lost" in text for text in talk.notes("reconnect"))
    verdict = verify(read(recording))
    assert not verdict.different
    assert verdict.steps > 30


async def test_two_losses_in_a_row_lose_nothing():
    """The second comes before the server has shown the items that it was told again."""
    engine = ScriptedEngine()
    async with talk_over_a_bad_wire(engine) as (talk, wire):
        await talk.say("One.")
        wire.hang_up()
        await talk.until(lambda: wire.connections == 2)
        await talk.ready()  # history is on its way
        wire.hang_up()
        await talk.until(lambda: wire.connections == 3)
        await talk.ready()
        await talk.say("Two.")
    assert history(engine) == [("user", "One."), ("assistant", "Yes."), ("user", "Two.")]


async def test_words_typed_into_a_dead_line_are_said_on_the_next_one():
    engine = ScriptedEngine()
    async with talk_over_a_bad_wire(engine) as (talk, wire):
        wire.deaf = {"up", "down"}
        talk.duplex.step(inputs.Typed(talk.duplex.now(), "Hello?"))
        await asyncio.sleep(0.05)
        wire.deaf = set()
        wire.reset()
        await talk.until(lambda: talk.session.responses_done == 1)
    assert history(engine) == [("user", "Hello?")]


async def test_what_is_said_while_the_line_is_gone_is_kept_up_to_half_a_minute():
    async with talk_over_a_bad_wire(patch={"type": "realtime"}) as (talk, wire):
        wire.refusing = True
        wire.reset()
        await talk.until(lambda: talk.session.phase == "lost")
        before = len(talk.sent("input_audio_buffer.append"))
        for _ in range(2_000):  # 40 s
            talk.duplex.step(inputs.MicrophoneFrame(talk.duplex.now(), bytes(960)))
        wire.refusing = False
        await talk.ready()
        kept = talk.sent("input_audio_buffer.append")[before:]
        assert sum(len(base64.b64decode(event.audio)) for event in kept) == MAX_KEPT_MS * 48


async def test_a_server_that_stays_away_is_given_up_after_the_tries():
    async with talk_over_a_bad_wire(reconnect_tries=3) as (talk, wire):
        wire.refusing = True
        wire.reset()
        outcome = await talk.outcome()
        assert wire.connections == 4
    assert outcome.exit_code == ExitCode.CONNECTION
    assert "3 attempts to reconnect failed" in outcome.reason


async def test_a_server_that_hangs_up_each_time_is_given_up_too():
    """It answers, so every single connection looks like a success."""
    connections = 0

    async def hang_up(transport: Transport, opening: Opening) -> None:
        nonlocal connections
        connections += 1
        await settle(transport)
        await transport.close(1011, "out of memory")

    listener = await websocket.serve(hang_up)
    async with live(listener.url, reconnect_tries=3) as talk:
        outcome = await talk.outcome()
    await listener.close()
    assert connections == 4
    assert outcome.exit_code == ExitCode.CONNECTION


async def settle(transport: Transport) -> None:
    await transport.send(json.dumps({"type": "session.created", "session": {"type": "realtime"}}))
    await transport.recv()
    await transport.send(json.dumps({"type": "session.updated", "session": {"type": "realtime"}}))


@pytest.mark.parametrize(
    ("code", "reason", "exit_code"),
    [
        (1008, "policy", ExitCode.CONNECTION),
        (4000, "invalid_request_error.invalid_model", ExitCode.CONNECTION),
        (4000, "invalid_request_error.insufficient_quota", ExitCode.SESSION),
        (1009, "too big", ExitCode.SESSION),
        (1000, "", ExitCode.OK),
    ],
)
async def test_closes_that_another_socket_would_not_mend(code: int, reason: str, exit_code: ExitCode):
    connections = 0

    async def refuse(transport: Transport, opening: Opening) -> None:
        nonlocal connections
        connections += 1
        await settle(transport)
        await transport.close(code, reason)

    listener = await websocket.serve(refuse)
    async with live(listener.url) as talk:
        outcome = await talk.outcome()
        await asyncio.sleep(0.1)
    await listener.close()
    assert (outcome.exit_code, connections) == (exit_code, 1)
    assert bool(outcome.remedy) == (code != 1000)


async def test_a_half_open_line_is_noticed_by_its_missing_pongs():
    """With the defaults (a ping every 10 s, 15 s to answer) that is 25 s at most."""
    quick = {"ping_interval_s": 0.2, "ping_timeout_s": 0.3, "close_timeout_s": 0.1}
    async with talk_over_a_bad_wire(socket=quick) as (talk, wire):
        wire.deaf = {"up", "down"}
        await talk.until(lambda: talk.values(inputs.Disconnected), timeout_s=2)
        wire.deaf = set()
        await talk.ready()
        await talk.say("Back?")


async def test_a_stalled_line_is_noticed_although_much_waits_to_be_sent():
    """The ping itself cannot leave: the sender's buffers are full."""
    quick = {"ping_interval_s": 0.2, "ping_timeout_s": 0.3, "close_timeout_s": 0.1}
    async with talk_over_a_bad_wire(socket=quick, patch={"type": "realtime"}) as (talk, wire):
        wire.stall()
        picture = "data:image/png;base64," + "A" * 4_000_000
        for _ in range(4):
            typed = inputs.Typed(talk.duplex.now(), "look", images=(picture,), respond=False)
            talk.duplex.step(typed)
        await talk.until(lambda: talk.values(inputs.Disconnected), timeout_s=4)


async def test_a_stall_that_passes_costs_old_sound_only():
    async with talk_over_a_bad_wire() as (talk, wire):
        wire.stall()
        frame = bytes(960)
        for _ in range(3000):
            for _ in range(4):
                talk.duplex.step(inputs.MicrophoneFrame(talk.duplex.now(), frame))
            await asyncio.sleep(0)
        assert talk.duplex._outbox.sound_ms <= MAX_SOUND_MS
        wire.resume()
        await talk.say("Still there?")
        assert talk.session.responses_done == 1


async def test_delay_and_jitter_change_nothing_but_the_time():
    engine = ScriptedEngine(answers=[[EngineText("One."), EngineText("Two."), EngineText("Three.")]])
    spoken = {"patch": {"type": "realtime"}, "edges": {"speaker": WavSpeaker(None)}}
    async with talk_over_a_bad_wire(engine, **spoken) as (talk, wire):
        wire.delay_s, wire.jitter_s = 0.02, 0.05
        await talk.say("Count.")
    words = "".join(event.delta for event in talk.received("response.output_audio_transcript.delta"))
    assert words.split() == ["One.", "Two.", "Three."]


async def test_flipped_bits_end_in_an_event_that_is_none_or_a_new_line_never_in_a_crash():
    engine = ScriptedEngine()
    async with talk_over_a_bad_wire(engine, reconnect_tries=100) as (talk, wire):
        for number in range(25):
            await talk.ready()
            wire.flip = {"down": 1} if number % 2 else {"up": 1}
            talk.duplex.step(inputs.Typed(talk.duplex.now(), f"Line {number}."))
            await asyncio.sleep(0.03)
            assert not talk.task.done(), talk.task
        wire.flip = {}
        wire.reset()
        await talk.until(lambda: talk.session.phase != "ready")
        await talk.ready()


async def test_the_first_event_never_comes():
    async def silent(transport: Transport, opening: Opening) -> None:
        with pytest.raises(Closed):
            await transport.recv()

    listener = await websocket.serve(silent)
    async with live(listener.url, first_event_timeout_s=0.2) as talk:
        outcome = await talk.outcome()
    await listener.close()
    assert outcome.exit_code == ExitCode.CONNECTION
    assert "no session.created within 0.2 s" in outcome.reason
    assert "base_url" in outcome.remedy


async def test_an_answer_without_progress_is_given_up_and_the_talk_goes_on():
    async def stuck(transport: Transport, opening: Opening) -> None:
        await settle(transport)
        with suppress(Closed):
            while True:
                event = json.loads(await transport.recv())
                if event["type"] == "response.create":
                    response = {"id": "R", "status": "in_progress"}
                    await transport.send(json.dumps({"type": "response.created", "response": response}))

    listener = await websocket.serve(stuck)
    async with live(listener.url, progress_timeout_s=0.3) as talk:
        await talk.ready()
        talk.duplex.step(inputs.Typed(talk.duplex.now(), "hello"))
        await talk.until(lambda: talk.sent("response.cancel"))
        await talk.until(lambda: talk.session.idle)
        assert "No progress in the answer" in talk.notes("response")[0]
    await listener.close()


async def test_codes_that_nobody_knows_are_shown_and_survived():
    async def odd(transport: Transport, opening: Opening) -> None:
        await settle(transport)
        for code in ("weather_too_hot", None, "rate_limit_exceeded"):
            error = {"type": "server_error", "code": code, "message": f"About {code}"}
            await transport.send(json.dumps({"type": "error", "error": error}))
        with pytest.raises(Closed):
            await transport.recv()

    listener = await websocket.serve(odd)
    async with live(listener.url) as talk:
        await talk.until(lambda: len(talk.notes("server")) == 3)
        assert "weather_too_hot" in talk.notes("server")[0]
        assert talk.session.ready
    await listener.close()


async def test_a_session_longer_than_the_servers_limit_has_no_gap(tmp_path: Path):
    """The server ends sessions after 4 s: the client changes sockets in a pause before, more than once."""
    engine = ScriptedEngine()
    recording = tmp_path / "long.jsonl"
    async with (
        serving(engine, defaults=Defaults(session_limit_s=4)) as server,
        live(server.url, greet=True, record=recording) as talk,
    ):
        await talk.ready()
        said = 0
        while len(talk.values(inputs.Connected)) < 3:
            said += 1
            await talk.until(lambda: talk.session.ready)
            talk.duplex.step(inputs.Typed(talk.duplex.now(), f"Line {said}."))
            await asyncio.sleep(0.25)
        await talk.idle()
        await talk.say("The end.")
    users = [text for role, text in history(engine) if role == "user"]
    assert users == [*(f"Line {n}." for n in range(1, said + 1)), "The end."]
    assert [d.code for d in talk.values(inputs.Disconnected)] == [1000, 1000]
    assert len(talk.notes("rotate")) == 2
    assert sum(1 for request in engine.requests if not request.items) == 1, "greeted once"
    assert not verify(read(recording)).different


async def test_rotation_into_a_server_that_is_gone_backs_off(tmp_path: Path):
    engine = ScriptedEngine()
    async with (
        serving(engine, defaults=Defaults(session_limit_s=3)) as server,
        bad_wire(server.url) as wire,
        live(wire.url, reconnect_tries=2) as talk,
    ):
        await talk.ready()
        wire.refusing = True
        outcome = await talk.outcome()
    assert outcome.exit_code == ExitCode.CONNECTION
    assert wire.connections == 4


# -- a server that is much faster than ears --------------------------------------------------------


def sound(ms: int) -> str:
    return base64.b64encode(np.full(24 * ms, 1000, "<i2").tobytes()).decode()


async def flood(deltas: int, delta: str, **options: Any) -> Live:
    """Let a server send ``deltas`` times the sound ``delta`` in one burst, all of one answer."""
    place = {"response_id": "R", "item_id": "A", "output_index": 0, "content_index": 0}
    line = json.dumps({"type": "response.output_audio.delta", **place, "delta": delta})

    async def burst(transport: Transport, opening: Opening) -> None:
        await settle(transport)
        await transport.send(json.dumps({"type": "response.created", "response": {"id": "R"}}))
        for number in range(deltas):
            await transport.send(line)
            if number % 50 == 0:
                await asyncio.sleep(0)  # both ends are on one loop: only the client's work is to be measured
        await transport.send(json.dumps({"type": "response.output_audio.done", **place}))
        done = {"id": "R", "status": "completed", "output": []}
        await transport.send(json.dumps({"type": "response.done", "response": done}))
        with pytest.raises(Closed):
            await transport.recv()

    listener = await websocket.serve(burst)
    try:
        edges = {"speaker": WavSpeaker(None)}
        async with live(listener.url, edges=edges, keep=1000, patch={"type": "realtime"}, **options) as talk:
            await talk.until(lambda: talk.session.responses_done, timeout_s=100)
            await asyncio.sleep(0.1)
            return talk
    finally:
        await listener.close()


@pytest.mark.parametrize(
    ("deltas", "ms"),
    [
        pytest.param(3000, 200, id="10 minutes"),
        pytest.param(100_000, 1, id="100,000 tiny", marks=pytest.mark.heavy),
        pytest.param(3, 125_000, id="8 MB"),
    ],
)
async def test_a_burst_loses_nothing_and_blocks_nobody(deltas: int, ms: int, tmp_path: Path):
    talk = await flood(deltas, sound(ms))
    (part,) = talk.duplex._speaker.playout.heard()
    assert talk.session.conversation.received_ms("A", 0) == deltas * ms
    assert part.item_id == "A"
    print(f"{deltas} deltas of {ms} ms: event loop late by at most {1000 * talk.duplex.lag_s:.0f} ms")

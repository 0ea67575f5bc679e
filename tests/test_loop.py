"""The duplex loop on a transport in memory: a scripted server at the other end."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.wav import WavSpeaker
from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.errors import ConnectionFailed, ExitCode, RealtimeCliError
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.tools.result import ToolResult
from realtime_cli.video.frame import VideoFrame
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import MemoryTransport, Transport, memory_pair


class Server:
    """The other end: tells events, and waits for the client's."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport
        self.seen: list[str] = []

    async def tell(self, type: str, **fields: Any) -> None:
        await self.transport.send(json.dumps({"type": type, "event_id": "e", **fields}))

    async def wait_for(self, type: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                event = json.loads(await self.transport.recv())
                self.seen.append(event["type"])
                if event["type"] == type:
                    return event

    async def open(self) -> None:
        await self.tell("session.created", session={"type": "realtime"})
        await self.wait_for("session.update")
        await self.tell("session.updated", session={"type": "realtime"})

    async def speak(self, item_id: str, ms: int) -> None:
        place = {"response_id": "R", "item_id": item_id, "output_index": 0, "content_index": 0}
        audio = base64.b64encode(np.full(24 * ms, 1000, "<i2").tobytes()).decode()
        await self.tell("response.output_audio.delta", **place, delta=audio)


class Seen:
    """An observer that keeps what it saw."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def observe(self, entry: Entry) -> None:
        self.entries.append(entry)

    def values(self, kind: type) -> list[Any]:
        return [entry.value for entry in self.entries if isinstance(entry.value, kind)]


class Clock:
    """Tools with one tool."""

    def __init__(self) -> None:
        self.closed = False

    def subscribe(self, listener: Any) -> None:
        self.tell = listener

    async def approve(self, call_id: str, name: str, arguments: str) -> None:
        self.tell(inputs.ApprovalAnswered(0.0, call_id, "once"))

    async def call(self, call_id: str, name: str, arguments: str) -> ToolResult:
        return ToolResult(f"{name} says noon")

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def talking(
    options: SessionOptions | None = None, **edges: Any
) -> AsyncIterator[tuple[ConversationLoop, list[Server], asyncio.Task[Outcome]]]:
    servers: list[Server] = []

    async def connect() -> MemoryTransport:
        ours, theirs = memory_pair()
        servers.append(Server(theirs))
        return ours

    duplex = ConversationLoop(ClientSession(options), connect, **edges)
    task = asyncio.create_task(duplex.run())
    while not servers:
        await asyncio.sleep(0.001)
    yield duplex, servers, task
    duplex.finish(Outcome(ExitCode.OK))
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)


async def test_typed_text_reaches_the_server_and_asks_for_an_answer():
    async with talking() as (duplex, servers, _):
        await servers[0].open()
        while not duplex.session.ready:
            await asyncio.sleep(0.001)
        duplex.step(inputs.Typed(duplex.now(), "hello"))
        item = await servers[0].wait_for("conversation.item.create")
        assert item["item"]["content"] == [{"type": "input_text", "text": "hello"}]
        await servers[0].wait_for("response.create")


async def test_a_tool_round_trip():
    tools = Clock()
    async with talking(tools=tools) as (_, servers, _):
        await servers[0].open()
        call = {
            "id": "F",
            "type": "function_call",
            "call_id": "1",
            "name": "clock",
            "arguments": "{}",
            "status": "completed",
        }
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].tell("response.output_item.done", response_id="R", output_index=0, item=call)
        await servers[0].tell("response.done", response={"id": "R", "status": "completed", "output": [call]})
        output = await servers[0].wait_for("conversation.item.create")
        assert output["item"] == {"type": "function_call_output", "call_id": "1", "output": "clock says noon"}
        await servers[0].wait_for("response.create")
    assert tools.closed


async def test_barge_in_truncates_at_what_the_speaker_has_played():
    seen = Seen()
    async with talking(speaker=WavSpeaker(None), observers=[seen]) as (_, servers, _):
        await servers[0].open()
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].speak("A", 2000)
        await asyncio.sleep(0.5)
        await servers[0].tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")
        cut = await servers[0].wait_for("conversation.item.truncate")
    (stopped,) = seen.values(inputs.PlaybackStopped)
    assert cut["item_id"] == "A"
    assert cut["audio_end_ms"] == int(stopped.items[0].heard_ms)
    assert 200 <= cut["audio_end_ms"] <= 900


class Room:
    """An echo guard as the duplex sees it: in a mode, and with an estimate."""

    mode = "aec"
    residual_dbfs = -70.04
    state = property(lambda self: self)


async def test_an_interruption_says_how_loud_the_user_was_and_how_much_echo_was_left():
    seen = Seen()
    microphone = Frames([np.full(480, 3277, np.int16)] * 5)
    parts: dict[str, Any] = {"speaker": WavSpeaker(None), "microphone": microphone, "guard": Room()}
    async with talking(observers=[seen], **parts) as (_, servers, _):
        await servers[0].open()
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].speak("A", 2000)
        await asyncio.sleep(0.2)
        await servers[0].tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")
        await servers[0].wait_for("conversation.item.truncate")
    (stopped,) = seen.values(inputs.PlaybackStopped)
    assert (stopped.cause, stopped.near_dbfs, stopped.residual_dbfs) == ("server_vad", -20.0, -70.0)
    assert [(s.echo, s.residual_dbfs) for s in seen.values(inputs.SoundState)][:1] == [("aec", -70.0)]


class Frames:
    """A microphone that gives these frames at once, and is over."""

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames

    def start(self, deliver: Any) -> None:
        for frame in [*self._frames, None]:
            deliver(frame)

    async def close(self) -> None:
        pass


async def test_telephone_sound_loses_nothing_in_the_filters():
    """300 ms in, 300 ms out, though G.711 goes through filters that hold back 2.5 ms."""
    patch = {
        "type": "realtime",
        "audio": {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcmu"}}},
    }
    seen = Seen()
    microphone = Frames([np.full(480, 1000, np.int16)] * 15)
    parts = {"speaker": WavSpeaker(None), "microphone": microphone}
    options = SessionOptions(patch=patch)
    async with talking(options, observers=[seen], **parts) as (_, servers, _):
        await servers[0].tell("session.created", session={"type": "realtime"})
        await servers[0].wait_for("session.update")
        await servers[0].tell("session.updated", session=patch)
        heard = 0
        while heard < 300 * 8:
            event = await servers[0].wait_for("input_audio_buffer.append")
            heard += len(base64.b64decode(event["audio"]))
        place = {"response_id": "R", "item_id": "A", "output_index": 0, "content_index": 0}
        await servers[0].tell("response.created", response={"id": "R"})
        for _ in range(3):
            delta = base64.b64encode(b"\x80" * 800).decode()
            await servers[0].tell("response.output_audio.delta", **place, delta=delta)
        await servers[0].tell("response.output_audio.done", **place)
        async with asyncio.timeout(5):
            while not seen.values(inputs.Played) or not seen.values(inputs.Played)[-1].finished:
                await asyncio.sleep(0.01)
    assert heard == 300 * 8
    assert seen.values(inputs.Played)[-1].heard_ms == 300


async def test_everything_heard_is_reported_as_finished():
    seen = Seen()
    async with talking(speaker=WavSpeaker(None), observers=[seen]) as (duplex, servers, _):
        await servers[0].open()
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].speak("A", 100)
        item = {
            "id": "A",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_audio", "transcript": "hi"}],
        }
        await servers[0].tell("response.done", response={"id": "R", "status": "completed", "output": [item]})
        async with asyncio.timeout(5):
            while not seen.values(inputs.Played) or not seen.values(inputs.Played)[-1].finished:
                await asyncio.sleep(0.01)
        assert duplex.session.idle
    assert seen.values(inputs.Played)[-1].heard_ms == 100


async def test_a_lost_connection_is_opened_again():
    quick = SessionOptions(reconnect_first_s=0.01)
    async with talking(quick) as (duplex, servers, _):
        await servers[0].open()
        await servers[0].transport.close(1011, "oops")
        async with asyncio.timeout(5):
            while len(servers) < 2:
                await asyncio.sleep(0.01)
        await servers[1].open()
        async with asyncio.timeout(5):
            while not duplex.session.ready:
                await asyncio.sleep(0.01)


async def test_garbage_is_noted_and_survived():
    seen = Seen()
    async with talking(observers=[seen]) as (duplex, servers, _):
        await servers[0].transport.send("not json")
        await servers[0].transport.send('{"no": "type"}')
        await servers[0].open()
        async with asyncio.timeout(5):
            while not duplex.session.ready:
                await asyncio.sleep(0.001)
    assert len(seen.values(inputs.UndecodableFrame)) == 2


async def test_one_failing_observer_never_stops_the_rest():
    class Broken:
        def observe(self, entry: Entry) -> None:
            raise RuntimeError("broken")

    seen = Seen()
    async with talking(observers=[Broken(), seen]) as (duplex, servers, _):
        await servers[0].open()
        async with asyncio.timeout(5):
            while not duplex.session.ready:
                await asyncio.sleep(0.001)
    assert [note.topic for note in seen.values(inputs.Noted)] == ["observer"]


class Stalled:
    """A wire that takes no sound."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    async def send(self, text: str) -> None:
        if "append" in text:
            await asyncio.Event().wait()
        await self._transport.send(text)

    def send_now(self, text: str) -> bool:
        return False

    async def recv(self) -> str:
        return await self._transport.recv()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._transport.close(code, reason)


@asynccontextmanager
async def stalling(**edges: Any) -> AsyncIterator[ConversationLoop]:
    """A session that is ready, and whose wire stalls at the first sound."""
    ours, theirs = memory_pair()

    async def connect() -> Any:
        return Stalled(ours)

    loop = ConversationLoop(ClientSession(), connect, **edges)
    task = asyncio.create_task(loop.run())
    await Server(theirs).open()
    while not loop.session.ready:
        await asyncio.sleep(0.001)
    yield loop
    loop.finish(Outcome(ExitCode.OK))
    assert (await task).exit_code == ExitCode.OK


async def hear(loop: ConversationLoop, ms: int, block_ms: int) -> None:
    for _ in range(ms // block_ms):
        loop.step(inputs.MicrophoneFrame(loop.now(), bytes(48 * block_ms)))
        await asyncio.sleep(0)


@pytest.mark.parametrize("block_ms", [10, 20])
async def test_a_stalled_wire_keeps_five_seconds_of_sound_and_says_what_it_drops(block_ms: int) -> None:
    seen = Seen()
    async with stalling(observers=[seen]) as loop:
        await hear(loop, 6000, block_ms)
        assert loop._outbox.sound_ms == 5000
    told = [note.data["dropped_ms"] for note in seen.values(inputs.Noted) if note.topic == "wire"]
    assert told == [block_ms, 500]


@pytest.mark.parametrize("block_ms", [10, 20])
async def test_a_file_may_be_one_second_ahead_of_the_wire(block_ms: int) -> None:
    async with stalling() as loop:
        await hear(loop, 1000, block_ms)
        assert loop.has_room  # the first block is on its way
        await hear(loop, block_ms, block_ms)
        assert not loop.has_room


class Camera:
    """Shows a frame whenever it is asked to."""

    def start(self, deliver: Callable[[VideoFrame], None]) -> None:
        self.show = lambda: deliver(VideoFrame("data:image/jpeg;base64,AAAA", 8, 8))

    def latest(self) -> VideoFrame | None:
        return None

    def watch(self, on: bool) -> None:
        """Always on."""

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("block_ms", [10, 20])
async def test_a_line_is_too_slow_for_video_when_sound_of_a_second_and_a_half_waits(block_ms: int) -> None:
    seen, camera = Seen(), Camera()
    async with stalling(observers=[seen], eyes=camera) as loop:
        await hear(loop, 1500, block_ms)
        camera.show()
        assert len(seen.values(inputs.VideoFrameCaptured)) == 1
        await hear(loop, 2 * block_ms, block_ms)
        camera.show()
        assert len(seen.values(inputs.VideoFrameCaptured)) == 1
    assert [note.topic for note in seen.values(inputs.Noted)] == ["video"]


async def test_a_connection_that_cannot_be_had_is_the_callers_error():
    async def connect() -> Any:
        raise ConnectionFailed("Nobody is there.")

    with pytest.raises(ConnectionFailed, match="Nobody"):
        await ConversationLoop(ClientSession(), connect).run()


BUSY = (
    b"503 Service Unavailable",
    b"500 Internal Server Error",
    b"502 Bad Gateway",
    b"429 Too Many Requests",
)


async def _first_connection(
    failures: list[bytes | None], options: SessionOptions, seen: Seen
) -> tuple[Outcome, int]:
    """A loop whose first connections meet a server with these answers (None: it is being restarted), and
    then one that says hello. Outcome and number of tries."""
    tries = 0

    async def connect() -> Transport:
        nonlocal tries
        tries += 1
        if tries > len(failures):
            ours, theirs = memory_pair()
            hello.append(asyncio.create_task(Server(theirs).open()))
            return ours
        async with answering(failures[tries - 1]) as url:
            return await websocket.connect(url)

    hello: list[asyncio.Task[None]] = []
    loop = ConversationLoop(ClientSession(options), connect, observers=[seen])
    running = asyncio.create_task(loop.run())
    async with asyncio.timeout(20):
        while not loop.session.ready and not running.done():
            await asyncio.sleep(0.005)
        loop.finish(Outcome(ExitCode.OK))
        return await running, tries


@asynccontextmanager
async def answering(status: bytes | None) -> AsyncIterator[str]:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert status
        writer.write(b"HTTP/1.1 " + status + b"\r\nRetry-After: 0.2\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if status is None:
        server.close()
        await server.wait_closed()
    try:
        yield f"ws://127.0.0.1:{port}/v1/realtime"
    finally:
        server.close()


QUICK = SessionOptions(reconnect_tries=3, reconnect_first_s=0.01, reconnect_longest_s=0.02)


@pytest.mark.parametrize("status", [*BUSY, None])
async def test_a_server_that_is_busy_at_first_is_asked_again(status: bytes | None):
    seen = Seen()
    began = time.monotonic()

    outcome, tries = await _first_connection([status, status], QUICK, seen)

    assert (outcome.exit_code, tries) == (ExitCode.OK, 3)
    told = [noted.text for noted in seen.values(inputs.Noted) if noted.topic == "reconnect"]
    assert [text.rpartition("; ")[2].partition(" in ")[0] for text in told] == ["try 1", "try 2"]
    assert not any("lost" in text or "1006" in text for text in told)
    assert [connected.attempt for connected in seen.values(inputs.Connected)] == [0]
    if status is not None:
        assert time.monotonic() - began >= 0.4  # twice what Retry-After asks for


@pytest.mark.parametrize(("status", "words"), [(BUSY[0], "has a problem"), (None, "Nothing is listening at")])
async def test_a_server_that_stays_away_is_given_up_with_the_first_reason(status: bytes | None, words: str):
    with pytest.raises(ConnectionFailed, match=words):
        await _first_connection([status] * 4, QUICK, Seen())


async def test_where_nothing_listens_is_given_up_soon_but_a_busy_server_is_not(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("realtime_cli.loop.MAX_UNANSWERED_S", 0.1)
    patient = SessionOptions(reconnect_tries=9, reconnect_first_s=0.08, reconnect_longest_s=0.08)
    seen = Seen()

    with pytest.raises(ConnectionFailed, match="Nothing is listening at"):
        await _first_connection([None] * 9, patient, seen)

    assert [noted for noted in seen.values(inputs.Noted) if noted.topic == "reconnect"]
    assert len(seen.values(inputs.Disconnected)) <= 2
    assert (await _first_connection([BUSY[0]] * 4, patient, Seen()))[1] == 5


@pytest.mark.parametrize("status", [b"404 Not Found", b"401 Unauthorized", b"200 OK", b"302 Found"])
async def test_what_no_other_try_would_mend_is_told_at_once(status: bytes):
    seen = Seen()
    with pytest.raises(RealtimeCliError):
        await _first_connection([status], QUICK, seen)
    assert not seen.values(inputs.Disconnected)


async def test_no_tries_means_none():
    seen = Seen()
    with pytest.raises(ConnectionFailed):
        await _first_connection([None], SessionOptions(reconnect_tries=0), seen)
    assert not [noted for noted in seen.values(inputs.Noted) if noted.topic == "reconnect"]


async def test_every_input_and_effect_crosses_the_one_stream():
    seen = Seen()
    async with talking(observers=[seen]) as (duplex, servers, _):
        await servers[0].open()
        while not duplex.session.ready:
            await asyncio.sleep(0.001)
        duplex.step(inputs.Pressed(duplex.now(), "mute"))
    kinds = [(entry.kind, type(entry.value)) for entry in seen.entries]
    assert ("received", inputs.Received) in kinds
    assert ("sent", effects.Send) in kinds
    assert ("local", inputs.Pressed) in kinds
    assert [entry.at for entry in seen.entries] == sorted(entry.at for entry in seen.entries)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ends", ["its done event", "the end of the answer"])
async def test_sound_without_a_loudspeaker_keeps_nobody_waiting(ends: str):
    place = {"response_id": "R", "item_id": "A", "output_index": 0, "content_index": 0}
    async with talking() as (loop, servers, _):
        await servers[0].open()
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].speak("A", 60_000)
        if ends == "its done event":
            await servers[0].tell("response.output_audio.done", **place)
        await servers[0].tell("response.done", response={"id": "R", "status": "completed"})
        await until(lambda: loop.session.responses_done == 1 and loop.session.idle)
        await servers[0].speak("A", 100)
        await servers[0].tell("response.done", response={"id": "R2", "status": "completed"})
        await until(lambda: loop.session.responses_done == 2 and loop.session.idle)


async def test_more_sound_of_a_part_that_was_heard_to_its_end_is_heard_as_well():
    async with talking(speaker=WavSpeaker(None)) as (loop, servers, _):
        await servers[0].open()
        await servers[0].tell("response.created", response={"id": "R"})
        await servers[0].speak("A", 100)
        await servers[0].tell("response.done", response={"id": "R", "status": "completed"})
        await until(lambda: loop.session.responses_done == 1 and loop.session.idle)
        await servers[0].speak("A", 100)
        await until(lambda: loop.session.playback.unheard)
        await until(lambda: loop.session.idle)


async def test_what_was_heard_is_not_remembered_for_ever():
    async with talking(speaker=WavSpeaker(None)) as (loop, servers, _):
        await servers[0].open()
        for number in range(5):
            await servers[0].tell("response.created", response={"id": f"R{number}"})
            await servers[0].speak(f"A{number}", 40)
            await servers[0].tell("response.output_audio.done", item_id=f"A{number}", content_index=0)
            await servers[0].tell("response.done", response={"id": f"R{number}", "status": "completed"})
            await until(lambda: loop.session.responses_done > number and loop.session.idle)  # noqa: B023
        monitor = loop._monitor
        assert max(len(monitor._started_parts), len(monitor._finished_parts)) <= 2

"""One session with its threads and timers, over a connection in memory."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from realtime_cli import server_runner as module
from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.server.engine.ports import EngineCall, EngineError, EngineText
from realtime_cli.server.session import ServerSession
from realtime_cli.server.settings import Defaults
from realtime_cli.server_runner import EngineWorkers, SessionRunner
from realtime_cli.wire import transport
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, MemoryTransport, Transport, memory_pair
from tests.kit.fault_injection import OldWire, Quirks, QuirkySession
from tests.kit.scripted_engine import ScriptedEngine, loud, quiet


class Client:
    """The other end: sends events, and waits for those it names."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport
        self.events: list[dict[str, Any]] = []

    async def send(self, type: str, **fields: Any) -> None:
        await self.transport.send(json.dumps({"type": type, **fields}))

    async def until(self, type: str) -> dict[str, Any]:
        """The next event of this type; what comes before it is kept in ``events``."""
        async with asyncio.timeout(10):
            while True:
                event = json.loads(await self.transport.recv())
                self.events.append(event)
                if event["type"] == type:
                    return event

    async def closed(self) -> Closed:
        with pytest.raises(Closed) as closed:
            await self.until("never")
        return closed.value

    async def append(self, audio: bytes) -> None:
        for start in range(0, len(audio), 960):
            encoded = base64.b64encode(audio[start : start + 960]).decode()
            await self.send("input_audio_buffer.append", audio=encoded)

    async def ask(self, text: str = "Hello", **response: Any) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create", **({"response": response} if response else {}))

    def sound(self) -> bytes:
        deltas = [event["delta"] for event in self.events if event["type"] == "response.output_audio.delta"]
        return b"".join(map(base64.b64decode, deltas))

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


@asynccontextmanager
async def hosted(
    engine: ScriptedEngine | None = None,
    *,
    workers: EngineWorkers | None = None,
    opening: Opening | None = None,
    defaults: Defaults | None = None,
    bugs: list[BaseException] | None = None,
    wrap: Callable[[Transport], Transport] = lambda wire: wire,
    **quirks: Any,
) -> AsyncIterator[Client]:
    """A client of a session; bugs fail the test unless it wants to see them."""
    found: list[BaseException] = []
    own = EngineWorkers(engine or ScriptedEngine(), (found if bugs is None else bugs).append)
    here, there = memory_pair()
    host = SessionRunner(wrap(there), workers or own, QuirkySession(Quirks(**quirks), defaults=defaults))
    running = asyncio.create_task(host.run(opening))
    try:
        yield Client(here)
    finally:
        await here.close()
        async with asyncio.timeout(5):
            await running
        own.close()
    assert found == []


async def test_a_text_turn():
    engine = ScriptedEngine(answers=[[EngineText("Good day."), EngineText("What now?")]])
    async with hosted(engine, opening=Opening(query={"model": "tiny"})) as client:
        assert (await client.until("session.created"))["session"]["model"] == "tiny"
        await client.ask("Hi", output_modalities=["text"])
        done = await client.until("response.done")
        assert done["response"]["output"][0]["content"] == [
            {"type": "output_text", "text": "Good day. What now?"}
        ]
        assert engine.requests[0].items[0]["content"][0]["text"] == "Hi"
        assert engine.requests[0].modalities == ("text",)


async def test_a_voice_turn():
    engine = ScriptedEngine(words=["What time is it?"], answers=[[EngineText("It is noon.")]])
    async with hosted(engine, defaults=Defaults(transcription={"model": "whisper-1"})) as client:
        await client.append(quiet(320) + loud(640) + quiet(700))
        done = await client.until("response.done")
        assert done["response"]["status"] == "completed"
        started = next(
            event for event in client.events if event["type"] == "input_audio_buffer.speech_started"
        )
        assert started["audio_start_ms"] == pytest.approx(20, abs=32)
        assert engine.heard_ms == [pytest.approx(100 + 640 + 250, abs=40)], "cropped to the speech"
        assert engine.requests[0].items[-1]["content"][0]["transcript"] == "What time is it?"
        assert len(client.sound()) == 3 * 100 * 48
        order = [kind for kind in client.kinds() if "delta" in kind]
        transcript_first = order.index("response.output_audio_transcript.delta")
        assert transcript_first < order.index("response.output_audio.delta")


async def test_sound_comes_in_short_deltas_the_first_shortest():
    engine = ScriptedEngine(answers=[[EngineText("one two three four five six")]])
    engine.speak = lambda *asked: iter([loud_samples(1000)])  # type: ignore[method-assign]
    async with hosted(engine) as client:
        await client.ask()
        await client.until("response.done")
        sizes = [
            len(base64.b64decode(e["delta"])) // 48
            for e in client.events
            if e["type"] == "response.output_audio.delta"
        ]
        assert sizes == [100, 200, 200, 200, 200, 100]


def loud_samples(ms: int) -> Any:
    return AudioDecoder("audio/pcm").decode(loud(ms))


async def test_a_manual_turn_of_silence_has_no_words():
    engine = ScriptedEngine(words=["You"])
    async with hosted(engine) as client:
        await client.send(
            "session.update",
            session={
                "type": "realtime",
                "audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}},
            },
        )
        await client.append(quiet(500))
        await client.send("input_audio_buffer.commit")
        completed = await client.until("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == ""
        assert engine.heard_ms == []


async def test_a_manual_turn_is_cropped_to_its_speech():
    engine = ScriptedEngine(words=["Hello"])
    async with hosted(engine) as client:
        await client.send(
            "session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        )
        await client.append(quiet(640) + loud(640) + quiet(640))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        await client.until("response.done")
        assert engine.heard_ms == [pytest.approx(100 + 640 + 250, abs=40)]


@pytest.mark.parametrize("law", ["audio/pcmu", "audio/pcma"])
async def test_g711_both_ways(law: Any):
    engine = ScriptedEngine(words=["Hello"], answers=[[EngineText("one two three")]])
    async with hosted(engine) as client:
        format = {"type": law}
        await client.send(
            "session.update",
            session={
                "type": "realtime",
                "audio": {"input": {"format": format}, "output": {"format": format}},
            },
        )
        audio = AudioEncoder(law).encode(
            AudioDecoder("audio/pcm").decode(quiet(320) + loud(640) + quiet(700))
        )
        for start in range(0, len(audio), 160):
            await client.send(
                "input_audio_buffer.append", audio=base64.b64encode(audio[start : start + 160]).decode()
            )
        await client.until("response.done")
        assert engine.heard_ms == [pytest.approx(100 + 640 + 250, abs=60)]
        assert len(client.sound()) == pytest.approx(300 * 8, abs=40)
        samples = AudioDecoder(law).decode(client.sound())
        assert abs(int(samples[2000]) - 5000) < 300


async def test_a_call_and_speed():
    engine = ScriptedEngine(answers=[[EngineText("Let me see."), EngineCall("clock", "{}")]])
    async with hosted(engine) as client:
        tools = [{"type": "function", "name": "clock"}]
        await client.send(
            "session.update",
            session={"type": "realtime", "tools": tools, "audio": {"output": {"speed": 1.5}}},
        )
        await client.ask()
        done = await client.until("response.done")
        assert [item["type"] for item in done["response"]["output"]] == ["message", "function_call"]
        assert (engine.requests[0].tools, engine.speeds) == (({"type": "function", "name": "clock"},), [1.5])


async def test_speech_is_sent_before_the_rest_is_made():
    pause = threading.Event()
    engine = ScriptedEngine(answers=[[EngineText("One."), EngineText("Two.")]], pause=pause)
    async with hosted(engine) as client:
        await client.ask()
        await client.until("response.output_audio.delta")
        pause.set()
        await client.until("response.done")
        assert engine.sentences == ["One.", "Two."]


async def test_an_interruption_stops_the_voice():
    pause = threading.Event()
    engine = ScriptedEngine(
        words=["Stop"],
        answers=[[EngineText("One."), EngineText("Two three four.")], [EngineText("Yes.")]],
        pause=pause,
    )
    async with hosted(engine) as client:
        await client.ask()
        await client.until("response.output_audio.delta")
        await client.append(quiet(64) + loud(320))
        await client.until("input_audio_buffer.speech_started")
        done = await client.until("response.done")
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        pause.set()
        heard = len(client.sound())
        await client.append(quiet(700))
        await client.until("response.done")
        assert len(client.sound()) == heard + 100 * 48, "only the next answer was heard"


async def test_an_engine_that_cannot_answer_says_why():
    engine = ScriptedEngine(
        answers=[[EngineText("Well."), EngineError("The chat server is away.", "Start it.")]]
    )
    async with hosted(engine) as client:
        await client.ask()
        done = await client.until("response.done")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["message"] == "The chat server is away. Start it."
        await client.ask()
        assert (await client.until("response.done"))["response"]["status"] == "completed"


@pytest.mark.parametrize("broken", ["reply", "speak", "transcribe"])
async def test_a_bug_in_a_model_fails_one_answer_and_is_reported(broken: str):
    bugs: list[BaseException] = []
    bug = ZeroDivisionError("secret detail")
    engine = ScriptedEngine(words=[bug], answers=[[bug]] if broken == "reply" else [])
    if broken == "speak":
        engine.speak = lambda *args: 1 / 0  # type: ignore[method-assign, assignment]
    async with hosted(engine, bugs=bugs, defaults=Defaults(transcription={"model": "whisper-1"})) as client:
        if broken == "transcribe":
            await client.append(loud(640) + quiet(700))
            await client.until("conversation.item.input_audio_transcription.failed")
        else:
            await client.ask()
        done = await client.until("response.done")
        assert done["response"]["status"] == ("completed" if broken == "transcribe" else "failed")
        assert "secret detail" not in json.dumps(client.events)
        assert [type(error) for error in bugs] == [ZeroDivisionError]


async def test_a_bug_in_the_session_ends_it_with_1011(monkeypatch: pytest.MonkeyPatch):
    bugs: list[BaseException] = []
    async with hosted(bugs=bugs) as client:
        await client.until("session.created")
        monkeypatch.setattr(ServerSession, "handle", lambda self, happened: 1 / 0)
        await client.send("response.create")
        assert (await client.closed()).code == 1011
    assert [type(error) for error in bugs] == [ZeroDivisionError]


async def test_the_session_limit_and_other_closes():
    async with hosted(defaults=Defaults(session_limit_s=0.05)) as client:
        closed = await client.closed()
        assert (closed.code, client.kinds()[-1]) == (1001, "error")
    async with hosted(opening=Opening(beta_header=True)) as client:
        assert (await client.closed()).reason == "invalid_request_error.beta_api_shape_disabled"
    async with hosted(drop_after_events=1) as client:
        assert (await client.closed()).code == 1006


async def test_a_client_that_leaves_in_the_middle_of_an_answer():
    pause = threading.Event()
    engine = ScriptedEngine(answers=[[EngineText("One."), EngineText("Two three four.")]], pause=pause)
    async with hosted(engine) as client:
        await client.ask()
        await client.until("response.output_audio.delta")
    pause.set()
    assert len(engine.sentences) <= 2


async def test_a_greedy_client_delays_nobody_by_a_sentence():
    """A thousand responses of one client do not stand before the first sentence of another, nor does one."""

    class Slow(ScriptedEngine):
        def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
            time.sleep(0.5)
            yield from super().speak(text, speed)

    async def first_sound_s(client: Client) -> float:
        began = time.monotonic()
        await client.ask()
        await client.until("response.output_audio.delta")
        return time.monotonic() - began

    engine = Slow(answers=[[EngineText("Two words.")] * 30] * 200)
    workers = EngineWorkers(engine)
    async with hosted(workers=workers) as modest:
        alone_s = await first_sound_s(modest)
    async with hosted(workers=workers) as greedy, hosted(workers=workers) as modest:
        for _ in range(1000):
            await greedy.send("response.create", response={"conversation": "none"})
        for _ in range(16):
            await greedy.until("response.created")
        assert await first_sound_s(modest) < alone_s + 0.25
    workers.close()


async def test_a_flood_of_frames_leaves_most_of_the_loop_to_others():
    """Who has work all the time gets more than half of it, however much one client sends."""
    over: list[bool] = []

    class Flood:
        """A socket on which there is always another frame."""

        def __init__(self, wire: Transport) -> None:
            self.send, self.send_now, self.close = wire.send, wire.send_now, wire.close

        async def recv(self) -> str:
            if over:
                raise Closed(1000, "")
            return '{"type": "input_audio_buffer.append", "audio": "AAAAAAAA"}'

    async with hosted(wrap=Flood):
        began, own_s = time.thread_time(), 0.0
        while (whole_s := time.thread_time() - began) < 0.3:
            turn = time.thread_time()
            while time.thread_time() - turn < 0.001:
                pass
            own_s += time.thread_time() - turn
            await asyncio.sleep(0)
        over.append(True)
        assert own_s > 0.5 * whole_s


async def test_sound_is_read_no_faster_than_it_is_listened_to(monkeypatch: pytest.MonkeyPatch):
    """Or a file of hours that is sent at once would lie here whole."""
    monkeypatch.setattr(transport, "FRAMES_IN_FLIGHT", in_flight := 4)
    listen = threading.Event()

    class Slow(ScriptedEngine):
        def voice_activity(self) -> Any:
            return self

        def feed(self, samples: Samples) -> list[float]:
            listen.wait(20)
            return []

    second = base64.b64encode(bytes(48_000)).decode()
    async with hosted(Slow()) as client:
        sent = 0

        async def pour() -> None:
            nonlocal sent
            for _ in range(120):
                await client.send("input_audio_buffer.append", audio=second)
                sent += 1

        pouring = asyncio.create_task(pour())
        before = -1
        while sent != before:  # until it goes no further
            before = sent
            await asyncio.sleep(0.5)
        held = sent
        listen.set()
        await pouring
    most = 2 * module.MAX_DETECTOR_BYTES / 48_000 + in_flight + 3  # as much again is with the detector
    assert 10 <= held <= most


async def test_a_client_that_does_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "OUTBOX_BYTES", 200_000)
    long: dict[str, Any] = {"id": "A", "type": "message", "role": "user"}
    long["content"] = [{"type": "input_text", "text": "word " * 2000}]
    async with hosted() as client:
        await client.send("conversation.item.create", item=long)
        with suppress(Closed):
            for _ in range(1200):
                await client.send("conversation.item.retrieve", item_id="A")
        closed = await client.closed()
        assert (closed.code, closed.reason) == module.TOO_SLOW


async def test_old_names_on_the_wire():
    async with hosted(ScriptedEngine(), wrap=OldWire) as client:
        created = await client.until("session.created")
        assert created["session"]["input_audio_format"] == "pcm16"
        assert "audio" not in created["session"]
        await client.ask()
        done = await client.until("response.done")
        assert {
            "response.audio.delta",
            "response.audio_transcript.delta",
            "conversation.item.created",
        } <= set(client.kinds())
        assert done["response"]["output"][0]["content"][0]["type"] == "audio"


async def test_sessions_share_the_engine_and_nothing_else():
    engine = ScriptedEngine(answers=[[EngineText("One.")], [EngineText("Two.")]])
    async with hosted(engine) as first, hosted(engine) as second:
        await first.ask()
        await first.until("response.done")
        await second.ask("Hi")
        await second.until("response.done")
        assert [len(request.items) for request in engine.requests] == [1, 1]

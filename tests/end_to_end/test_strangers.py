"""Clients that this project did not write, against ``serve`` with its real engine.

``openai``'s realtime connection (sync and async) and ``openai-agents``' realtime session, each with a text
turn, a spoken turn under server VAD, a function call and its answer, and an interruption.
"""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from realtime_cli.app.background_server import BackgroundServer
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ
from tests.kit.speech import clip

openai = pytest.importorskip("openai")

pytestmark = [pytest.mark.xdist_group("strangers"), pytest.mark.timeout(120)]
TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "The local time.",
    "parameters": {"type": "object", "properties": {}},
}
LONG = "Please count slowly from one to thirty."


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    running = BackgroundServer()
    yield running
    running.close()


def frames(name: str, *, silence_s: float) -> Iterator[bytes]:
    """A clip in frames of 20 ms, and silence behind it."""
    samples = np.concatenate([clip(name), np.zeros(int(silence_s * RATE_HZ), np.int16)])
    for start in range(0, len(samples), FRAME_SAMPLES):
        yield samples[start : start + FRAME_SAMPLES].tobytes()


async def in_real_time(name: str, send: Callable[[bytes], Awaitable[Any]], *, silence_s: float = 2.0) -> None:
    began = time.monotonic()
    for number, frame in enumerate(frames(name, silence_s=silence_s)):
        await asyncio.sleep(began + number * 0.02 - time.monotonic())
        await send(frame)


def message(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def key(server: BackgroundServer) -> str:
    return server.headers["Authorization"].removeprefix("Bearer ")


def base_url(server: BackgroundServer) -> str:
    return server.url.removesuffix("/realtime").replace("ws://", "http://")


# -- openai, async ------------------------------------------------------------------------------


@asynccontextmanager
async def connected(server: BackgroundServer, **session: Any) -> AsyncIterator[Any]:
    """An open connection of the ``openai`` package with its session set."""
    async with (
        openai.AsyncOpenAI(api_key=key(server), base_url=base_url(server)) as client,
        client.realtime.connect(model="gpt-realtime-1.5") as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session={"type": "realtime", **session})
        await until(connection, "session.updated")
        yield connection


async def until(connection: Any, kind: str, seen: list[Any] | None = None) -> Any:
    async with asyncio.timeout(30):
        while True:
            event = await connection.recv()
            assert event.type != "error", event
            if seen is not None:
                seen.append(event)
            if event.type == kind:
                return event


async def test_openai_async_text_turn(server: BackgroundServer):
    async with connected(server, output_modalities=["text"]) as connection:
        await connection.conversation.item.create(item=message("What is two plus three?"))
        await connection.response.create()
        assert "5" in (await until(connection, "response.output_text.done")).text
        done = await until(connection, "response.done")
        assert (done.response.status, done.response.usage.output_tokens > 0) == ("completed", True)


async def test_openai_async_sends_null_for_what_it_leaves_out(server: BackgroundServer):
    async with connected(server, output_modalities=["text"], tools=None, instructions=None) as connection:
        await connection.conversation.item.create(item={**message("Two plus three?"), "id": None})
        nothing = dict.fromkeys(["instructions", "tools", "tool_choice", "metadata", "input", "conversation"])
        await connection.response.create(response=nothing)
        assert "5" in (await until(connection, "response.output_text.done")).text


async def test_openai_async_names_another_model_in_an_update(server: BackgroundServer):
    async with connected(server) as connection:
        await connection.session.update(
            session={"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be brief."}
        )
        updated = (await until(connection, "session.updated")).session
        assert (updated.model, updated.instructions) == ("gpt-realtime-1.5", "Be brief.")


@pytest.mark.parametrize(("model", "kind"), [("gpt-4o-transcribe", "tokens"), ("gpt-transcribe", "duration")])
async def test_openai_async_reads_how_a_transcription_is_billed(
    server: BackgroundServer, model: str, kind: str
):
    async with connected(
        server, audio={"input": {"transcription": {"model": model}, "turn_detection": None}}
    ) as connection:
        sound = base64.b64encode(b"".join(frames("more-talk-01", silence_s=0.2))).decode()
        await connection.input_audio_buffer.append(audio=sound)
        await connection.input_audio_buffer.commit()
        completed = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert completed.usage.type == kind


async def test_openai_async_spoken_turn(server: BackgroundServer):
    listening = {"input": {"transcription": {"model": "whisper-1"}}}
    async with connected(server, audio=listening) as connection:
        speaking = asyncio.create_task(
            in_real_time(
                "more-talk-01",
                lambda frame: connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode()),
            )
        )
        seen: list[Any] = []
        done = await until(connection, "response.done", seen)
        await speaking
        kinds = [event.type for event in seen]
        completed = seen[kinds.index("conversation.item.input_audio_transcription.completed")]
        assert "time" in completed.transcript.lower()
        sound = b"".join(base64.b64decode(e.delta) for e in seen if e.type == "response.output_audio.delta")
        assert len(sound) > RATE_HZ, "more than half a second of speech"
        assert done.response.status == "completed"
        assert kinds.index("input_audio_buffer.speech_started") < kinds.index(
            "input_audio_buffer.speech_stopped"
        )


async def test_openai_async_function_call(server: BackgroundServer):
    async with connected(server, output_modalities=["text"], tools=[TOOL]) as connection:
        await connection.conversation.item.create(item=message("What time is it?"))
        await connection.response.create()
        call = await until(connection, "response.function_call_arguments.done")
        assert call.name == "get_time"
        await until(connection, "response.done")
        output = {"type": "function_call_output", "call_id": call.call_id, "output": '{"time": "14:05"}'}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        assert "14:05" in (await until(connection, "response.output_text.done")).text


async def test_openai_async_interruption(server: BackgroundServer):
    async with connected(server) as connection:
        await connection.conversation.item.create(item=message(LONG))
        await connection.response.create()
        first = await until(connection, "response.output_audio.delta")
        speaking = asyncio.create_task(
            in_real_time(
                "more-case-stop",
                lambda frame: connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode()),
            )
        )
        await until(connection, "input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=40)
        seen: list[Any] = []
        await until(connection, "conversation.item.truncated", seen)
        done = next((event for event in seen if event.type == "response.done"), None)
        done = done or await until(connection, "response.done")
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "turn_detected")
        await until(connection, "response.done")
        await speaking


async def test_openai_async_is_refused_with_a_wrong_key(server: BackgroundServer):
    async with openai.AsyncOpenAI(api_key="sk-wrong", base_url=base_url(server)) as client:
        with pytest.raises(Exception, match="401"):
            async with client.realtime.connect(model="m"):
                pass


# -- openai, sync -------------------------------------------------------------------------------


class Sync:
    """The blocking connection, with helpers that read until something comes."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.seen: list[Any] = []

    def until(self, kind: str) -> Any:
        while True:
            event = self.connection.recv()
            assert event.type != "error", event
            self.seen.append(event)
            if event.type == kind:
                return event

    def say(self, name: str) -> threading.Thread:
        """Speak a clip in real time, beside the reading."""

        def speak() -> None:
            began = time.monotonic()
            for number, frame in enumerate(frames(name, silence_s=1.5)):
                time.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
                self.connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())

        thread = threading.Thread(target=speak)
        thread.start()
        return thread


@pytest.fixture
def sync(server: BackgroundServer) -> Iterator[Sync]:
    with (
        openai.OpenAI(api_key=key(server), base_url=base_url(server)) as client,
        client.realtime.connect(model="gpt-realtime-1.5") as connection,
    ):
        talk = Sync(connection)
        talk.until("session.created")
        yield talk


def test_openai_sync_text_turn(sync: Sync):
    sync.connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
    sync.connection.conversation.item.create(item=message("What is two plus three?"))
    sync.connection.response.create()
    assert "5" in sync.until("response.output_text.done").text
    assert sync.until("response.done").response.status == "completed"


def test_openai_sync_spoken_turn(sync: Sync):
    listening = {"input": {"transcription": {"model": "whisper-1"}}}
    sync.connection.session.update(session={"type": "realtime", "audio": listening})
    speaking = sync.say("more-talk-01")
    done = sync.until("response.done")
    speaking.join()
    texts = [e.transcript for e in sync.seen if e.type.endswith("transcription.completed")]
    assert "time" in texts[0].lower()
    assert [item.type for item in done.response.output] == ["message"]


def test_openai_sync_function_call(sync: Sync):
    sync.connection.session.update(
        session={"type": "realtime", "output_modalities": ["text"], "tools": [TOOL]}
    )
    sync.connection.conversation.item.create(item=message("What time is it?"))
    sync.connection.response.create()
    call = sync.until("response.function_call_arguments.done")
    sync.until("response.done")
    output = {"type": "function_call_output", "call_id": call.call_id, "output": '{"time": "14:05"}'}
    sync.connection.conversation.item.create(item=output)
    sync.connection.response.create()
    assert "14:05" in sync.until("response.output_text.done").text


def test_openai_sync_interruption(sync: Sync):
    sync.connection.conversation.item.create(item=message(LONG))
    sync.connection.response.create()
    item_id = sync.until("response.output_audio.delta").item_id
    speaking = sync.say("more-case-stop")
    sync.until("input_audio_buffer.speech_started")
    sync.connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=40)
    sync.until("conversation.item.truncated")
    done = [event.response for event in sync.seen if event.type == "response.done"]
    assert [response.status for response in done] == ["cancelled"]
    sync.until("response.done")
    speaking.join()


# -- openai-agents ------------------------------------------------------------------------------


class Agent:
    """A realtime session of ``openai-agents`` and what it tells."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.told: list[Any] = []
        self._events = session.__aiter__()

    async def until(self, kind: str, wanted: Callable[[Any], bool] = lambda event: True) -> Any:
        async with asyncio.timeout(30):
            while True:
                event = await anext(self._events)
                assert event.type != "error", event
                self.told.append(event)
                if event.type == kind and wanted(event):
                    return event

    async def until_raw(self, kind: str) -> dict[str, Any]:
        """The next event of the wire, of this type."""

        def is_it(event: Any) -> bool:
            return event.data.type == "raw_server_event" and event.data.data["type"] == kind

        event = await self.until("raw_model_event", is_it)
        return event.data.data

    def texts(self) -> list[str]:
        updates = [event for event in self.told if event.type == "history_updated"]
        items = updates[-1].history if updates else []
        return [
            part.transcript if hasattr(part, "transcript") else part.text
            for item in items
            if item.type == "message" and item.role == "assistant"
            for part in item.content
        ]


@asynccontextmanager
async def agent(server: BackgroundServer, **settings: Any) -> AsyncIterator[Agent]:
    agents = pytest.importorskip("agents")
    from agents.realtime import RealtimeAgent, RealtimeRunner

    @agents.function_tool
    def get_time() -> str:
        """The local time."""
        return "14:05"

    runner = RealtimeRunner(RealtimeAgent(name="Clock", instructions="Be brief.", tools=[get_time]))
    audio = {"input": {"transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad"}}}
    model_settings = {"model_name": "gpt-realtime-1.5", "audio": audio, **settings}
    config: Any = {
        "api_key": key(server),
        "url": f"{server.url}?model=gpt-realtime-1.5",
        "initial_model_settings": model_settings,
    }
    async with await runner.run(model_config=config) as session:
        yield Agent(session)


async def test_agents_text_turn(server: BackgroundServer):
    async with agent(server) as talk:
        await talk.session.send_message("What is two plus three?")
        await talk.until("agent_end")
        done = await talk.until_raw("response.output_audio_transcript.done") if not talk.texts() else None
        assert "5" in (done["transcript"] if done else " ".join(talk.texts()))


async def test_agents_spoken_turn_with_a_tool(server: BackgroundServer):
    async with agent(server) as talk:
        speaking = asyncio.create_task(in_real_time("more-talk-01", talk.session.send_audio, silence_s=4.0))
        tool = await talk.until("tool_end")
        assert str(tool.output) == "14:05"
        said = await talk.until_raw("response.output_audio_transcript.done")
        assert "14:05" in said["transcript"]
        assert any(event.type == "audio" for event in talk.told)
        speaking.cancel()


async def test_agents_function_call(server: BackgroundServer):
    async with agent(server) as talk:
        await talk.session.send_message("What time is it?")
        await talk.until("tool_start")
        await talk.until("tool_end")
        assert "14:05" in (await talk.until_raw("response.output_audio_transcript.done"))["transcript"]


async def test_agents_interruption(server: BackgroundServer):
    async with agent(server) as talk:
        await talk.session.send_message(LONG)
        await talk.until("audio")
        speaking = asyncio.create_task(in_real_time("more-case-stop", talk.session.send_audio))
        await talk.until("audio_interrupted")
        truncated = await talk.until_raw("conversation.item.truncated")
        assert truncated["audio_end_ms"] > 0
        done = [event.data.data for event in talk.told if _is_done(event)]
        assert done[-1]["response"]["status"] == "cancelled"
        speaking.cancel()


def _is_done(event: Any) -> bool:
    raw = event.type == "raw_model_event" and event.data.type == "raw_server_event"
    return bool(raw and event.data.data["type"] == "response.done")


# -- openai, translations -------------------------------------------------------------------------


async def test_openai_translates(server: BackgroundServer) -> None:
    async with (
        openai.AsyncOpenAI(api_key=key(server), base_url=base_url(server)) as client,
        client.realtime.translations.connect(model="gpt-realtime-translate") as connection,
    ):
        created = await connection.recv()
        assert (created.type, created.session.model) == ("session.created", "gpt-realtime-translate")
        settings = {"output": {"language": "de"}, "input": {"transcription": {"model": "whisper-1"}}}
        await connection.session.update(session={"audio": settings})
        assert (await connection.recv()).session.audio.output.language == "de"
        for frame in frames("heart-01", silence_s=0.5):
            await connection.session.input_audio_buffer.append(audio=base64.b64encode(frame).decode())
        await connection.session.close()
        words, sound = {"input": "", "output": ""}, b""
        async for event in connection:
            match event.type:
                case "session.input_transcript.delta" | "session.output_transcript.delta":
                    words[event.type.split(".")[1].partition("_")[0]] += event.delta
                case "session.output_audio.delta":
                    sound += base64.b64decode(event.delta)
                case "session.closed":
                    break
                case other:
                    raise AssertionError(other)
        assert words["output"] == f" [de] {words['input']}"
        assert len(sound) > 24_000

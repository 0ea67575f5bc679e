"""The Live connection of the ``openai`` package against ``serve`` with its real engine.

Every frame is checked against the package's types in both directions, unknown fields included.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import openai
import pytest
from openai.lib.live import TranscriptGrouper
from openai.types.live import ClientEvent
from pydantic import TypeAdapter
from websockets.exceptions import ConnectionClosedError

from realtime_cli.app.background_server import BackgroundServer
from realtime_cli.audio.pcm import FRAME_SAMPLES, silence
from realtime_cli.script.words import word_error_rate
from tests.kit.live_talk import CONTRACT, unknown_fields
from tests.kit.speech import clip

Json = dict[str, Any]
pytestmark = [pytest.mark.xdist_group("strangers"), pytest.mark.timeout(120)]
OUR_SIDE: TypeAdapter[Any] = TypeAdapter(ClientEvent)
LONG = "I count: one, two, three, four, five, six, seven, eight, nine, ten."
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    running = BackgroundServer()
    yield running
    running.close()


class Stranger:
    """The package's connection, with a microphone that never stops."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.events: list[Any] = []
        self.sound_at: list[float] = []
        self.sound = bytearray()
        self.grouper = TranscriptGrouper()
        self._came = asyncio.Event()
        self._to_say = bytearray()

    async def send(self, type: str, **fields: Any) -> None:
        event = {"type": type, **fields}
        assert list(unknown_fields(OUR_SIDE.validate_python(event, strict=True))) == []
        await self._connection.send(event)

    async def read(self) -> None:
        """Until the line is dropped."""
        while True:
            text = await self._connection.recv_bytes()
            event = CONTRACT.validate_json(text, strict=True)
            assert list(unknown_fields(event)) == [], text
            if event.type == "session.output_audio.delta":
                self.sound += base64.b64decode(event.delta)
                self.sound_at.append(time.monotonic())
                continue
            self.grouper.push(event)
            self.events.append(event)
            self._came.set()

    async def talk(self) -> None:
        """Frames of 20 ms in real time: what is to be said, else silence."""
        began, size = time.monotonic(), FRAME_SAMPLES * 2
        for number in range(1_000_000):
            await asyncio.sleep(began + number * 0.02 - time.monotonic())
            frame = bytes(self._to_say[:size]).ljust(size, b"\0")
            del self._to_say[:size]
            await self._connection.session.input_audio.append(audio=base64.b64encode(frame).decode())

    def say(self, name: str) -> None:
        self._to_say += clip(name).tobytes() + silence(FRAME_SAMPLES).tobytes()

    async def until(self, type: str, count: int = 1) -> Any:
        """The event of this type, or the first so many."""
        async with asyncio.timeout(30):
            while len(found := [event for event in self.events if event.type == type]) < count:
                self._came.clear()
                await self._came.wait()
        return found[count - 1]

    async def spoken(self, words: str) -> None:
        """Wait until the agent has said it."""
        async with asyncio.timeout(30):
            while words not in self.transcript("output"):
                self._came.clear()
                await self._came.wait()

    def calls(self) -> list[Json]:
        """The functions that the backend wants called, complete."""
        nested = [event.event for event in self.events if event.type == "response.event"]
        items = [event["item"] for event in nested if event["type"] == "response.output_item.done"]
        return [item for item in items if item["type"] == "function_call"]

    def transcript(self, side: str) -> str:
        kind = f"session.{side}_transcript.delta"
        return "".join(event.delta for event in self.events if event.type == kind)


@asynccontextmanager
async def stranger(server: BackgroundServer, **session: Any) -> AsyncIterator[Stranger]:
    """A started session; at the end it is closed, and the line drops."""
    key = server.headers["Authorization"].removeprefix("Bearer ")
    url = server.url.removesuffix("/realtime").replace("ws://", "http://")
    async with (
        openai.AsyncOpenAI(api_key=key, base_url=url) as client,
        client.live.connect() as connection,
    ):
        found = Stranger(connection)
        reading = asyncio.create_task(found.read())
        await found.send("session.start", session={"model": "gpt-live-1", **session})
        await found.until("session.started")
        talking = asyncio.create_task(found.talk())
        try:
            yield found
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            await found.send("session.close")
            (ended,) = await asyncio.gather(reading, return_exceptions=True)
        assert isinstance(ended, ConnectionClosedError), ended
        assert ended.rcvd is None, "dropped without a close frame"
        assert found.events[-1].type == "session.closed"
        assert found.events[-1].usage.seconds == pytest.approx(len(found.sound_at) / 10, abs=1)


async def test_two_spoken_turns_and_the_packages_own_grouping_of_them(server: BackgroundServer):
    segments: dict[str, Any] = {}
    async with stranger(server) as talk:
        talk.grouper.on("segment.updated", lambda segment: segments.update({segment.id: segment}))
        talk.say("heart-01")
        await talk.spoken("Yes, I can hear you.")
        await asyncio.sleep(1)
        talk.say("heart-02")
        await talk.spoken("in Tokyo.")
    said = [(segment.speaker, segment.text.strip()) for segment in segments.values()]
    assert [speaker for speaker, _ in said] == ["user", "assistant", "user", "assistant"]
    assert word_error_rate("Hello there, can you hear me?", said[0][1]) == 0
    assert said[1][1] == "Yes, I can hear you."
    assert word_error_rate("What time is it in Tokyo right now?", said[2][1]) == 0
    gaps = [later - earlier for earlier, later in zip(talk.sound_at, talk.sound_at[1:], strict=False)]
    assert sum(gaps) / len(gaps) == pytest.approx(0.1, abs=0.005)
    assert len(talk.sound) == len(talk.sound_at) * 4_800


async def test_the_user_interrupts_and_the_agent_yields(server: BackgroundServer):
    async with stranger(server) as talk:
        await talk.send("session.commentary.append", content=LONG, delegation_id=None)
        await talk.spoken("four")
        talk.say("heart-01")
        await talk.spoken("Yes, I can hear you.")
    assert "ten" not in talk.transcript("output")


async def test_the_application_is_handed_work_and_its_result_is_spoken(server: BackgroundServer):
    async with stranger(server) as talk:
        talk.say("michael-03")
        created = await talk.until("session.delegation.created")
        work = created.delegation
        assert (work.type, work.target) == ("delegation", "client")
        await talk.send(
            "session.commentary.append", content="Your parcel is in Hamburg.", delegation_id=work.id
        )
        appended = await talk.until("session.commentary.appended")
        assert appended.end_ms - appended.start_ms == 200
        await talk.spoken("Your parcel is in Hamburg.")


async def test_the_backend_calls_a_function_and_its_answer_is_spoken(server: BackgroundServer):
    backend = {"type": "responses", "responses": {"model": "gpt-5.2", "tools": [WEATHER]}}
    async with stranger(server, delegation=backend) as talk:
        talk.say("michael-01")
        async with asyncio.timeout(30):
            while not (calls := talk.calls()):
                await asyncio.sleep(0.02)
        (call,) = calls
        assert call["name"] == "get_weather"
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny, 20 degrees"}
        await talk.send("response.item.create", item=output)
        await talk.send("response.create")
        await talk.spoken("20 degrees")


async def test_a_greeting_by_commentary(server: BackgroundServer):
    async with stranger(server, audio={"format": {"type": "audio/pcm", "rate": 24_000}}) as talk:
        await talk.send("session.commentary.append", content="Welcome to the bank.", delegation_id=None)
        await talk.spoken("Welcome to the bank.")


async def test_a_stranger_with_a_wrong_key_is_refused(server: BackgroundServer):
    url = server.url.removesuffix("/realtime").replace("ws://", "http://")
    async with openai.AsyncOpenAI(api_key="sk-wrong", base_url=url) as client:
        with pytest.raises(Exception, match="401"):
            async with client.live.connect():
                pass


@pytest.mark.parametrize("door", ["sideband", "forks"])
async def test_a_second_socket_and_a_fork_are_refused_in_words(server: BackgroundServer, door: str):
    key = server.headers["Authorization"].removeprefix("Bearer ")
    url = server.url.removesuffix("/realtime").replace("ws://", "http://")
    async with openai.AsyncOpenAI(api_key=key, base_url=url) as client:
        with pytest.raises(Exception, match="404") as refused:
            async with getattr(client.live, door).connect(session_id="live_1"):
                pass
    body = json.loads(refused.value.response.body)  # type: ignore[attr-defined]
    assert "attaches nothing to a Live session, forks none" in body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("", 405, "opened with a WebSocket"),  # WebRTC
        ("/live_1/fork", 404, "forks none"),
        ("/live_1/accept", 404, "takes no calls"),
        ("/live_1/refer", 404, "takes no calls"),
    ],
)
async def test_what_is_asked_for_by_post_is_refused_in_words(
    server: BackgroundServer, path: str, status: int, said: str
):
    url = server.url.removesuffix("/v1/realtime").replace("ws://", "http://") + "/v1/live/sessions" + path
    async with httpx2.AsyncClient(headers=server.headers) as client:
        answer = await client.post(url, json={})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]

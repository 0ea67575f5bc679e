"""LiveKit's GPTLiveSession talks to the local server: a question, a function, its result."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import wave
from pathlib import Path
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai.realtime import GPTLiveModel

CLIP = Path(__file__).parents[1] / "data" / "speech" / "michael-01.wav"
FRAME_BYTES = 960


@llm.function_tool
async def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny, 20 degrees"


async def speak(session: Any) -> None:
    """A second of silence, the clip, and ten more seconds, in frames of 20 ms."""
    with wave.open(str(CLIP)) as file:
        sound = bytes(48_000) + file.readframes(file.getnframes()) + bytes(48_000 * 10)
    began = time.monotonic()
    for number, start in enumerate(range(0, len(sound), FRAME_BYTES)):
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        frame = sound[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        session.push_audio(rtc.AudioFrame(frame, 24_000, 1, FRAME_BYTES // 2))


async def main(server: str) -> int:
    logging.basicConfig(level=logging.WARNING)
    heard: list[str] = []
    calls: list[llm.FunctionCall] = []
    said: list[str] = []
    errors: list[Any] = []
    sound_ms = 0.0
    async with aiohttp.ClientSession() as http:
        base_url = f"{server.replace('ws:', 'http:')}/v1"
        model = GPTLiveModel(api_key="none", base_url=base_url, http_session=http)
        session = model.session()
        session.on("error", errors.append)
        session.on("transcript_delta", lambda event: said.append(event.text))
        session.on(
            "input_audio_transcription_completed",
            lambda event: heard.append(event.transcript) if event.is_final else None,
        )
        answering: set[asyncio.Task[None]] = set()

        def called(call: llm.FunctionCall) -> None:
            calls.append(call)
            output = llm.FunctionCallOutput(
                call_id=call.call_id, name=call.name, output="sunny, 20 degrees", is_error=False
            )
            answering.add(asyncio.create_task(session._append_items([output])))

        session.on("function_call", called)
        await session._update_session(
            instructions="Be kind.", chat_ctx=llm.ChatContext.empty(), tools=[get_weather]
        )

        async def listen() -> None:
            nonlocal sound_ms
            async for frame in session.audio_stream:
                sound_ms += frame.frame.duration * 1000

        listening = asyncio.create_task(listen())
        await speak(session)
        await session.aclose()
        listening.cancel()
        await model.aclose()
    asked = [(call.name, call.arguments) for call in calls]
    print(f"heard {heard}\ncalled {asked}\nsaid {''.join(said)!r}\n{sound_ms / 1000:.1f} s of sound")
    print(f"errors {errors}")
    fine = any("Paris" in text for text in heard) and asked == [("get_weather", '{"city": "Paris"}')]
    return 0 if fine and "20" in "".join(said) and not errors else 1


sys.exit(asyncio.run(main(sys.argv[1])))

"""Pipecat's OpenAILiveLLMService talks to the local server: greeting, question, function, its result."""

from __future__ import annotations

import asyncio
import sys
import time
import wave
from pathlib import Path
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    SpeechOutputAudioRawFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.live.llm import OpenAILiveLLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService
from pipecat.workers.runner import WorkerRunner

CLIP = Path(__file__).parents[1] / "data" / "speech" / "michael-01.wav"
FRAME_BYTES = 960
WEATHER = FunctionSchema("get_weather", "The weather in a city.", {"city": {"type": "string"}}, ["city"])


class Notes(FrameProcessor):
    """Keeps what passes."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.said: list[str] = []
        self.errors: list[str] = []
        self.sound_bytes = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TranscriptionFrame():
                self.heard.append(frame.text)
            case TTSTextFrame():
                self.said.append(frame.text)
            case SpeechOutputAudioRawFrame():
                self.sound_bytes += len(frame.audio)
            case ErrorFrame():
                self.errors.append(frame.error)
        await self.push_frame(frame, direction)


async def speak(worker: PipelineWorker) -> None:
    """The clip behind three seconds of silence, and ten more, in frames of 20 ms."""
    with wave.open(str(CLIP)) as file:
        sound = bytes(48_000 * 3) + file.readframes(file.getnframes()) + bytes(48_000 * 10)
    began = time.monotonic()
    for number, start in enumerate(range(0, len(sound), FRAME_BYTES)):
        await asyncio.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
        frame = InputAudioRawFrame(sound[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"), 24_000, 1)
        await worker.queue_frame(frame)


async def main(server: str) -> int:
    asked: list[Any] = []
    started = asyncio.Event()
    llm = OpenAILiveLLMService(
        api_key="none",
        base_url=f"{server}/v1/live/sessions",
        delegation=OpenAILiveLLMService.ResponsesDelegation(
            settings=OpenAIResponsesLLMService.Settings(model="gpt-5.2")
        ),
    )

    async def get_weather(params: Any) -> None:
        asked.append(params.arguments)
        await params.result_callback({"weather": "sunny", "degrees": 20})

    llm.register_function("get_weather", get_weather)
    notes, before = Notes(), Notes()
    worker = PipelineWorker(
        Pipeline([before, llm, notes]), params=PipelineParams(), cancel_on_idle_timeout=False
    )

    @llm.event_handler("on_session_started")
    async def on_started(service: Any, session: Any) -> None:
        started.set()

    async def talk() -> None:
        opening = [{"role": "system", "content": "Be kind."}, {"role": "developer", "content": "Welcome!"}]
        context = LLMContext(opening, ToolsSchema(standard_tools=[WEATHER]))
        await asyncio.sleep(1)
        await worker.queue_frame(LLMContextFrame(context))
        await asyncio.wait_for(started.wait(), 10)
        await speak(worker)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), talk())
    said = " ".join(notes.said)
    heard = [*notes.heard, *before.heard]
    print(f"heard {heard}\ncalled {asked}\nsaid {said!r}\n{notes.sound_bytes / 48_000:.1f} s of sound")
    print(f"errors {notes.errors + before.errors}")
    fine = any("Paris" in text for text in heard) and asked == [{"city": "Paris"}]
    return 0 if fine and "Welcome" in said and "20" in said and not notes.errors + before.errors else 1


sys.exit(asyncio.run(main(sys.argv[1])))

"""What Pipecat's OpenAIRealtimeLLMService sends to the local server in its own examples' situations.

``python tests/peers/realtime_pipecat.py ws://127.0.0.1:8765/v1/realtime`` prints what is in
``tests/data/peers/pipecat-realtime.json``, which is of Pipecat 1.14.0. It needs the Python of an environment
with ``pipecat-ai[openai]``. Sound and ids are left out, pictures are cut.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InputImageRawFrame,
    LLMContextFrame,
    LLMUpdateSettingsFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

TIME = FunctionSchema("get_time", "The time in a city.", {"city": {"type": "string"}}, ["city"])


def without_ids(wire: Any) -> Any:
    """What stays the same when it is run again."""
    if isinstance(wire, dict):
        ids = ("event_id", "id", "call_id")
        return {key: without_ids(value) for key, value in wire.items() if key not in ids}
    if isinstance(wire, list):
        return [without_ids(value) for value in wire]
    return wire[:23] if isinstance(wire, str) and wire.startswith("data:image/") else wire


def configured(manual: bool) -> events.SessionProperties:
    detection = False if manual else events.SemanticTurnDetection(eagerness="low")
    return events.SessionProperties(
        instructions="Be brief.",
        audio=events.AudioConfiguration(
            input=events.AudioInput(
                transcription=events.InputAudioTranscription(model="whisper-1"),
                noise_reduction=events.InputAudioNoiseReduction(type="near_field"),
                turn_detection=detection,
            ),
            output=events.AudioOutput(voice="cedar"),
        ),
    )


async def logged(url: str, scenario: Any, *, manual: bool = False, tools: bool = False) -> list[Any]:
    """What was sent while a scenario ran."""
    sent: list[Any] = []

    class Logged(OpenAIRealtimeLLMService):
        async def send_client_event(self, event: Any) -> None:
            wire = event.model_dump(exclude_none=True)
            if wire["type"] != "input_audio_buffer.append":
                sent.append(without_ids(wire))
            await super().send_client_event(event)

    llm = Logged(
        api_key="none", base_url=url, settings=Logged.Settings(session_properties=configured(manual))
    )

    async def get_time(params: Any) -> None:
        await params.result_callback({"time": "noon"})

    llm.register_function("get_time", get_time)
    worker = PipelineWorker(Pipeline([llm]), params=PipelineParams(), cancel_on_idle_timeout=False)
    context = LLMContext(
        [{"role": "user", "content": "What time is it in Oslo?"}],
        ToolsSchema(standard_tools=[TIME] if tools else []),
    )

    async def run() -> None:
        await asyncio.sleep(2)
        await scenario(worker, context)
        await asyncio.sleep(4)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), run())
    return sent


async def basic(worker: Any, context: Any) -> None:
    await worker.queue_frame(LLMContextFrame(context))


async def manual_turn(worker: Any, context: Any) -> None:
    await worker.queue_frame(LLMContextFrame(LLMContext([])))
    await asyncio.sleep(3)
    for _ in range(25):
        await worker.queue_frame(InputAudioRawFrame(bytes(960), 24_000, 1))
    await worker.queue_frame(UserStoppedSpeakingFrame())


async def update(worker: Any, context: Any) -> None:
    properties = events.SessionProperties(instructions="Answer in French.")
    delta = OpenAIRealtimeLLMService.Settings(session_properties=properties)
    await worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))


async def video(worker: Any, context: Any) -> None:
    await worker.queue_frame(InputImageRawFrame(bytes(3 * 64), (8, 8), "RGB"))


async def main(url: str) -> None:
    log = {
        "basic": await logged(url, basic),
        "function": await logged(url, basic, tools=True),
        "manual": await logged(url, manual_turn, manual=True),
        "update": await logged(url, update),
        "video": await logged(url, video),
    }
    text = json.dumps(log, indent=1)
    print(text)


asyncio.run(main(sys.argv[1]))

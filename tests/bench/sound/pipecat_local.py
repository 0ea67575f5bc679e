"""The peer ``pipecat-ai``: its local audio transport around its OpenAI Realtime service, as its docs say."""

from __future__ import annotations

import asyncio
import sys

from loguru import logger
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.local.audio import LocalAudioTransport, LocalAudioTransportParams
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies

RATE_HZ = 24_000


async def main() -> None:
    transport = LocalAudioTransport(LocalAudioTransportParams(audio_in_enabled=True, audio_out_enabled=True))
    service = OpenAIRealtimeLLMService(api_key="none", base_url=sys.argv[1])
    turns = LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    pair = LLMContextAggregatorPair(LLMContext(), user_params=turns)
    pipeline = Pipeline([transport.input(), pair.user(), service, transport.output(), pair.assistant()])
    params = PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
    await PipelineRunner().run(PipelineTask(pipeline, params=params, idle_timeout_secs=None))


logger.remove()
logger.add(sys.stderr, level="WARNING")
asyncio.run(main())

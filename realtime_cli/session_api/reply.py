"""What comes back from the agent: replies, answers beside the conversation, judgements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.audio.pcm import Samples
from realtime_cli.conversation.turns import LatencyParts
from realtime_cli.script.turn_metrics import ToolCall, TurnMetrics

MIN_SCORE = 0.7


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a language model found: ``score`` from 0 (false) to 1 (true), and why."""

    score: float
    why: str


@dataclass(frozen=True, slots=True)
class OutOfBandReply:
    """An answer that is no part of the conversation. ``response``: as in the protocol's ``response.done``."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    response: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent did in one turn. Times in ms from the end of the user's turn; None: not measured."""

    text: str
    """All that it said or wrote."""
    transcript: str
    """What the user was understood to say; empty for typed turns."""
    tool_calls: tuple[ToolCall, ...]
    first_sound_ms: float | None
    """To the first sample that was played (in text: the first word that came)."""
    done_ms: float | None
    """To the end of the response, tool calls included."""
    latency: LatencyParts | None
    """What the latency is made of: end-pointing, server, tools, waiting for approval, playout."""
    interrupted: bool
    """It was cut off by the user's next turn, a key or a voice. The text may go further than the sound."""
    interrupts: bool
    """The user's turn cut off what the agent was saying before."""
    interrupted_ms: float | None
    """From the first sound of the user's turn to the agent's silence, if that turn cut it off."""
    audible_ms: float | None
    """How long the agent could be heard."""
    errors: tuple[tuple[str, str], ...]
    """Code and message of the server's errors; the code of an answer that failed is ``failed``."""
    events: tuple[str, ...]
    """The names of what happened, in order: ``agent.speech_started`` and the like, and the protocol's."""
    tokens: int
    cost: float | None
    """US dollars; None where no price is known."""
    late_ms: float
    """How late our own pacing was at worst; above 60 the timings say little."""
    audio: Samples = field(repr=False)
    """The agent's voice as received: int16, mono, 24 kHz; more than was heard, if it was interrupted."""
    metrics: TurnMetrics = field(repr=False)
    """All that a turn of a script can be measured by."""
    _judge: Callable[[str], Awaitable[tuple[float, str]]] = field(repr=False, compare=False)

    @property
    def heard(self) -> str:
        """The transcript, by the name that expectations have for it."""
        return self.transcript

    async def judge(self, rubric: str, score: float = MIN_SCORE) -> Judgement:
        """Ask the language model of ``Session(judge=...)`` whether a statement about the reply is true.

        It reads the conversation up to here. Raises AssertionError below ``score``, ConfigError when no
        verdict can be had.
        """
        __tracebackhide__ = True
        found = Judgement(*await self._judge(rubric))
        if found.score < score:
            raise AssertionError(
                f'expected a score of {score:g} for "{rubric}"; found {found.score:g}: {found.why}'
            )
        return found

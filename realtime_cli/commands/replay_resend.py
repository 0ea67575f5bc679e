"""``replay --resend``: send what the user said to another agent, and compare the two sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo, out
from realtime_cli.app.hold import WarningsOnStderr, conversation_loop, hold
from realtime_cli.app.session_factory import AgentOptions, SessionFactory, load
from realtime_cli.audio.wav import WavSpeaker
from realtime_cli.audio.wire_format import AudioDecoder
from realtime_cli.client import inputs
from realtime_cli.client.inputs import MicrophoneFrame, Typed
from realtime_cli.commands.replay_options import ReplayOptions
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.loop import Outcome
from realtime_cli.recording import file
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.timeline import timeline
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.trust import Trust

FRAME = 480
READY = ("session.updated", "session.started")  # of Realtime, of Live
Samples = np.ndarray[Any, np.dtype[np.int16]]


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """What the recorded user did, by seconds since the session was ready."""

    frames: tuple[tuple[float, Samples], ...]
    typed: tuple[tuple[float, Typed], ...]
    seconds: float


def said_in(recording: Recording) -> RecordedTurn:
    """The user's half of a recording. Raises ConfigError when there is none."""
    from_wire = AudioDecoder(recording.header.input_format)
    frames: list[tuple[float, Samples]] = []
    typed: list[tuple[float, Typed]] = []
    ready: float | None = None
    last = 0.0
    for entry in recording.entries(sound=True):
        value = entry.value
        last = entry.at
        if ready is None and isinstance(value, inputs.Received) and value.event.type in READY:
            ready = entry.at
        if ready is not None and isinstance(value, MicrophoneFrame):
            frames.append((entry.at - ready, from_wire.decode(value.audio)))
        elif isinstance(value, Typed):
            typed.append((max(0.0, entry.at - (ready or 0.0)), value))
    if not frames and not typed:
        raise ConfigError(f"{recording.path} contains no user turns.", "Resend another recording.")
    return RecordedTurn(tuple(frames), tuple(typed), last - (ready or 0.0))


@dataclass(slots=True)
class RecordedUser:
    """A microphone that gives the recorded frames, and typed messages, at their recorded offsets."""

    said: RecordedTurn
    tail_s: float = 1.0
    _typed: Callable[[Typed], None] = lambda typed: None
    _task: asyncio.Task[None] | None = None

    def connect(self, typed: Callable[[Typed], None]) -> None:
        """Connect the receiver of the typed messages."""
        self._typed = typed

    def start(self, deliver: Callable[[Samples | None], None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(deliver), name="recorded user")

    async def _run(self, deliver: Callable[[Samples | None], None]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at, act in self._acts():
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            if isinstance(act, Typed):
                self._typed(act)
            else:
                deliver(act)
        for n in range(round(self.tail_s / 0.02) if self.said.frames else 0):
            await asyncio.sleep(0.02)
            deliver(np.zeros(FRAME, np.int16))
            del n
        deliver(None)

    def _acts(self) -> Iterator[tuple[float, Any]]:
        acts: list[tuple[float, Any]] = [*self.said.frames, *self.said.typed]
        return iter(sorted(acts, key=lambda act: act[0]))

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def resend(recording: Recording, options: ReplayOptions) -> ExitCode:
    """Hold the conversation again with another agent and print both side by side on stdout.

    Returns how the new session ended; a session that broke off is compared as far as it went.
    """
    said = said_in(recording)
    path, outcome = interrupts.run(_converse(said, options))
    before, now = timeline(recording), timeline(read(path))
    out(comparison(before, now))
    echo(f"realtime-cli: the new session is recorded in {path}")
    return outcome.exit_code


async def _converse(said: RecordedTurn, options: ReplayOptions) -> tuple[Path, Outcome]:
    agent = load(AgentOptions(config=options.config, sets=options.sets, base_url=options.base_url))
    async with (
        SessionFactory(trust=Trust(options.trust)) as factory,
        factory.open(
            agent,
            approver=AllowlistApprover(options.approve),
            record_to=file.new_path("resent"),  # a comparison needs one, whatever the agent file says
            command="resend",
        ) as opened,
    ):
        assert opened.recorder is not None
        user = RecordedUser(said)
        loop = conversation_loop(
            opened, shown=(WarningsOnStderr(),), microphone=user, speaker=WavSpeaker(None)
        )
        user.connect(lambda typed: loop.step(replace(typed, at=loop.now())))
        return opened.recorder.path, await hold(opened, loop)


def comparison(before: Timeline, now: Timeline) -> str:
    """A Markdown table of figures, then both transcripts."""
    rows = ["| | recorded | now |", "|---|--:|--:|"]
    rows += [f"| {name} | {one} | {other} |" for name, one, other in _figures(before, now)]
    dialogues = [
        f"## {name}\n\n{text.plain_text(made)}" for name, made in (("Recorded", before), ("Now", now))
    ]
    return "\n".join([*rows, "", *dialogues])


def _figures(before: Timeline, now: Timeline) -> Iterator[tuple[str, str, str]]:
    figures: list[tuple[str, Callable[[Timeline], str]]] = [
        ("model", lambda made: made.cost.model or "unknown"),
        ("turns", lambda made: str(len(made.turns))),
        ("answers", lambda made: str(sum(said.speaker == "agent" for said in made.said))),
        ("first audio, median", lambda made: text.ms(made.latency.median_ms)),
        ("first audio, 95th percentile", lambda made: text.ms(made.latency.p95_ms)),
        ("interruptions", lambda made: str(sum(turn.interrupted_ms is not None for turn in made.turns))),
        ("tool calls", lambda made: ", ".join(run.name for _, run in made.tools) or "none"),
        ("tokens in (cached) / out", _tokens),
        ("cost", lambda made: text.usd(made.cost.total_usd)),
    ]
    for name, figure in figures:
        yield name, figure(before), figure(now)


def _tokens(made: Timeline) -> str:
    tokens = made.cost.tokens
    return f"{tokens.input} ({tokens.cached}) / {tokens.output}"

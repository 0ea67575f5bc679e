"""``text``: messages in, answers on stdout, nothing else there; talk goes to stderr."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from realtime_cli.client import inputs
from realtime_cli.commands import opening
from realtime_cli.commands.talk import interrupts
from realtime_cli.commands.voice import say
from realtime_cli.config import LoadedAgent
from realtime_cli.duplex import Duplex, Observer, Outcome
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.entry import Entry


@dataclass(frozen=True, slots=True)
class TextOptions(opening.AgentOptions):
    """What the command line adds to the agent file."""

    messages: tuple[str, ...] = ()
    file: Path | None = None
    json: bool = False
    quiet: bool = False


def text(options: TextOptions) -> ExitCode:
    """Run every message as one turn of one session; returns the exit code of its end."""
    agent = opening.load(options, {"session.output_modalities": ["text"]})
    return asyncio.run(_text(agent, options))


def _messages(options: TextOptions) -> Iterator[str]:
    if options.messages:
        yield from options.messages
    elif options.file:
        try:
            yield from _lines(options.file.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{options.file} cannot be read: {error}.") from error
    else:
        yield from _lines(sys.stdin)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.strip():
            yield line.strip()


class Answers:
    """An observer: the agent's text goes to stdout as it comes, one line feed behind each answer."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._open = False
        self.gone = False

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Noted):
            if not self._quiet and value.level in ("warning", "error"):
                say(f"realtime-cli: {value.text}")
        elif isinstance(value, inputs.Received):
            self._received(value.event)

    def _received(self, event: s.ServerEvent) -> None:
        match event:
            case s.ResponseOutputTextDelta() | s.ResponseOutputAudioTranscriptDelta():
                self._write(event.delta or "")
            case s.ResponseDone() if self._open:
                self._write("\n")
                self._open = False

    def _write(self, piece: str) -> None:
        if self.gone:
            return
        try:
            sys.stdout.write(piece)
            sys.stdout.flush()
            self._open = True
        except BrokenPipeError:
            self.gone = True


@dataclass(slots=True)
class Turns:
    """Feeds the next message whenever nobody owes anybody an answer."""

    messages: Iterator[str]
    answers: Answers
    failed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Received) and isinstance(value.event, s.ResponseDone):
            self.failed = self.failed or value.event.response.status == "failed"
        self._changed.set()

    async def run(self, duplex: Duplex) -> None:
        while not self.answers.gone:
            await self._until_idle(duplex)
            message = await asyncio.to_thread(next, self.messages, None)
            if message is None or self.answers.gone:
                break
            duplex.step(inputs.Typed(duplex.now(), message))
        await self._until_idle(duplex)
        duplex.finish(Outcome(ExitCode.SESSION if self.failed else ExitCode.OK))

    async def _until_idle(self, duplex: Duplex) -> None:
        while not duplex.session.idle and not self.answers.gone:
            self._changed.clear()
            await self._changed.wait()
            await asyncio.sleep(0)  # let the step that changed it end


async def _text(agent: LoadedAgent, options: TextOptions) -> ExitCode:
    async with opening.opened(agent, greet=False) as opened:
        recorder = opening.recorder_for(agent, options, opened.session, opened.secrets, "text")
        answers = Answers(quiet=options.quiet)
        turns = Turns(_messages(options), answers)
        observers: list[Observer] = [observer for observer in (recorder, answers, turns) if observer]
        duplex = Duplex(opened.session, opened.connect, observers=observers, tools=opened.tools)
        interrupts(duplex)
        outcome = Outcome(ExitCode.BUG, "The conversation broke off.")
        feeding = asyncio.create_task(turns.run(duplex), name="read")
        try:
            outcome = await duplex.run()
        except RealtimeCliError as error:
            outcome = Outcome(error.exit_code, error.message, error.remedy)
            raise
        finally:
            feeding.cancel()
            if recorder:
                recorder.close(outcome.exit_code, outcome.reason)
        if outcome.reason:
            say(f"realtime-cli: {outcome.reason} {outcome.remedy}".rstrip())
        return ExitCode.OK if answers.gone else outcome.exit_code

"""``text``: messages in, answers on stdout, nothing else there; talk goes to stderr."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO, cast

from realtime_cli.app.console import echo
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.app.session_factory import AgentOptions, SessionFactory, load, recording_path
from realtime_cli.app.signals import own_the_process
from realtime_cli.app.stdout import Answers, Stdout
from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.config import LoadedAgent
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.ports import Observer
from realtime_cli.protocol import server_events as s
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tui.end_summary import EndSummary


@dataclass(frozen=True, slots=True)
class TextOptions(AgentOptions):
    """What the command line adds to the agent file. ``approve``: tools that run unasked, or ``all``."""

    messages: tuple[str, ...] = ()
    file: Path | None = None
    json: bool = False
    quiet: bool = False
    approve: tuple[str, ...] = ()
    images: tuple[Path, ...] = ()


def text(options: TextOptions) -> ExitCode:
    """Run every message as one turn of one session; returns the exit code of its end."""
    messages = _messages(options)
    agent = load(options, {"session.output_modalities": ["text"]})
    images = tuple(_picture(path, agent) for path in options.images)
    return asyncio.run(_text(agent, options, messages, images))


def _picture(path: Path, agent: LoadedAgent) -> str:
    from realtime_cli.video.encode import frame_of_file

    return frame_of_file(path, agent.config.video.max_side, agent.config.video.quality).image


def _messages(options: TextOptions) -> Iterator[str]:
    """What was given as arguments, else the lines of the file, else those of stdin as they come."""
    if options.messages and options.file:
        raise ConfigError("There are messages and --file.", "Give one of them.")
    if options.messages:
        if not all(message.strip() or options.images for message in options.messages):
            raise ConfigError("A message is empty.", "Leave it out, or say something.")
        return iter([_utf8(message) for message in options.messages])
    if options.file is None or str(options.file) == "-":
        return _lines(_stdin())
    try:
        return _lines(options.file.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise ConfigError(f"{options.file} is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{options.file} cannot be read: {error.strerror}.") from None


def _utf8(message: str) -> str:
    """Python keeps bytes that are no text as half surrogate pairs; nobody could be sent those."""
    try:
        message.encode()
    except UnicodeEncodeError:
        raise ConfigError("A message is not UTF-8 text.", "Convert it first.") from None
    return message


def _stdin() -> TextIO:
    """stdin as UTF-8, whatever the locale says."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    return sys.stdin if sys.stdin is not None else io.StringIO()


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.strip():
            yield line.strip()


class TextOutput(Observer, Protocol):
    """Where the answers go."""

    def end(self, ending: EndSummary) -> None: ...


class Warnings:
    """An observer: what a user should know goes to stderr."""

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Noted) and value.level in ("warning", "error"):
            echo(f"realtime-cli: {value.text}")


@dataclass(slots=True)
class MessageFeed:
    """Feeds the next message whenever the talk may go on; ends it when nobody owes anybody an answer."""

    messages: Iterator[str]
    out: Stdout
    images: tuple[str, ...] = ()
    detail: str | None = None
    failed: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, entry: Entry) -> None:
        value = entry.value
        if isinstance(value, inputs.Received) and isinstance(value.event, s.ResponseDone):
            self.failed = self.failed or value.event.response.status == "failed"
        self._changed.set()

    async def run(self, duplex: ConversationLoop) -> None:
        """Until there are no more messages, or nobody reads the answers; then end the session."""
        while not self.out.gone:
            await self._until(lambda: duplex.session.idle_but_background_tools)
            message = None if self.out.gone else await self._next()
            if message is None:
                break
            images, self.images = self.images, ()
            duplex.step(inputs.Typed(duplex.now(), message, images, self.detail if images else None))
        await self._until(lambda: duplex.session.idle)
        if self.out.failure:
            raise ConfigError(self.out.failure)
        duplex.finish(Outcome(ExitCode.SESSION if self.failed else ExitCode.OK))

    async def _next(self) -> str | None:
        """Reading stdin may take for ever; the thread that does must not keep the process alive."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[str | None] = loop.create_future()

        def give(message: str | None, error: BaseException | None) -> None:
            if not found.done():
                found.set_exception(error) if error else found.set_result(message)

        def read() -> None:
            message: str | None = None
            error: Exception | None = None
            try:
                message = next(self.messages, None)
            except UnicodeDecodeError:
                error = ConfigError("stdin is not UTF-8 text.", "Convert it first.")
            except Exception as failure:
                error = failure
            with suppress(RuntimeError):  # the loop is closed: the session ended meanwhile
                loop.call_soon_threadsafe(give, message, error)

        threading.Thread(target=read, name="stdin", daemon=True).start()
        return await found

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds() and not self.out.gone:
            self._changed.clear()
            await self._changed.wait()
            await asyncio.sleep(0)  # let the step that changed it end


async def _text(
    agent: LoadedAgent, options: TextOptions, messages: Iterator[str], images: tuple[str, ...]
) -> ExitCode:
    out = Stdout()
    async with (
        SessionFactory(LocalServers(warm=False)) as factory,
        factory.open(
            agent,
            greet=False,
            approver=AllowlistApprover(options.approve),
            record_to=recording_path(agent, options),
            command="text",
        ) as opened,
    ):
        recorder = opened.recorder
        answers = _face(options, out)
        turns = MessageFeed(messages, out, images, agent.config.video.detail)
        discretion = OutputRedaction(opened.secrets)
        talk = None if options.quiet or options.json else discretion.before(Warnings())
        each = (recorder, discretion.before(answers), turns, talk, *opened.observers)
        observers: list[Observer] = [one for one in each if one]
        duplex = ConversationLoop(opened.session, opened.connect, observers=observers, tools=opened.tools)
        own_the_process(duplex)
        outcome = Outcome(ExitCode.BUG, "The conversation broke off.")
        feeding = asyncio.create_task(_feed(turns, duplex), name="read")
        try:
            outcome = discretion.outcome(await duplex.run())
        except RealtimeCliError as error:
            outcome = Outcome(error.exit_code, error.message, error.remedy)
            raise
        finally:
            feeding.cancel()
            if recorder:
                recorder.close(outcome.exit_code, outcome.reason)
            path = str(recorder.path) if recorder and not recorder.failed else ""
            answers.end(EndSummary(outcome.exit_code, outcome.reason, outcome.remedy, path))
        if outcome.reason and not options.quiet:
            echo(f"realtime-cli: {outcome.reason} {outcome.remedy}".rstrip())
        if out.gone:
            out.let_go()
        return outcome.exit_code


def _face(options: TextOptions, out: Stdout) -> TextOutput:
    if not options.json:
        return Answers(out)
    from realtime_cli.tui.json_lines import JsonLines

    return JsonLines(cast(TextIO, out))


async def _feed(turns: MessageFeed, duplex: ConversationLoop) -> None:
    """What goes wrong with the messages ends the session."""
    try:
        await turns.run(duplex)
    except RealtimeCliError as error:
        duplex.finish(Outcome(error.exit_code, error.message, error.remedy))
    except Exception as error:
        duplex.finish(Outcome(ExitCode.BUG, f"The messages could not be sent: {error!r}."))

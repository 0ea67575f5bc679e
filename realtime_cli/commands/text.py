"""``text``: messages in, answers on stdout and nothing else there; notes go to stderr."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from operator import length_hint
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from realtime_cli.app import interrupts
from realtime_cli.app.hold import WarningsOnStderr, conversation_loop, hold
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import AgentOptions, SessionFactory, load, recording_path
from realtime_cli.app.stdout import Answers, Stdout
from realtime_cli.client import inputs
from realtime_cli.client.lost_answer import ABOUT_ANSWERS, NAMELESS_CALL
from realtime_cli.config import LoadedAgent
from realtime_cli.conversation import events as e
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.trust import Trust

if TYPE_CHECKING:
    from realtime_cli.tui.frontend import Frontend
from realtime_cli.tui.amounts import plural
from realtime_cli.value import value


@value
class TextOptions(AgentOptions):
    """What the command line adds to the agent file. ``approve``: tools that run unasked, or ``all``."""

    messages: tuple[str, ...] = ()
    file: Path | None = None
    json: bool = False
    quiet: bool = False
    approve: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    images: tuple[Path, ...] = ()


def text(options: TextOptions) -> ExitCode:
    """Run every message as one turn of one session; returns the exit code of its end."""
    messages = _messages(options)
    agent = load(options, {"session.output_modalities": ["text"]})
    images = tuple(_picture(path, agent) for path in options.images)
    return interrupts.run(_text(agent, options, messages, images))


def _picture(path: Path, agent: LoadedAgent) -> str:
    from realtime_cli.video.encode import frame_of_file

    return frame_of_file(path, agent.config.video.max_side, agent.config.video.quality).image


def _messages(options: TextOptions) -> Iterator[str]:
    """What was given as arguments, else the lines of the file, else those of stdin as they come."""
    if options.messages and options.file:
        raise ConfigError("Both messages and --file are given.", "Give one of them.")
    if options.messages:
        if not all(message.strip() or options.images for message in options.messages):
            raise ConfigError("A message is empty.", "Remove it, or write something.")
        if Path(named := options.messages[0]).suffix == ".toml" and Path(named).is_file():
            raise ConfigError(f"{named} is a file, not a message.", f"For an agent file write -c {named}.")
        return iter([_utf8(message) for message in options.messages])
    if options.file is None or str(options.file) == "-":
        return _lines(_stdin())
    try:
        return iter(list(_lines(options.file.read_text(encoding="utf-8-sig").splitlines())))
    except UnicodeDecodeError:
        raise ConfigError(f"{options.file} is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{options.file} cannot be read: {error.strerror}.") from None


def _utf8(message: str) -> str:
    """Replace half surrogate pairs, in which Python keeps bytes that are not text: they cannot be sent."""
    try:
        message.encode()
    except UnicodeEncodeError:
        raise ConfigError("A message is not UTF-8 text.", "Convert it first.") from None
    return message


def _stdin() -> TextIO:
    """stdin as UTF-8, whatever the locale says."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")
    return sys.stdin if sys.stdin is not None else io.StringIO()


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.strip():
            yield line.strip()


@dataclass(slots=True)
class SentMessage:
    """A message that was sent, and its result so far, from the events since. ``number`` counts from 1.

    An answer that the server broke off at a limit of its own is one, and is told as incomplete elsewhere.
    """

    number: int
    answered: bool = False
    why: str = "No answer came."
    told: bool = False

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.AgentResponseRequested(out_of_band=False) | e.AgentResponseBegan(out_of_band=False):
                self.answered = False
            case e.AgentResponseEnded(out_of_band=False):
                self.answered = event.status in ("completed", "incomplete")
                if event.status == "cancelled":
                    self.why = "The answer was cancelled."
            case e.NoticeIssued(level="warning" | "error") if event.topic in ABOUT_ANSWERS:
                self.why = event.text
            case e.ConnectionLost():
                self.why = f"The connection was closed ({event.code} {event.reason}".rstrip() + ")."
            case e.SessionEnded() if event.reason:
                self.why = event.reason


@dataclass(slots=True)
class MessageFeed:
    """Sends the next message whenever the conversation is idle, and ends it after the last."""

    messages: Iterator[str]
    out: Stdout
    images: tuple[str, ...] = ()
    detail: str | None = None
    unanswered: int = 0
    calls_unanswered: int = 0
    """Calls of functions whose result a user would have to give; the model was told that there is none."""
    nameless_calls: int = 0
    """Calls without an id: nothing can be told to the model."""
    _sent: SentMessage = field(default_factory=lambda: SentMessage(0, answered=True))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, event: e.ConversationEvent) -> None:
        self._sent.observe(event)
        self.calls_unanswered += isinstance(event, e.ToolWaiting) and event.question == "output"
        self.nameless_calls += isinstance(event, e.NoticeIssued) and event.topic == NAMELESS_CALL
        self._changed.set()

    async def run(self, loop: ConversationLoop) -> None:
        """Send all messages, or stop when nobody reads the answers; then end the session."""
        while not self.out.gone:
            await self._until(lambda: loop.session.idle_but_background_tools)
            if self.out.gone:
                break
            self._report_unanswered(loop)
            message = await self._next()
            if message is None:
                break
            images, self.images = self.images, ()
            self._sent = SentMessage(self._sent.number + 1)
            loop.step(inputs.Typed(loop.now(), message, images, self.detail if images else None))
        await self._until(lambda: loop.session.idle)
        if self.out.failure:
            raise ConfigError(self.out.failure)
        loop.finish(Outcome(ExitCode.OK))

    def judge(self, loop: ConversationLoop, outcome: Outcome) -> Outcome:
        """The outcome for the sender: a failure if any message has no answer."""
        if self.out.gone or outcome.exit_code == ExitCode.INTERRUPTED:
            return outcome
        self._report_unanswered(loop)
        if left := length_hint(self.messages):
            what = plural(left, "further message" if self._sent.number else "message")
            text = f"{what} {'was' if left == 1 else 'were'} not sent."
            loop.note("error", "message", text)
        if outcome.exit_code == ExitCode.OK and (self.unanswered or left):
            return Outcome(ExitCode.SESSION, "Not every message was answered.")
        if outcome.exit_code == ExitCode.OK and self.calls_unanswered:
            return Outcome(
                ExitCode.SESSION,
                "Not every function call was answered.",
                "Give the function a body under [[tools]], or a result in a script.",
            )
        if outcome.exit_code == ExitCode.OK and self.nameless_calls:
            return Outcome(ExitCode.SESSION, "Not every function call was answered.")
        return outcome

    def _report_unanswered(self, loop: ConversationLoop) -> None:
        sent = self._sent
        if not (sent.answered or sent.told):
            sent.told = True
            self.unanswered += 1
            loop.note("error", "message", f"Message {sent.number} was not answered. {sent.why}")

    async def _next(self) -> str | None:
        """Read the next message in a thread that does not keep the process alive, since stdin may block."""
        events = asyncio.get_running_loop()
        found: asyncio.Future[str | None] = events.create_future()

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
                events.call_soon_threadsafe(give, message, error)

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
    out, approver = Stdout(), AllowlistApprover(options.approve)
    factory = SessionFactory(LocalServers(warm=False), trust=Trust(options.trust))
    granted = await factory.granted(agent, approver)
    async with (
        factory,
        factory.open(
            granted,
            greet=False,
            approver=approver,
            record_to=recording_path(granted.agent, options),
            command="text",
        ) as opened,
    ):
        frontend = _frontend(options, out)
        feed = MessageFeed(messages, out, images, agent.config.video.detail)
        warnings = () if options.quiet or options.json else (WarningsOnStderr(),)
        loop = conversation_loop(opened, shown=(frontend, *warnings), readers=(feed,))
        outcome = await hold(
            opened,
            loop,
            frontend=frontend,
            beside=_feeding(feed, loop),
            judge=partial(feed.judge, loop),
            quiet=options.quiet,
        )
        if out.gone:
            out.let_go()
        return outcome.exit_code


def _frontend(options: TextOptions, out: Stdout) -> Frontend:
    if not options.json:
        return Answers(out)
    from realtime_cli.tui.json_lines import JsonLines

    return JsonLines(cast(TextIO, out))


async def _feed(feed: MessageFeed, loop: ConversationLoop) -> None:
    """End the session if feeding the messages fails."""
    try:
        await feed.run(loop)
    except RealtimeCliError as error:
        loop.finish(Outcome(error.exit_code, error.message, error.remedy))
    except Exception as error:
        loop.finish(Outcome(ExitCode.BUG, f"The messages could not be sent: {error!r}."))


@asynccontextmanager
async def _feeding(feed: MessageFeed, loop: ConversationLoop) -> AsyncIterator[None]:
    feeding = asyncio.create_task(_feed(feed, loop), name="read")
    try:
        yield
    finally:
        feeding.cancel()

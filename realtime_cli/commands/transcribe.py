"""``transcribe``: what a microphone or a file says, as captions, subtitles and lines of text."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from realtime_cli.app import interrupts
from realtime_cli.app.audio_io import open_ears
from realtime_cli.app.caption_files import check_names, write_captions
from realtime_cli.app.console import echo
from realtime_cli.app.device_reports import DeviceReports
from realtime_cli.app.hold import WarningsOnStderr, conversation_loop, hold
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import (
    AgentOptions,
    Granted,
    OpenSession,
    SessionFactory,
    load,
    require_address,
)
from realtime_cli.app.signals import own_the_process
from realtime_cli.app.stopped_microphone import StoppedMicrophone
from realtime_cli.app.transcription_agent import transcription_agent
from realtime_cli.config import LoadedAgent
from realtime_cli.config.audio import names_a_file
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.realtime.live_captions import LiveCaptions
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.trust import Trust
from realtime_cli.tui.caption_lines import CaptionWriter, caption_writer
from realtime_cli.tui.frontend import can_repaint
from realtime_cli.value import value


@value
class TranscribeOptions(AgentOptions):
    """``input``: a sound file, ``-`` or a device; None is the microphone of ``[audio]``.

    ``speakers`` names who speaks; several are the channels of a file, each written down by itself.
    """

    input: str | None = None
    speakers: tuple[str, ...] = ()
    model: str | None = None
    language: str | None = None
    outputs: tuple[Path, ...] = ()
    real_time: bool = False
    json: bool = False
    quiet: bool = False
    trust: tuple[str, ...] = ()


def transcribe(options: TranscribeOptions) -> ExitCode:
    """Write down what is said until the file ends, or Ctrl+C."""
    check_names(options.outputs)
    chosen = {"model": options.model, "language": options.language}
    agent = transcription_agent(
        load(options, {} if options.real_time else {"audio.fast": True}),
        {key: value for key, value in chosen.items() if value is not None},
    )
    return interrupts.run(_transcribe(agent, options))


class Transcription:
    """The sessions that run, one or one for each speaker, and what was written down.

    They begin and end together.
    """

    def __init__(
        self,
        factory: SessionFactory,
        granted: Granted,
        options: TranscribeOptions,
        source: str,
        show: CaptionWriter,
    ) -> None:
        self.captions: list[Caption] = []
        self._factory, self._granted = factory, granted
        self._options, self._source, self._show = options, source, show
        self._from_file = names_a_file(source)
        self._loops: list[ConversationLoop] = []
        self._microphones: list[StoppedMicrophone] = []

    async def run(self) -> Outcome:
        """Run until the sound ends or the user ends it; returns the worst outcome of all sessions."""
        speakers = self._options.speakers or ("",)
        async with self._factory as factory, AsyncExitStack() as stack:
            opened = [
                await stack.enter_async_context(
                    factory.open(self._granted, greet=False, command="transcribe")
                )
                for _ in speakers
            ]
            holding = [
                asyncio.create_task(self._hold(each, index, speaker), name="side")
                for index, (each, speaker) in enumerate(zip(opened, speakers, strict=True))
            ]
            own_the_process(self)
            if not self._from_file and not self._options.quiet:
                echo("Listening. Ctrl+C ends it.")
            return await self._until_all_are_over(holding)

    async def _hold(self, opened: OpenSession, index: int, speaker: str) -> Outcome:
        reports, session = DeviceReports(), opened.session
        channel = index if len(self._options.speakers) > 1 else None
        ears = open_ears(self._source, self._granted.agent.config.audio, reports.report, channel)
        microphone = StoppedMicrophone(ears)
        loop = conversation_loop(
            opened,
            shown=() if self._options.quiet else (WarningsOnStderr(),),
            observers=(LiveCaptions(speaker, lambda: session.input_format, self._tell),),
            microphone=microphone,
        )
        microphone.connect(lambda: loop.has_room)
        reports.connect(loop)
        self._loops.append(loop)
        self._microphones.append(microphone)
        return await hold(opened, loop, owns_process=False, quiet=True)

    def _tell(self, caption: Caption) -> None:
        if caption.final and self._options.outputs:  # without a file to write, it may run for ever
            self.captions.append(caption)
        self._show(caption)

    async def _until_all_are_over(self, holding: Sequence[asyncio.Task[Outcome]]) -> Outcome:
        """The first that ends badly ends the others."""
        try:
            for ended in asyncio.as_completed(holding):
                outcome = await ended
                if outcome.exit_code != ExitCode.OK:
                    self._end(outcome)
            return max((task.result() for task in holding), key=lambda outcome: outcome.exit_code)
        finally:
            self._end(Outcome(ExitCode.OK))
            await asyncio.gather(*holding, return_exceptions=True)

    def finish(self, outcome: Outcome) -> None:
        """Ctrl+C: end a microphone as a file ends, and wait for its last words; break off a file."""
        if self._from_file:
            self._end(outcome)
        for microphone in self._microphones:
            microphone.stop()

    def fail(self, error: BaseException) -> None:
        for loop in self._loops:
            loop.fail(error)

    def _end(self, outcome: Outcome) -> None:
        for loop in self._loops:
            loop.finish(outcome)


async def _transcribe(agent: LoadedAgent, options: TranscribeOptions) -> ExitCode:
    require_address(agent)
    servers = LocalServers(connections=max(1, len(options.speakers)), warm=False)
    factory = SessionFactory(servers, trust=Trust(options.trust))
    granted = await factory.granted(agent, AllowlistApprover())
    source = options.input if options.input is not None else str(granted.agent.config.audio.input)
    if len(options.speakers) > 1 and (source == "-" or not names_a_file(source)):
        raise ConfigError("Only the channels of a file can be told apart.", "Name one speaker, or a file.")
    show = caption_writer(sys.stdout, json=options.json, live=can_repaint(sys.stdout))
    transcription = Transcription(factory, granted, options, source, show)
    try:
        outcome = await transcription.run()
    finally:
        write_captions(options.outputs, transcription.captions, quiet=options.quiet)
    if outcome.reason:
        echo(f"realtime-cli: {outcome.reason}\n  {outcome.remedy}".rstrip())
    return outcome.exit_code

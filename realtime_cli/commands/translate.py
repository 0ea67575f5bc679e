"""``translate``: what a microphone or a file says, in another language: captions, subtitles, and sound."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path

from realtime_cli.app import interrupts
from realtime_cli.app.audio_io import open_sound
from realtime_cli.app.caption_files import check_names, write_captions
from realtime_cli.app.console import echo
from realtime_cli.app.device_reports import DeviceReports
from realtime_cli.app.hold import WarningsOnStderr, conversation_loop, hold
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.session_factory import AgentOptions, Granted, SessionFactory, load, require_address
from realtime_cli.app.signals import own_the_process
from realtime_cli.app.stopped_microphone import StoppedMicrophone
from realtime_cli.app.translation_agent import translation_agent
from realtime_cli.config import LoadedAgent
from realtime_cli.config.audio import names_a_file
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.translation.captions import TranslatedCaptions
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.tools.approval import AllowlistApprover
from realtime_cli.tools.trust import Trust
from realtime_cli.tui.caption_lines import CaptionWriter, caption_writer
from realtime_cli.tui.frontend import can_repaint
from realtime_cli.value import value

WAV = ".wav"
REPEATS = (
    "The local server translates nothing: it repeats what it hears, marked [{language}]. "
    "With a chat model behind it, it translates: set local.chat_url and local.chat_model."
)


@value
class TranslateOptions(AgentOptions):
    """``input``: a sound file, ``-`` or a device; None is the microphone of ``[audio]``.

    ``to``: the language to translate into. ``source``: show what is said, too. ``play``: speak the
    translation; None: where a microphone is translated. ``outputs``: subtitles, or sound as ``.wav``.
    """

    input: str | None = None
    to: str | None = None
    source: bool = False
    play: bool | None = None
    model: str | None = None
    outputs: tuple[Path, ...] = ()
    real_time: bool = False
    json: bool = False
    quiet: bool = False
    trust: tuple[str, ...] = ()


def translate(options: TranslateOptions) -> ExitCode:
    """Translate what is said until the file ends, or Ctrl+C."""
    check_names(options.outputs, (WAV,))
    if len(_sound_files(options)) > 1 or (options.play and _sound_files(options)):
        raise ConfigError("The translation is spoken to one place.", "Name one .wav file, or --play.")
    agent = translation_agent(
        load(options, {} if options.real_time else {"audio.fast": True}),
        options.to,
        options.model,
        source=options.source,
    )
    return interrupts.run(_translate(agent, options))


def _sound_files(options: TranslateOptions) -> list[Path]:
    return [path for path in options.outputs if path.suffix == WAV]


class Translation:
    """The session that runs, and the captions that came."""

    def __init__(self, options: TranslateOptions, show: CaptionWriter) -> None:
        self.captions: list[Caption] = []
        self._options, self._show = options, show
        self._from_file = False
        self._loop: ConversationLoop | None = None
        self._microphone: StoppedMicrophone | None = None

    async def run(self, factory: SessionFactory, granted: Granted) -> Outcome:
        """Run until the sound ends or the user ends it."""
        options, audio = self._options, granted.agent.config.audio
        source = options.input if options.input is not None else str(audio.input)
        self._from_file = names_a_file(source)
        play = not self._from_file if options.play is None else options.play
        output = next(map(str, _sound_files(options)), None if play else "null")
        reports = DeviceReports()
        async with factory, AsyncExitStack() as stack:
            opened = await stack.enter_async_context(factory.open(granted, greet=False, command="translate"))
            chosen = () if options.input is None and not self._from_file else (source,)
            sound = open_sound(audio, chosen, output, reports.report)
            self._from_file = sound.from_file
            self._microphone = microphone = StoppedMicrophone(sound.microphone)
            session = opened.session
            loop = self._loop = conversation_loop(
                opened,
                shown=() if options.quiet else (WarningsOnStderr(),),
                observers=(TranslatedCaptions(lambda: _language(session.effective_session), self._tell),),
                microphone=microphone,
                speaker=sound.speaker,
                guard=sound.echo,
            )
            microphone.connect(lambda: loop.has_room)
            reports.connect(loop)
            own_the_process(self)
            if not options.quiet:
                self._greet(granted, sound.said)
            return await hold(opened, loop, owns_process=False, quiet=True)

    def _greet(self, granted: Granted, said: str) -> None:
        config = granted.agent.config
        if config.connection.embedded and not config.local.chat_url:
            echo(REPEATS.format(language=_language(config.session_patch())))
        if not self._from_file:
            echo("Listening. Ctrl+C ends it.")
        elif said and self._options.input is None:
            echo(said)

    def _tell(self, caption: Caption) -> None:
        if caption.final and self._options.outputs:  # without a file to write, it may run for ever
            self.captions.append(caption)
        self._show(caption)

    def finish(self, outcome: Outcome) -> None:
        """Ctrl+C: end a microphone as a file ends, and wait for its last words; break off a file."""
        if self._from_file and self._loop:
            self._loop.finish(outcome)
        if self._microphone:
            self._microphone.stop()

    def fail(self, error: BaseException) -> None:
        if self._loop:
            self._loop.fail(error)


def _language(session: dict[str, object]) -> str:
    audio = session.get("audio")
    output = audio.get("output") if isinstance(audio, dict) else None
    return str((output or {}).get("language") or "")


async def _translate(agent: LoadedAgent, options: TranslateOptions) -> ExitCode:
    require_address(agent)
    factory = SessionFactory(LocalServers(connections=1), trust=Trust(options.trust))
    granted = await factory.granted(agent, AllowlistApprover())
    show = caption_writer(sys.stdout, json=options.json, live=can_repaint(sys.stdout))
    translation = Translation(options, show)
    texts = [path for path in options.outputs if path.suffix != WAV]
    try:
        outcome = await translation.run(factory, granted)
    finally:
        translated = [caption for caption in translation.captions if caption.language or options.source]
        write_captions(texts, translated, quiet=options.quiet)
    if outcome.reason:
        echo(f"realtime-cli: {outcome.reason}\n  {outcome.remedy}".rstrip())
    return outcome.exit_code

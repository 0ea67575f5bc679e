"""``talk``: a spoken conversation between the devices (or files) and a Realtime server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo
from realtime_cli.app.local_offer import offer_local
from realtime_cli.app.session_factory import (
    AgentOptions,
    OpenSession,
    SessionFactory,
    load,
    recording_path,
    require_address,
)
from realtime_cli.brief_thread import in_brief_thread
from realtime_cli.client.in_force import turn_detection
from realtime_cli.client.lost_answer import LOST
from realtime_cli.config import LoadedAgent
from realtime_cli.conversation import events as e
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording import copy
from realtime_cli.recording.sidecar import sidecars
from realtime_cli.tools.approval import AllowlistApprover, Approver, InteractiveApprover
from realtime_cli.tools.permissions import permissions_of
from realtime_cli.tools.trust import Trust, require_trust
from realtime_cli.value import value

if TYPE_CHECKING:  # loaded while the connection is made
    from realtime_cli.app.audio_io import AudioIO
    from realtime_cli.app.device_reports import DeviceReports
    from realtime_cli.loop import Outcome
    from realtime_cli.tui.frontend import Frontend

OPENBLAS_THREADS = "OPENBLAS_NUM_THREADS"


@value
class TalkOptions(AgentOptions):
    """What the command line adds to the agent file."""

    inputs: tuple[str, ...] = ()
    output: str | None = None
    fast: bool = False
    approve: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    resume: Path | None = None
    plain: bool = False
    json: bool = False


def talk(options: TalkOptions) -> ExitCode:
    """Hold the conversation; returns the exit code of its end."""
    sys.setswitchinterval(0.001)  # the audio thread waits at most this long for the interpreter
    options = offer_local(options)
    agent = load(options, {"audio.fast": True} if options.fast else None)
    return interrupts.run(_talk(agent, options))


def _keep_apart(record_to: Path | None, output: str) -> None:
    """Raise ConfigError if both would write the same file."""
    if record_to and Path(output).resolve() in sidecars(record_to.resolve()):
        raise ConfigError(
            f"{output} is also the sound file of the recording {record_to}.",
            "Give --output or --record another name.",
        )


async def _talk(agent: LoadedAgent, options: TalkOptions) -> ExitCode:
    require_address(agent)  # before any device is opened, and before any question is asked instead
    desk = InteractiveApprover(options.approve) if sys.stdin.isatty() else None
    approver: Approver = desk or AllowlistApprover(options.approve)
    factory = SessionFactory(trust=Trust(options.trust))
    granted = await factory.granted(agent, approver)
    agent = granted.agent
    record_to = recording_path(agent, options)
    _keep_apart(record_to, options.output or str(agent.config.audio.output))
    seed = items_of(options.resume) if options.resume else ()
    async with factory, factory.connecting(granted) as connect:
        with one_thread_for_algebra():
            sound, reports = await _edges(agent, options)
        if sound.said:
            echo(f"realtime-cli: {sound.said}")
        try:
            async with factory.open(
                granted,
                approver=approver,
                seed=seed,
                record_to=record_to,
                with_video=True,
                command="talk",
                connect=connect,
            ) as opened:
                return await _converse(opened, agent, options, desk, sound, reports)
        finally:
            if record_to:  # who wants nothing recorded wants nothing kept
                sound.keep_room()
            await asyncio.gather(sound.microphone.close(), sound.speaker.close(), return_exceptions=True)


@contextmanager
def one_thread_for_algebra() -> Iterator[None]:
    """Load numpy inside: its linear algebra would begin a thread for each core, for which there is no use.

    The variable is not left to the programs that tools start.
    """
    asked = OPENBLAS_THREADS in os.environ
    os.environ.setdefault(OPENBLAS_THREADS, "1")
    try:
        yield
    finally:
        if not asked:
            os.environ.pop(OPENBLAS_THREADS, None)


async def _edges(agent: LoadedAgent, options: TalkOptions) -> tuple[AudioIO, DeviceReports]:
    """Open the devices, and load what the conversation needs, beside the loop: it connects meanwhile."""

    def opened() -> tuple[AudioIO, DeviceReports]:
        from realtime_cli.app import audio_io, controls, device_reports, hold  # noqa: F401
        from realtime_cli.tui import frontend  # noqa: F401

        reports = device_reports.DeviceReports()
        return audio_io.open_sound(
            agent.config.audio, options.inputs, options.output, reports.report
        ), reports

    if sys.platform == "win32":  # a device belongs to the thread that opened it
        return opened()
    return await in_brief_thread("devices", opened)


async def _converse(
    opened: OpenSession,
    agent: LoadedAgent,
    options: TalkOptions,
    desk: InteractiveApprover | None,
    sound: AudioIO,
    reports: DeviceReports,
) -> ExitCode:
    from realtime_cli.app.controls import Controls
    from realtime_cli.app.hold import conversation_loop, hold
    from realtime_cli.tui.frontend import choose_keys, reading

    frontend, last_answer = _frontend(agent, options), LastAnswer()
    loop = conversation_loop(
        opened,
        shown=(frontend,),
        readers=(last_answer,),
        microphone=sound.microphone,
        speaker=sound.speaker,
        guard=sound.echo,
        wait_for_floor=sound.from_file,
    )
    sound.connect(loop)
    reports.connect(loop)
    recording = opened.recorder.path if opened.recorder else None
    controls = Controls(loop, agent, partial(_reloaded, options), desk, sound.echo, recording)
    keys = choose_keys(
        frontend,
        push_to_talk=agent.config.audio.push_to_talk,
        manual_turns=ends_turns_by_key(agent),
        without=_missing(agent, echo=not sound.from_file, recording=bool(recording)),
    )
    try:
        outcome = await hold(
            opened,
            loop,
            frontend=frontend,
            beside=reading(keys, controls.press),
            judge=last_answer.judge if sound.from_file else None,
        )
        return outcome.exit_code
    finally:
        if recording and controls.save_to:
            _copy(recording, controls.save_to)


def _missing(agent: LoadedAgent, *, echo: bool, recording: bool) -> set[str]:
    """Keys and commands that have nothing to act on in this session."""
    present = {"video": bool(agent.config.video.source), "echo": echo, "save": recording, "note": recording}
    return {name for name, there in present.items() if not there}


def ends_turns_by_key(agent: LoadedAgent) -> bool:
    """Whether a key must end the turns: there is no turn detection, push to talk or local voice detection."""
    audio = agent.config.audio
    manual = turn_detection({}, agent.config.session_patch()) is None
    return manual and not audio.push_to_talk and audio.end_of_turn == "server"


class LastAnswer:
    """A reader: whether the last answer failed or was given up, or one was lost with a connection.

    With files as input, nobody is there to ask again.
    """

    def __init__(self) -> None:
        self._failed = self._lost = False

    def observe(self, event: e.ConversationEvent) -> None:
        if isinstance(event, e.AgentResponseEnded) and not event.out_of_band:
            self._failed = event.status == "failed"
        elif isinstance(event, e.NoticeIssued):
            self._failed = self._failed or (event.level == "error" and event.topic == "response")
            self._lost = self._lost or event.topic == LOST

    def judge(self, outcome: Outcome) -> Outcome:
        from realtime_cli.loop import Outcome

        if self._failed and outcome.exit_code == ExitCode.OK:
            return Outcome(ExitCode.SESSION, "The last answer failed.")
        if self._lost and outcome.exit_code == ExitCode.OK:
            return Outcome(ExitCode.SESSION, "An answer was lost with the connection.")
        return outcome


def _reloaded(options: TalkOptions) -> LoadedAgent:
    """The agent file as it is now. Raises ConfigError if it now needs trust that it does not have."""
    agent = load(options)
    require_trust(permissions_of(agent), Trust(options.trust))
    return agent


def items_of(path: Path) -> tuple[dict[str, Any], ...]:
    """What was said and done in a recorded session, as items to begin a new one with.

    ``path`` may be a session's name, or ``last``.
    """
    from realtime_cli.recording.export.text import items
    from realtime_cli.recording.reader import read
    from realtime_cli.recording.stored import find_or_path
    from realtime_cli.recording.timeline import timeline

    return tuple(items(timeline(read(find_or_path(str(path))))))


def _frontend(agent: LoadedAgent, options: TalkOptions) -> Frontend:
    from realtime_cli.tui.frontend import choose_frontend

    audio, screen = agent.config.audio, agent.config.screen
    return choose_frontend(
        plain=options.plain or screen.face == "plain",
        json=options.json or screen.face == "json",
        push_to_talk=audio.push_to_talk,
        muted=audio.start_paused,
        palette=screen.theme,
        ascii_only=screen.ascii,
        frames_per_second=screen.frames_per_second,
    )


def _copy(recording: Path, to: Path) -> None:
    """What ``/save PATH`` asked for; the recording itself stays where it is."""
    try:
        copy.copy(recording, to)
    except ConfigError as error:
        echo(f"realtime-cli: {error}")
    else:
        echo(f"realtime-cli: The recording is at {to}, too.")

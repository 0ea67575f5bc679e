"""``talk``: a spoken conversation between the devices (or files) and a Realtime server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_cli.app.audio_io import AudioIO, open_sound
from realtime_cli.app.console import echo
from realtime_cli.app.controls import Controls
from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.app.session_factory import (
    AgentOptions,
    SessionFactory,
    load,
    recording_path,
    require_address,
)
from realtime_cli.app.signals import own_the_process
from realtime_cli.config import LoadedAgent
from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError
from realtime_cli.loop import ConversationLoop, Outcome
from realtime_cli.ports import VideoSource
from realtime_cli.recording import copy
from realtime_cli.recording.file import Recorder
from realtime_cli.tools.approval import AllowlistApprover, Approver, InteractiveApprover
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.frontend import Frontend, Keyboard, choose_frontend, choose_keys


@dataclass(frozen=True, slots=True)
class TalkOptions(AgentOptions):
    """What the command line adds to the agent file."""

    inputs: tuple[str, ...] = ()
    output: str | None = None
    fast: bool = False
    approve: tuple[str, ...] = ()
    resume: Path | None = None
    plain: bool = False
    json: bool = False


def talk(options: TalkOptions) -> ExitCode:
    """Hold the conversation; returns the exit code of its end."""
    sys.setswitchinterval(0.001)  # the audio thread waits at most this long for the interpreter
    agent = load(options, {"audio.fast": True} if options.fast else None)
    return asyncio.run(_talk(agent, options))


async def _talk(agent: LoadedAgent, options: TalkOptions) -> ExitCode:
    require_address(agent)  # before any device is opened, and before any question is asked instead
    reports = Reports()
    sound = open_sound(agent.config.audio, options.inputs, options.output, reports.report)
    if sound.said:
        echo(f"realtime-cli: {sound.said}")
    desk = InteractiveApprover(options.approve) if sys.stdin.isatty() else None
    approver: Approver = desk or AllowlistApprover(options.approve)
    seed = items_of(options.resume) if options.resume else ()
    try:
        async with (
            SessionFactory() as factory,
            factory.open(
                agent,
                approver=approver,
                seed=seed,
                record_to=recording_path(agent, options),
                command="talk",
            ) as opened,
        ):
            recorder = opened.recorder
            face = _face(agent, options)
            discretion = OutputRedaction(opened.secrets)
            duplex = ConversationLoop(
                opened.session,
                opened.connect,
                observers=[each for each in (recorder, discretion.before(face), *opened.observers) if each],
                microphone=sound.microphone,
                speaker=sound.speaker,
                tools=opened.tools,
                eyes=eyes_of(agent, reports.report),
                guard=sound.echo,
                wait_for_floor=sound.from_file,
            )
            _tap(sound, duplex, recorder)
            sound.wait_for(lambda: opened.session.idle_but_background_tools, lambda: duplex.has_room)
            reports.pass_on(duplex)
            kept_at = recorder.path if recorder else None
            reading = Controls(duplex, agent, lambda: load(options), desk, sound.echo, kept_at)
            keys = choose_keys(face, push_to_talk=agent.config.audio.push_to_talk)
            try:
                return await _converse(duplex, face, recorder, keys, reading, discretion)
            finally:
                if recorder and reading.save_to:
                    _copy(recorder, reading.save_to)
    finally:
        await asyncio.gather(sound.microphone.close(), sound.speaker.close(), return_exceptions=True)


class Reports:
    """What devices tell: kept until the loop runs, then put into its stream."""

    def __init__(self) -> None:
        self._duplex: ConversationLoop | None = None
        self._kept: list[tuple[Any, str, str]] = []

    def report(self, level: Any, topic: str, text: str) -> None:
        if self._duplex:
            self._duplex.note(level, topic, text)
        else:
            self._kept.append((level, topic, text))

    def pass_on(self, duplex: ConversationLoop) -> None:
        self._duplex = duplex
        for kept in self._kept:
            duplex.note(*kept)


def eyes_of(agent: LoadedAgent, report: Callable[[Any, str, str], None]) -> VideoSource | None:
    """The eyes that the agent file asks for."""
    if not agent.config.video.source:
        return None
    from realtime_cli.video import sources
    from realtime_cli.video.capture import BackgroundCapture

    sources.load()
    return BackgroundCapture(agent.config.video, agent.folder, report, sys.platform, os.environ)


def items_of(path: Path) -> tuple[dict[str, Any], ...]:
    """What was said and done in a recorded session, as items to begin a new one with.

    ``path`` may be a session's name, or ``last``.
    """
    from realtime_cli.recording.export.text import items
    from realtime_cli.recording.reader import read
    from realtime_cli.recording.stored import find_or_path
    from realtime_cli.recording.timeline import timeline

    return tuple(items(timeline(read(find_or_path(str(path))))))


def _face(agent: LoadedAgent, options: TalkOptions) -> Frontend:
    audio, wanted = agent.config.audio, agent.config.screen.face
    return choose_frontend(
        plain=options.plain or wanted == "plain",
        json=options.json or wanted == "json",
        push_to_talk=audio.push_to_talk,
        muted=audio.start_paused,
    )


def _tap(sound: AudioIO, duplex: ConversationLoop, recorder: Recorder | None) -> None:
    """Let the recorder have what the speaker plays, at the time at which it is heard."""
    if recorder:
        speaker: Any = sound.speaker
        sound.tap(lambda samples: recorder.played(duplex.now() + speaker.latency_s, samples))


async def _converse(
    duplex: ConversationLoop,
    face: Frontend,
    recorder: Recorder | None,
    keys: Keyboard,
    reading: Controls,
    discretion: OutputRedaction,
) -> ExitCode:
    outcome = Outcome(ExitCode.BUG, "The conversation broke off.")
    async with face:
        own_the_process(duplex)
        keys.start(reading.press)
        try:
            outcome = discretion.outcome(await duplex.run())
        except RealtimeCliError as error:
            outcome = Outcome(error.exit_code, error.message, error.remedy)
            raise
        finally:
            await keys.close()
            if recorder:
                recorder.close(outcome.exit_code, outcome.reason)
            face.end(_ending(outcome, recorder))
    if outcome.reason:
        echo(f"realtime-cli: {outcome.reason}\n  {outcome.remedy}".rstrip())
    return outcome.exit_code


def _copy(recorder: Recorder, to: Path) -> None:
    """What ``/save PATH`` asked for; the recording itself stays where it is."""
    try:
        copy.copy(recorder.path, to)
    except ConfigError as error:
        echo(f"realtime-cli: {error}")
    else:
        echo(f"realtime-cli: The recording is at {to}, too.")


def _ending(outcome: Outcome, recorder: Recorder | None) -> EndSummary:
    path = str(recorder.path) if recorder and not recorder.failed else ""
    replay = f"realtime-cli replay {path}" if path else ""
    return EndSummary(outcome.exit_code, outcome.reason, outcome.remedy, path, replay)

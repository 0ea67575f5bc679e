"""``talk``: a spoken conversation between the devices (or files) and a Realtime server."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from typing import Any

from realtime_cli.commands import opening
from realtime_cli.commands.reading import Reading
from realtime_cli.commands.sound import Sound, open_sound
from realtime_cli.commands.voice import say
from realtime_cli.config import LoadedAgent
from realtime_cli.duplex import Duplex, Outcome
from realtime_cli.errors import ExitCode, RealtimeCliError
from realtime_cli.recording.file import Recorder
from realtime_cli.tui.faces import Ending, Face, choose_face
from realtime_cli.tui.keys import Keys
from realtime_cli.tui.screen import Screen
from realtime_cli.tui.typed_lines import TypedLines


@dataclass(frozen=True, slots=True)
class TalkOptions(opening.AgentOptions):
    """What the command line adds to the agent file."""

    inputs: tuple[str, ...] = ()
    output: str | None = None
    fast: bool = False
    plain: bool = False
    json: bool = False


def talk(options: TalkOptions) -> ExitCode:
    """Hold the conversation; returns the exit code of its end."""
    sys.setswitchinterval(0.001)  # the audio thread waits at most this long for the interpreter
    agent = opening.load(options, {"audio.fast": True} if options.fast else None)
    return asyncio.run(_talk(agent, options))


async def _talk(agent: LoadedAgent, options: TalkOptions) -> ExitCode:
    marks: list[tuple[Any, str, str]] = []
    duplex: Duplex | None = None

    def report(level: Any, topic: str, text: str) -> None:
        """Devices speak before the loop runs, too: what they say then is kept for it."""
        if duplex:
            duplex.note(level, topic, text)
        else:
            marks.append((level, topic, text))

    sound = open_sound(agent.config.audio, options.inputs, options.output, report)
    if sound.said:
        say(f"realtime-cli: {sound.said}")
    try:
        async with opening.opened(agent, greet=True) as opened:
            recorder = opening.recorder_for(agent, options, opened.session, opened.secrets, "talk")
            face = _face(agent, options)
            duplex = Duplex(
                opened.session,
                opened.connect,
                observers=[observer for observer in (recorder, face) if observer],
                microphone=sound.microphone,
                speaker=sound.speaker,
                tools=opened.tools,
                wait_for_floor=sound.from_file,
            )
            _tap(sound, duplex, recorder)
            for mark in marks:
                duplex.note(*mark)
            reading = Reading(duplex, agent, lambda: opening.load(options))
            return await _converse(duplex, face, recorder, keyboard(face, agent), reading)
    finally:
        await asyncio.gather(sound.microphone.close(), sound.speaker.close(), return_exceptions=True)


def _face(agent: LoadedAgent, options: TalkOptions) -> Face:
    audio, wanted = agent.config.audio, agent.config.screen.face
    return choose_face(
        plain=options.plain or wanted == "plain",
        json=options.json or wanted == "json",
        push_to_talk=audio.push_to_talk,
        muted=audio.start_paused,
    )


def _tap(sound: Sound, duplex: Duplex, recorder: Recorder | None) -> None:
    """Let the recorder have what the speaker plays, at the time at which it is heard."""
    if recorder:
        speaker: Any = sound.speaker
        speaker.on_played = lambda samples: recorder.played(duplex.now() + speaker.latency_s, samples)


def keyboard(face: Face, agent: LoadedAgent) -> Keys | TypedLines:
    """Single keys beside a live screen, whole lines beside every other face."""
    push_to_talk = agent.config.audio.push_to_talk
    if isinstance(face, Screen):
        return Keys(face, push_to_talk=push_to_talk)
    return TypedLines(push_to_talk=push_to_talk)


async def _converse(
    duplex: Duplex, face: Face, recorder: Recorder | None, keys: Keys | TypedLines, reading: Reading
) -> ExitCode:
    outcome = Outcome(ExitCode.BUG, "The conversation broke off.")
    async with face:
        interrupts(duplex)
        keys.start(reading.press)
        try:
            outcome = await duplex.run()
        except RealtimeCliError as error:
            outcome = Outcome(error.exit_code, error.message, error.remedy)
            raise
        finally:
            await keys.close()
            if recorder:
                recorder.close(outcome.exit_code, outcome.reason)
            face.end(_ending(outcome, recorder))
    return outcome.exit_code


def interrupts(duplex: Duplex) -> None:
    """Ctrl+C and SIGTERM end the session cleanly; a second one at once."""
    loop = asyncio.get_running_loop()
    asked: list[int] = []

    def interrupted() -> None:
        if asked:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt
        asked.append(1)
        duplex.finish(Outcome(ExitCode.INTERRUPTED))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted)


def _ending(outcome: Outcome, recorder: Recorder | None) -> Ending:
    path = str(recorder.path) if recorder and not recorder.failed else ""
    replay = f"realtime-cli replay {path}" if path else ""
    return Ending(outcome.exit_code, outcome.reason, outcome.remedy, path, replay)

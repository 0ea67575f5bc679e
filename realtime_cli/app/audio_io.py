"""Microphone and speaker of a conversation: devices, files, pipes; without a sound card a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from realtime_cli.audio import echo, room
from realtime_cli.audio.pcm import Samples
from realtime_cli.audio.voice_gate import VoiceGate
from realtime_cli.audio.wav import WavMicrophone, WavSpeaker
from realtime_cli.client import inputs
from realtime_cli.config.audio import COMPRESSED, Audio, names_a_file
from realtime_cli.errors import AudioDeviceError, ConfigError
from realtime_cli.loop import ConversationLoop
from realtime_cli.ports import MicrophonePort, SpeakerPort

Report = Callable[[Any, str, str], None]

ECHO_WORDS = {
    "aec": "Echo canceller on",
    "half_duplex": "Half duplex: the microphone is closed while the agent speaks",
    "off": "Echo canceller off",
}


@dataclass(frozen=True, slots=True)
class AudioIO:
    """Microphone and speaker.

    ``from_file``: the input is a file, which waits until the greeting has been spoken.
    """

    microphone: MicrophonePort
    speaker: SpeakerPort
    echo: echo.SwitchableEchoControl
    from_file: bool
    said: str = ""
    devices: tuple[str, str] | None = None

    def keep_room(self) -> None:
        """What was learned of the room between the two devices is there for the next session.

        Unless one of them was replaced meanwhile: to which of them it belongs is not known.
        """
        if self.devices and _names(self.microphone, self.speaker) in (self.devices, None):  # None: closed
            room.keep(self.devices, *self.echo.learned, date.today())

    def connect(self, loop: ConversationLoop) -> None:
        """Let a file wait for its turn and for the connection, and hold the push-to-talk key.

        A person would do the same.
        """

        def hold_key(down: bool) -> None:
            loop.step(inputs.Pressed(loop.now(), "talk" if down else "release"))

        if isinstance(self.microphone, WavMicrophone):
            session = loop.session
            self.microphone.connect(
                lambda: session.idle_but_background_tools,
                lambda: loop.has_room,
                *([hold_key] if session.options.push_to_talk else []),
            )


def open_sound(audio: Audio, inputs: tuple[str, ...], output: str | None, report: Report) -> AudioIO:
    """The two ends that options and agent file name.

    Raises AudioDeviceError if a device that was asked for cannot be opened. If none was asked for and there
    is no sound card, the bundled question is played instead, and ``said`` says so.
    """
    chosen = inputs or (str(audio.input),)
    requested = output if output is not None else str(audio.output)
    try:
        return _open(chosen, requested, audio, report)
    except AudioDeviceError as error:
        if inputs or output or audio.input != "default" or audio.output != "default":
            raise
        why = error.message.rstrip(".")
        said = f"{why}. A recorded question is played instead, and the answer is saved."
        guard = echo.make_echo_control(audio.echo, can_echo=False)
        return AudioIO(
            _files((str(question()),), audio), _file_speaker("null", guard, audio), guard, True, said
        )


def _open(chosen: tuple[str, ...], requested: str, audio: Audio, report: Report) -> AudioIO:
    if requested.lower().endswith(COMPRESSED):
        remedy = "Name a .wav file, and convert it afterwards, for instance with ffmpeg."
        raise ConfigError(f"{requested}: sound is written as WAV only.", remedy)
    from_file = all(map(names_a_file, chosen))
    guard = echo.make_echo_control(
        audio.echo,
        noise_suppression=audio.noise_suppression,
        gain_control=audio.auto_gain,
        can_echo=not (from_file or names_a_file(requested)),
        latency_s=audio.latency_ms / 1000,
        report=report,
    )
    microphone = _files(chosen, audio) if from_file else _device_microphone(chosen[0], guard, audio, report)
    if names_a_file(requested):
        speaker = _file_speaker(requested, guard, audio)
    else:
        speaker = _device_speaker(requested, guard, audio, report)
    devices = _names(microphone, speaker)
    if not from_file:
        known = _begin_with_known_room(guard, devices, report)
        report("info", "echo", f"{ECHO_WORDS[guard.mode]}{known}; e switches.")
    said = f"Speaking from {', '.join(chosen)}." if from_file else ""
    return AudioIO(microphone, speaker, guard, from_file, said, devices)


def _begin_with_known_room(
    guard: echo.SwitchableEchoControl, devices: tuple[str, str] | None, report: Report
) -> str:
    """What is said of it: "" where nothing is known of the room, or no canceller needs it."""
    if not devices or guard.mode != "aec":
        return ""
    rooms = room.known_rooms(date.today(), lambda why: report("warning", "echo", why))
    for known in (each for each in rooms if each.devices == devices):
        guard.begin_with(known.erl_db)
        return f", starting from what it learned on {known.heard_on}"
    return ""


def _names(microphone: MicrophonePort, speaker: SpeakerPort) -> tuple[str, str] | None:
    """Of the two devices; None if one of them is a file."""
    names = getattr(microphone, "device_name", ""), getattr(speaker, "device_name", "")
    return names if all(names) else None


def open_ears(source: str | int, audio: Audio, report: Report, channel: int | None = None) -> MicrophonePort:
    """A microphone alone, or a file: for sessions in which nobody answers.

    ``channel``: the one channel of the file to take. Raises AudioDeviceError if the device cannot be opened,
    ConfigError for an unusable file.
    """
    if names_a_file(str(source)):
        return WavMicrophone(str(source), fast=audio.fast, channel=channel)
    guard = echo.make_echo_control(
        "off", noise_suppression=audio.noise_suppression, gain_control=audio.auto_gain, can_echo=False
    )
    return _device_microphone(str(source), guard, audio, report)


def question() -> Path:
    """The spoken question that comes with the program."""
    return Path(str(files("realtime_cli") / "clips" / "question.wav"))


def _files(paths: tuple[str, ...], audio: Audio) -> WavMicrophone:
    return WavMicrophone(paths, fast=audio.fast, pause_ms=audio.pause_between_files_ms)


def _file_speaker(name: str, guard: echo.SwitchableEchoControl, audio: Audio) -> SpeakerPort:
    return WavSpeaker(None if name == "null" else name, fast=audio.fast, on_played=guard.played)


def _device_microphone(
    choice: str, guard: echo.SwitchableEchoControl, audio: Audio, report: Report
) -> MicrophonePort:
    from realtime_cli.audio.device import open_microphone

    process = _gated(guard) if audio.vad_gate else guard.process
    return open_microphone(_index(choice), process=process, report=report, block_ms=audio.block_ms)


def _gated(guard: echo.SwitchableEchoControl) -> Callable[[Samples], Samples]:
    gate = VoiceGate()
    return lambda frame: gate.process(guard.process(frame))


def _device_speaker(
    choice: str, guard: echo.SwitchableEchoControl, audio: Audio, report: Report
) -> SpeakerPort:
    from realtime_cli.audio.device import open_speaker

    return open_speaker(
        _index(choice),
        on_played=guard.played,
        report=report,
        block_ms=audio.block_ms,
        latency_ms=audio.latency_ms,
    )


def _index(choice: str) -> str | int:
    """A device's number as a number: options and files may write either."""
    return int(choice) if choice.isdecimal() else choice

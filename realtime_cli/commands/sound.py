"""Microphone and speaker of a conversation: devices, files, pipes, or, without a sound card, a question asked for you."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from realtime_cli.audio.wav import WavMicrophone, WavSpeaker
from realtime_cli.config.audio import Audio
from realtime_cli.duplex import Microphone, Speaker
from realtime_cli.errors import AudioDeviceError

Report = Callable[[Any, str, str], None]


@dataclass(frozen=True, slots=True)
class Sound:
    """Both ends. ``from_file``: nobody listens to the greeting, so the talk waits until it was said."""

    microphone: Microphone
    speaker: Speaker
    from_file: bool
    said: str = ""


def open_sound(audio: Audio, inputs: tuple[str, ...], output: str | None, report: Report) -> Sound:
    """The two ends that options and agent file name.

    Raises AudioDeviceError for a device that was asked for and cannot be had; when none was asked for
    and there is no sound card, the bundled question is spoken instead, and ``said`` says so.
    """
    chosen = inputs or (str(audio.input),)
    wanted = output if output is not None else str(audio.output)
    from_file = all(map(is_file, chosen))
    try:
        microphone = _files(chosen, audio) if from_file else _device_microphone(chosen[0], audio, report)
        speaker = _file_speaker(wanted, audio) if is_file(wanted) else _device_speaker(wanted, audio, report)
    except AudioDeviceError as error:
        if inputs or output or audio.input != "default" or audio.output != "default":
            raise
        said = f"No sound card ({error.message.rstrip('.')}): a recorded question is asked instead, and the answer is recorded."
        return Sound(_files((str(question()),), audio), WavSpeaker(None), True, said)
    said = f"Speaking from {', '.join(chosen)}." if from_file else ""
    return Sound(microphone, speaker, from_file, said)


def question() -> Path:
    """The spoken question that comes with the program."""
    return Path(str(files("realtime_cli") / "clips" / "question.wav"))


def is_file(name: str) -> bool:
    """Whether a name stands for a file or pipe rather than a device."""
    return name in ("-", "null") or name.lower().endswith((".wav", ".wave", ".raw", ".pcm")) or "/" in name


def _files(paths: tuple[str, ...], audio: Audio) -> WavMicrophone:
    return WavMicrophone(paths, fast=audio.fast, pause_ms=audio.pause_between_files_ms)


def _file_speaker(name: str, audio: Audio) -> WavSpeaker:
    return WavSpeaker(None if name == "null" else name, fast=audio.fast)


def _device_microphone(choice: str, audio: Audio, report: Report) -> Microphone:
    from realtime_cli.audio.device import open_microphone

    return open_microphone(choice, report=report)


def _device_speaker(choice: str, audio: Audio, report: Report) -> Speaker:
    from realtime_cli.audio.device import open_speaker

    return open_speaker(choice, report=report)

"""Which device is meant: by index, name, part of a name or ``default``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realtime_cli.errors import AudioDeviceError

Direction = Literal["input", "output"]
_NOUNS: dict[Direction, str] = {"input": "microphone", "output": "loudspeaker"}


@dataclass(frozen=True, slots=True)
class Device:
    """One device as PortAudio lists it; ``rate_hz`` is the one it prefers."""

    index: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    rate_hz: int
    is_default_input: bool = False
    is_default_output: bool = False

    def channels(self, direction: Direction) -> int:
        return self.input_channels if direction == "input" else self.output_channels

    def is_default(self, direction: Direction) -> bool:
        return self.is_default_input if direction == "input" else self.is_default_output


def pick(devices: Sequence[Device], choice: str | int | None, direction: Direction) -> Device:
    """The device that ``choice`` means; None, an empty text and ``default`` are the system's default.

    Raises :class:`AudioDeviceError` naming the nearest device and all there are.
    """
    usable = [device for device in devices if device.channels(direction)]
    noun = _NOUNS[direction]
    if not usable:
        remedy = f"Plug one in, or use a file: --{direction} FILE.wav (also: --output null)."
        raise AudioDeviceError(f"This machine has no {noun}.", remedy)
    requested = str("" if choice is None else choice).strip().lower()
    found = _default(usable, direction) if requested in ("", "default") else _named(usable, requested)
    if found is None:
        raise AudioDeviceError(f"There is no {noun} {str(choice)!r}.", _remedy(usable, requested))
    return found


def _default(usable: list[Device], direction: Direction) -> Device:
    return next((device for device in usable if device.is_default(direction)), usable[0])


def _named(usable: list[Device], requested: str) -> Device | None:
    """By index; else the whole name, else its beginning, else a part of it."""
    if requested.isdecimal():
        return next((device for device in usable if device.index == int(requested)), None)
    matches = sorted(
        (device for device in usable if requested in device.name.lower()),
        key=lambda device: (device.name.lower() != requested, not device.name.lower().startswith(requested)),
    )
    return matches[0] if matches else None


def _remedy(usable: list[Device], requested: str) -> str:
    names = {device.name.lower(): device.name for device in usable}
    near = difflib.get_close_matches(requested, names, n=1, cutoff=0.4)
    guess = f"Did you mean {names[near[0]]!r}? " if near else ""
    listed = ", ".join(f"{device.index}: {device.name}" for device in usable)
    return f"{guess}There are: {listed}. See: realtime-cli devices"

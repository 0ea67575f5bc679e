"""Sound cards that this machine has not: what PortAudio would list and open, for one test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from realtime_cli.audio import device
from realtime_cli.audio.device_choice import Device, Direction
from realtime_cli.audio.pcm import Samples
from realtime_cli.errors import AudioDeviceError

HEADSET = Device(0, "USB Headset", "ALSA", 1, 2, 48_000, True, True)
SPEAKER = Device(1, "HDMI", "ALSA", 0, 2, 44_100)


def sound_cards(
    monkeypatch: pytest.MonkeyPatch, *devices: Device, rates_hz: Sequence[int] = (24_000, 48_000)
) -> None:
    """The machine has these, and they open at these rates."""

    def rates(found: Device, direction: Direction) -> list[int]:
        return list(rates_hz)

    monkeypatch.setattr(device, "list_devices", lambda: list(devices))
    monkeypatch.setattr(device, "rates", rates)


def microphone_gives(monkeypatch: pytest.MonkeyPatch, *frames: Samples | None) -> None:
    """The microphone opens and gives these at once; without any it does not open."""

    class Microphone:
        device_name = HEADSET.name

        def start(self, deliver: Callable[[Samples | None], None]) -> None:
            for frame in frames:
                deliver(frame)

        async def close(self) -> None: ...

    def opened(choice: object, **options: Any) -> Microphone:
        if not frames:
            raise AudioDeviceError("It is in use.", "End the other program.")
        return Microphone()

    monkeypatch.setattr(device, "open_microphone", opened)

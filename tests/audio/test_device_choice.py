"""By index, name, part of a name, default; and what is said when there is none."""

from __future__ import annotations

import pytest

from realtime_cli.audio.device_choice import Device, pick
from realtime_cli.errors import AudioDeviceError

DEVICES = [
    Device(0, "HDA Intel PCH: ALC257 Analog (hw:0,0)", "ALSA", 2, 2, 44_100),
    Device(1, "USB Headset: Audio (hw:1,0)", "ALSA", 1, 2, 48_000),
    Device(2, "HDMI 0", "ALSA", 0, 8, 48_000, False, True),
    Device(3, "default", "ALSA", 32, 32, 44_100, True, False),
    Device(4, "USB", "ALSA", 1, 0, 48_000),
]


@pytest.mark.parametrize(
    ("choice", "direction", "index"),
    [
        (None, "input", 3), ("", "output", 2), ("default", "input", 3), ("Default", "output", 2),
        (1, "input", 1), ("1", "output", 1), ("headset", "output", 1), ("usb", "input", 4),
        ("usb", "output", 1), ("USB HEADSET", "input", 1), ("alc257", "input", 0),
    ],
)  # fmt: skip
def test_who_is_meant(choice: str | int | None, direction: str, index: int) -> None:
    assert pick(DEVICES, choice, direction).index == index  # type: ignore[arg-type]


def test_an_unknown_name_names_the_nearest_and_all() -> None:
    with pytest.raises(AudioDeviceError, match="no loudspeaker 'HDNI 0'") as caught:
        pick(DEVICES, "HDNI 0", "output")
    assert "Did you mean 'HDMI 0'?" in caught.value.remedy
    assert "1: USB Headset: Audio (hw:1,0)" in caught.value.remedy
    assert "4: USB," not in caught.value.remedy, "that one is only a microphone"


@pytest.mark.parametrize("choice", [2, "99", "hdmi"])
def test_a_device_of_the_other_direction_is_no_device(choice: str | int) -> None:
    with pytest.raises(AudioDeviceError, match="no microphone"):
        pick(DEVICES, choice, "input")


def test_a_machine_without_any() -> None:
    with pytest.raises(AudioDeviceError, match="This machine has no microphone") as caught:
        pick([], None, "input")
    assert "--input FILE.wav" in caught.value.remedy


def test_without_a_default_the_first_is_taken() -> None:
    assert pick(DEVICES[:2], None, "output").index == 0

"""A new list is wanted only for a device that is missing from the old one and is there now."""

from __future__ import annotations

import sys
import time

import pytest

from realtime_cli.audio import device_rescan
from realtime_cli.audio.device_choice import Device
from realtime_cli.audio.device_rescan import RESCAN_INTERVAL_S, DeviceRescan
from tests.audio.room import Clock

MICROPHONE = Device(0, "Headset", "ALSA", 1, 0, 48_000)
LOUDSPEAKER = Device(1, "Headset", "ALSA", 0, 2, 48_000)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    """What another process would see now."""
    devices: list[Device] = []
    monkeypatch.setattr(device_rescan, "_there_now", lambda: list(devices))
    return devices


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def test_who_came_back_is_wanted_until_the_list_is_new(there: list[Device], clock: Clock) -> None:
    asked = DeviceRescan()
    there.append(MICROPHONE)
    asked.ask([LOUDSPEAKER], None, "input")
    assert asked.requested
    asked.done()
    assert not asked.requested


def test_nobody_makes_way_for_who_is_away(there: list[Device], clock: Clock) -> None:
    asked = DeviceRescan()
    asked.ask([LOUDSPEAKER], "Headset", "input")
    assert not asked.requested


def test_a_listed_device_that_is_only_busy_needs_no_new_list(there: list[Device], clock: Clock) -> None:
    asked = DeviceRescan()
    there.append(MICROPHONE)
    asked.ask([MICROPHONE, LOUDSPEAKER], None, "input")
    assert not asked.requested


def test_it_asks_once_in_four_seconds(there: list[Device], clock: Clock) -> None:
    asked = DeviceRescan()
    asked.ask([], None, "input")
    there.append(MICROPHONE)
    asked.ask([], None, "input")
    assert not asked.requested
    clock.now += RESCAN_INTERVAL_S
    asked.ask([], None, "input")
    assert asked.requested


def test_another_process_that_cannot_be_had_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    asked = DeviceRescan()
    asked.ask([], None, "input")
    assert not asked.requested

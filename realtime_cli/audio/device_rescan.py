"""When the list of devices has to be made again although a device is open.

PortAudio lists the devices once, at its start, and restarting it ends every stream. So when one device
is missing from a list that another was opened by (the loudspeaker of a headset came back before its
microphone), another process looks at what is there now; only if it sees the missing one, the open stream
steps aside: it says that it is not active, and whoever keeps it alive closes it and opens it again.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Sequence

from realtime_cli.audio.device_choice import Device, Direction, pick
from realtime_cli.errors import AudioDeviceError
from realtime_cli.own_python import own_python

RESCAN_INTERVAL_S = 4.0
TIMEOUT_S = 10.0
ASK = """
import dataclasses, json
from realtime_cli.audio.device import list_devices
print(json.dumps([dataclasses.astuple(device) for device in list_devices()]))
"""


class DeviceRescan:
    """One for the process, as PortAudio is."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._asked_at_s = -RESCAN_INTERVAL_S

    @property
    def requested(self) -> bool:
        """Whether the open streams should make way for a new list."""
        return self._requested.is_set()

    def done(self) -> None:
        """The list is new."""
        self._requested.clear()

    def ask(self, known: Sequence[Device], choice: str | int | None, direction: Direction) -> None:
        """Ask for a new list if the device is missing from ``known`` but is there now.

        Blocks for as long as another Python takes to list them, and that at most every four seconds.
        """
        if _has(known, choice, direction) or time.monotonic() - self._asked_at_s < RESCAN_INTERVAL_S:
            return
        self._asked_at_s = time.monotonic()
        if _has(_there_now(), choice, direction):
            self._requested.set()


def _has(devices: Sequence[Device], choice: str | int | None, direction: Direction) -> bool:
    try:
        pick(devices, choice, direction)
    except AudioDeviceError:
        return False
    return True


def _there_now() -> list[Device]:
    try:
        asked = subprocess.run(
            own_python("-c", ASK),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return [Device(*each) for each in json.loads(asked.stdout.splitlines()[-1])]
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return []

"""Underruns of the voice while Python tools are busy: alone, with tools, and had they run in this process.

Sound is pushed from the event loop in pieces of 40 ms, 80 ms ahead, and pulled by a thread every 10 ms as a
device does. Run: ``python -m tests.bench.bench_tools [seconds]``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.playout import Playout
from tests.kit.toolbox import Toolbox, toolbox
from tests.tools.functions import spins

SOURCE = Path(__file__).parents[1] / "tools" / "functions.py"
AGENT = f"""
[[tools]]
python = "{SOURCE}:spins"
timeout_s = 600
[[tools]]
command = ["sh", "-c", "while true; do head -c 10485760 /dev/zero | tr '\\\\0' x; done"]
name = "floods"
timeout_s = 600
approve = "always"
"""
BUSY = 2


class Device(threading.Thread):
    """Pulls 10 ms every 10 ms."""

    def __init__(self, playout: Playout) -> None:
        super().__init__(daemon=True)
        self.playout = playout
        self.over = False

    def run(self) -> None:
        due = time.monotonic()
        while not self.over:
            self.playout.pull(240, 0.0)
            due += 0.01
            time.sleep(max(0.0, due - time.monotonic()))


async def speak(seconds: float) -> str:
    """Speak that long; what the ear would have had to complain about."""
    playout, late = Playout(), []
    device = Device(playout)
    piece = np.full(960, 1000, np.int16)
    playout.push("A", 0, piece)
    playout.push("A", 0, piece)
    device.start()
    due = time.monotonic()
    while time.monotonic() - due < 0.04 * 2 and seconds > 0:
        playout.push("A", 0, piece)
        due += 0.04
        seconds -= 0.04
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        late.append(time.monotonic() - due)
        if late[-1] > 0.08:
            due = time.monotonic()
    device.over = True
    device.join()
    late.sort()
    worst, p99 = 1000 * late[-1], 1000 * late[int(len(late) * 0.99)]
    return (
        f"{playout.underruns:3} underruns, {playout.gap_ms:6.1f} ms of gaps; "
        f"loop late p99 {p99:5.1f} ms, worst {worst:5.1f} ms"
    )


async def beside(seconds: float, start: Callable[[], list[asyncio.Task[object]]]) -> str:
    tasks = start()
    await asyncio.sleep(0.5)
    said = await speak(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return said


async def main(seconds: float) -> None:
    sys.setswitchinterval(0.001)

    def calls(box: Toolbox, name: str, **arguments: Any) -> list[asyncio.Task[object]]:
        return [asyncio.create_task(box.call(name, **arguments)) for _ in range(BUSY)]

    print(f"{os.cpu_count()} cores, {seconds:g} s of speech each")
    print("alone                         ", await speak(seconds))
    with tempfile.TemporaryDirectory() as folder:
        async with toolbox(Path(folder), AGENT) as box:
            said = await beside(seconds, lambda: calls(box, "spins", seconds=600))
            print(f"{BUSY} busy Python tools           ", said)
            said = await beside(seconds, lambda: calls(box, "floods"))
            print(f"{BUSY} commands that flood stdout  ", said)
    said = await beside(
        seconds, lambda: [asyncio.create_task(asyncio.to_thread(spins, seconds + 1)) for _ in range(BUSY)]
    )
    print(f"{BUSY} the same, in this process   ", said)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))

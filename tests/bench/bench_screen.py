"""The live screen: from a delta to its letters on the terminal, and its share of a core in a conversation.

The terminal is a pseudo terminal that is read at once; meters move 50 times a second meanwhile.
Run: ``python -m tests.bench.bench_screen [deltas]``.
"""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np

from realtime_cli.client import inputs
from realtime_cli.conversation.narrated import Narrated
from realtime_cli.tui.screen import LiveScreen, terminal_console
from realtime_cli.tui.terminal import Terminal
from tests.tui.demo import scene
from tests.tui.pseudo_terminal import PseudoTerminal, pseudo_terminal
from tests.tui.scenes import begins, connected, local, writes

AIM_MS = 40
COLUMNS, ROWS = 120, 40


def screen_on(terminal: PseudoTerminal) -> LiveScreen:
    return LiveScreen(terminal_console(terminal.stdout, {"TERM": "xterm-256color"}), terminal=Terminal())


async def waits_ms(count: int) -> list[float]:
    """What each of ``count`` deltas waited to be shown."""
    waits = []
    async with pseudo_terminal(COLUMNS, ROWS) as terminal, screen_on(terminal) as screen:
        tell = Narrated([screen]).observe
        for entry in [*connected(text=True), *begins(1.0, "A1", "R1")]:
            tell(entry)
        for number in range(count):
            for step in range(3):
                await asyncio.sleep(0.02 + number % 20 / 1000)
                tell(local(inputs.Levels(1.0 + number + step / 3, -40.0 - number % 20 - step, -120.0)))
            begun = time.monotonic()
            tell(writes(1.5 + number, "A1", "R1", f" w{number:04}."))
            await terminal.until(f"w{number:04}.")
            waits.append(1000 * (time.monotonic() - begun))
    return waits


async def share_of_a_core() -> float:
    """CPU time by time, of the conversation that the demo shows, in real time."""
    entries = scene()
    async with pseudo_terminal(COLUMNS, ROWS) as terminal, screen_on(terminal) as screen:
        tell = Narrated([screen]).observe
        begun, cpu = time.monotonic(), time.process_time()
        for entry in entries:
            await asyncio.sleep(max(0.0, begun + entry.at - time.monotonic()))
            tell(entry)
        return (time.process_time() - cpu) / (time.monotonic() - begun)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    waits = asyncio.run(waits_ms(count))
    median, p95 = np.percentile(waits, [50, 95])
    print(f"delta to letters, {count} of them: median {median:.1f} ms, p95 {p95:.1f}, worst {max(waits):.1f}")
    print(f"at most {AIM_MS} ms in the median: {'yes' if median <= AIM_MS else 'no'}")
    print(f"CPU while the demo talks: {100 * asyncio.run(share_of_a_core()):.2f} % of a core")


if __name__ == "__main__":
    main()

"""How far off a script's timed measures are, against a server that knows what it did and when.

Run: ``python -m tests.bench.bench_measures [rounds]``. The truth is the server's own clock; what is measured
goes through the real program, from its microphone to its loudspeaker, over a real socket. Conversations in
which the program itself was late (a script calls their timings unreliable) have lines of their own.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path

import numpy as np

from realtime_cli.script.expectations import LATE_MS
from tests.kit.measured import Measure, a_backchannel, an_answer, an_interruption


async def main(rounds: int) -> None:
    chance = random.Random(1)
    found: dict[str, list[Measure]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for conversation in (an_answer, an_interruption, a_backchannel):
                for measure in await conversation(chance, Path(folder)):
                    found.setdefault(measure.name, []).append(measure)
    print(f"{'measured less true, ms':24}median    5th   95th  worst   of")
    for name, measures in found.items():
        for late, which in ((False, ""), (True, ", late")):
            some = [measure.error for measure in measures if (measure.late_ms > LATE_MS) == late]
            if some:
                low, middle, high = np.percentile(some, [5, 50, 95])
                worst = max(some, key=abs)
                print(f"{name + which:24}{middle:+6.0f}{low:+7.0f}{high:+7.0f}{worst:+7.0f}{len(some):5}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))

"""How long may something keep the interpreter's lock until it is heard?

    python -m tests.bench.bench_pauses [MS ...]

A tone of 4 s through the virtual loudspeaker, during which C code keeps the lock (as a garbage collection, a
heavy import or a tool would) four times a second; what is missing of the tone in a capture. The latency is
the one that the speaker begins with, and what it ends with after it was widened.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.audio.test_device import per_ms, scenario
from tests.kit.virtual_devices import load, running

PAUSES_MS = (0, 5, 10, 15, 20, 25, 30, 40, 60, 100)


def main() -> None:
    pauses = [float(each) for each in sys.argv[1:]] or PAUSES_MS
    with running() as devices, tempfile.TemporaryDirectory() as folder:
        for pause_ms in pauses:
            path = Path(folder) / "heard.wav"
            with devices.recording(path):
                result = scenario(devices, "held_interpreter", str(pause_ms))
            loud = np.nonzero(per_ms(load(path)) > 300)[0]
            gaps = np.diff(loud) - 1
            print(
                f"{pause_ms:5.0f} ms held: {np.count_nonzero(gaps > 1):3d} "
                f"gaps of {gaps.sum():4d} ms in all; "
                f"latency at the end {result['latency_ms']:.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()

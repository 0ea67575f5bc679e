"""From the return key to the first thing that a user waits for, warm, with no sound card.

    python -m tests.bench.bench_start [ROUNDS]

``--help``; the first byte of an answer in text; ``talk`` until the local server has the agent's settings and
hears; and, to compare, the bare interpreter. On a busy machine begin with ``chrt -r 10``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from realtime_cli.app.audio_io import question

PROGRAM = Path(sys.executable).with_name("realtime-cli")
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
POLL_S = 0.003


def ended(*words: str | Path) -> Callable[[], None]:
    def run() -> None:
        subprocess.run(words, env=ENVIRON, capture_output=True, check=True)

    return run


def first_byte() -> None:
    words: list[str | Path] = [
        PROGRAM,
        "text",
        "--config",
        "configs/text.toml",
        "--no-record",
        "What time is it?",
    ]
    with subprocess.Popen(words, env=ENVIRON, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read(1)
        began_to_answer.append(time.monotonic())


def listening() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "talk.jsonl"
        words: list[str | Path] = [PROGRAM, "talk", "--config", "configs/local.toml", "--record", recording]
        words += ["--input", question(), "--output", "null"]
        with subprocess.Popen(
            words, env=ENVIRON, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            while not (recording.exists() and "session.updated" in recording.read_text()):
                time.sleep(POLL_S)
            began_to_answer.append(time.monotonic())
            child.terminate()


began_to_answer: list[float] = []  # where the wait ends before the process does


def waited_ms(wait: Callable[[], None]) -> float:
    began_to_answer.clear()
    began = time.monotonic()
    wait()
    return 1000 * ((began_to_answer or [time.monotonic()])[0] - began)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    waits = {
        "python -c pass": ended(sys.executable, "-c", "pass"),
        "--help": ended(PROGRAM, "--help"),
        "text to first byte": first_byte,
        "talk to listening": listening,
    }
    for name, wait in waits.items():
        waited_ms(wait)  # cold
        taken = [waited_ms(wait) for _ in range(rounds)]
        print(f"{name:20} median {statistics.median(taken):5.0f} ms, worst {max(taken):5.0f}", flush=True)


if __name__ == "__main__":
    main()

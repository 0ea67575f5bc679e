"""An hour of captions: how fast they come, and how much memory the program and its server take meanwhile.

``python -m tests.bench.bench_captions [MINUTES]``: the recorded speech of the tests over and over, one second
of silence between, as a file to ``transcribe`` with the server inside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from tests.kit.speech import clip

NAMES = [f"human-0{number}" for number in range(1, 10)]
RATE_HZ = 24_000


def write_speech(path: Path, seconds: float) -> float:
    """A mono file of at least so many seconds; returns how many there are."""
    spoken = [np.concatenate([clip(name), np.zeros(RATE_HZ, np.int16)]) for name in NAMES]
    written = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        while written < seconds * RATE_HZ:
            for sound in spoken:
                file.writeframes(sound.tobytes())
                written += len(sound)
    return written / RATE_HZ


def rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        path, subtitles = Path(folder) / "speech.wav", Path(folder) / "speech.srt"
        seconds = write_speech(path, minutes * 60)
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "realtime_cli",
            "transcribe",
            str(path),
            "--json",
            "-o",
            str(subtitles),
        ]
        process = subprocess.Popen(
            [*command, "--set", "connection.provider=local"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        captions, next_s = 0, 0.0
        for line in process.stdout:
            caption = json.loads(line)
            captions += caption["final"]
            if caption["final"] and caption["begin_s"] >= next_s:
                took_s = time.monotonic() - began
                at_s = caption["begin_s"]
                print(
                    f"{at_s:7.0f} s of sound after {took_s:6.1f} s: {rss_mib(process.pid):6.1f} MiB",
                    flush=True,
                )
                next_s += max(60.0, seconds / 12)
        code = process.wait()
        took_s = time.monotonic() - began
        cues = subtitles.read_text().count(" --> ")
        print(f"{seconds:.0f} s in {took_s:.0f} s ({seconds / took_s:.1f} times real time), exit code {code}")
        print(f"{captions} captions, {cues} cues")


if __name__ == "__main__":
    main()

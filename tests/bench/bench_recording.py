"""Writes a synthetic one-hour recording, then reads and folds it: time, memory, lines.

Run: ``python -m tests.bench.bench_recording [minutes]``.
"""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
from pathlib import Path

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.conversation.cost import Spending
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.conversation.turns import TurnLog
from realtime_cli.recording import file
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from tests.recording.sample import b64, frame, heard, local, received

TURN_S = 12.0
USAGE = {
    "total_tokens": 310,
    "input_tokens": 200,
    "output_tokens": 110,
    "input_token_details": {"text_tokens": 120, "audio_tokens": 80, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 30, "audio_tokens": 80},
}


def one_turn(at: float, number: int) -> list:
    """12 seconds: the user speaks 3 s, the agent answers 5 s, the microphone goes on throughout."""
    timed = [entry for n in range(600) for entry in heard(at + n * 0.02, n % 100 + 1)]
    timed += [local(i.Levels(at + n * 0.1, -30.0, -40.0)) for n in range(120)]
    user, agent, response = f"u{number}", f"a{number}", f"r{number}"
    timed.append(
        received(at + 0.3, "input_audio_buffer.speech_started", audio_start_ms=int(at * 1000), item_id=user)
    )
    timed.append(
        received(
            at + 3.5, "input_audio_buffer.speech_stopped", audio_end_ms=int(at * 1000) + 3400, item_id=user
        )
    )
    timed.append(received(at + 3.5, "input_audio_buffer.committed", item_id=user))
    timed.append(received(at + 3.6, "response.created", response={"id": response, "conversation_id": "c"}))
    sound = b64(frame(5) * 10)
    for n in range(25):
        ids = {"response_id": response, "item_id": agent, "content_index": 0, "output_index": 0}
        timed.append(received(at + 3.8 + n * 0.1, "response.output_audio.delta", delta=sound, **ids))
        timed.append(local(e.Play(agent, 0, frame(5) * 10), at + 3.8 + n * 0.1))
        timed.append(
            received(at + 3.8 + n * 0.1, "response.output_audio_transcript.delta", delta="word ", **ids)
        )
    timed += [local(i.Played(at + 3.9 + n * 0.1, agent, 0, n * 100.0 + 50)) for n in range(50)]
    timed.append(
        received(at + 9.0, "response.done", response={"id": response, "status": "completed", "usage": USAGE})
    )
    return sorted(timed, key=lambda entry: entry.at)


def write(path: Path, minutes: float) -> None:
    file.QUEUE_LIMIT = 10_000_000
    recorder = Recorder(path, Header())
    began, cpu = time.perf_counter(), time.process_time()
    recorder.observe(
        received(0, "session.created", session={"type": "realtime", "model": "gpt-realtime-2.1"})
    )
    for number in range(int(minutes * 60 / TURN_S)):
        for entry in one_turn(number * TURN_S, number):
            recorder.observe(entry)
        while len(recorder._waiting) > 5_000:
            time.sleep(0.01)
    recorder.close()
    took, used = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"write: {took:.1f} s, {used:.1f} CPU s (making the entries included), "
        f"{used / (minutes * 60):.2%} of a core"
    )


def fold(path: Path) -> None:
    narrator, log, spending = RealtimeNarrator(), TurnLog(), Spending()
    entries = 0
    began, cpu = time.perf_counter(), time.process_time()
    for entry in read(path).entries():
        for event in narrator.narrate(entry):
            log.observe(event)
            spending.observe(event)
        entries += 1
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"read and fold: {took:.2f} s ({used:.2f} CPU s), {entries} entries, "
        f"{len(log.turns)} turns, peak {peak:.0f} MiB"
    )
    median_ms, p95_ms = log.median_ms or math.nan, log.p95_ms or math.nan
    print(f"median {median_ms:.0f} ms, p95 {p95_ms:.0f} ms, cost ${spending.total_usd or -1:.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        fold(Path(sys.argv[2]))
    else:
        import subprocess

        minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "hour.jsonl"
            write(path, minutes)
            print(f"{sum(1 for _ in path.open())} lines, {path.stat().st_size / 1e6:.1f} MB")
            # A process of its own, so that the peak is the reader's.
            subprocess.run(
                [sys.executable, "-m", "tests.bench.bench_recording", "fold", str(path)], check=True
            )

"""Entries for tests, in one short line each; run as a program, it records until it is killed."""

from __future__ import annotations

import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import codec
from realtime_cli.recording.file import Recorder
from realtime_cli.recording.format import Header

FRAME_BYTES = 960


def frame(value: int) -> bytes:
    """20 ms of a constant."""
    return np.full(FRAME_BYTES // 2, value, "<i2").tobytes()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def received(at: float, type: str, **fields: Any) -> Entry:
    raw = json.dumps({"type": type, **fields}, separators=(",", ":"))
    return Entry(at, "received", i.Received(at, codec.decode_server_event(raw), raw))


def sent(at: float, type: str, **fields: Any) -> Entry:
    return Entry(at, "sent", e.Send(codec.client_event({"type": type, **fields})))


def local(value: Any, at: float | None = None) -> Entry:
    return Entry(value.at if at is None else at, "local", value)


def heard(at: float, value: int, *, sending: bool = True) -> list[Entry]:
    append = sent(at, "input_audio_buffer.append", audio=b64(frame(value)))
    return [local(i.MicrophoneFrame(at, frame(value))), *([append] if sending else [])]


def record(path: Path, entries: list[Entry], header: Header | None = None, **options: Any) -> Recorder:
    """Write a closed recording."""
    recorder = Recorder(path, header or Header(tool="t", command="talk", config={"a": 1}), **options)
    for entry in entries:
        recorder.observe(entry)
    recorder.close(5, "why")
    return recorder


def record_forever(path: Path) -> None:
    """A session with sound both ways at ten times real time, in 20 ms steps; prints when it is under way."""
    recorder = Recorder(path, Header())
    print("recording", flush=True)
    for step in range(1_000_000):
        at = step * 0.02
        for entry in heard(at, step % 100 + 1):
            recorder.observe(entry)
        if step % 5 == 0:
            recorder.observe(
                received(at, "response.output_audio.delta", item_id="a", delta=b64(frame(3) * 5))
            )
            recorder.played(at, np.full(2400, 3, np.int16))
        time.sleep(0.002)


if __name__ == "__main__":
    if sys.argv[1] == "tiny-disk":
        import resource

        size = int(sys.argv[3])
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        full = Recorder(Path(sys.argv[2]), Header(), on_trouble=lambda text: print(text, flush=True))
        for step in range(2000):
            for entry in heard(step * 0.02, step % 100 + 1):
                full.observe(entry)
            time.sleep(0.0005)
        full.close()
        print("session ended as usual", flush=True)
    else:
        record_forever(Path(sys.argv[2]))

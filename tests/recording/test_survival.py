"""A recording outlives what happens to its process and its disk."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from realtime_cli.client.inputs import MicrophoneFrame
from realtime_cli.recording.reader import read


def run_sample(kind: str, path: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.recording.sample", kind, str(path), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("batch", range(2))
def test_killed_at_any_moment_it_reads_up_to_the_last_line_and_its_sound_opens(
    tmp_path: Path, batch: int
) -> None:
    """Ten processes at once, each killed at a moment of its own; twice."""
    paths = [tmp_path / f"{n}.jsonl" for n in range(10)]
    processes = [run_sample("forever", path) for path in paths]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "recording\n"
    for process in processes:
        time.sleep(random.Random(batch).uniform(0.0, 0.15))
        process.kill()
        process.communicate()

    for path in paths:
        recording = read(path)
        frames = [
            entry for entry in recording.entries(sound=True) if isinstance(entry.value, MicrophoneFrame)
        ]
        assert recording.end.crashed
        assert frames == sorted(frames, key=lambda entry: entry.at)
        for sidecar in path.parent.glob(f"{path.stem}.*wav"):
            with wave.open(str(sidecar)) as file:
                assert len(file.readframes(file.getnframes())) == file.getnframes() * 2 * file.getnchannels()


@pytest.mark.parametrize("room", [100_000, 0])
def test_a_full_disk_stops_the_recording_with_a_message_and_not_the_session(
    tmp_path: Path, room: int
) -> None:
    """The limit on file size stands in for the disk: writing fails in the same way."""
    process = run_sample("tiny-disk", tmp_path / "s.jsonl", str(room))
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert said.splitlines()[0].startswith("Recording stopped: File too large (")
    assert said.splitlines()[1:] == ["session ended as usual"]
    if room:
        assert any(isinstance(entry.value, MicrophoneFrame) for entry in read(tmp_path / "s.jsonl").entries())
    else:
        assert list(tmp_path.iterdir()) == []


def test_no_planted_secret_is_in_anything_that_is_written(tmp_path: Path) -> None:
    from realtime_cli.client import effects as e
    from realtime_cli.client import inputs as i
    from realtime_cli.recording.format import Header
    from tests.recording.sample import local, received, record, sent

    secret = "Tr0ub4dor&3 is/my=key"
    unknown = "sk-proj-nobodyToldTheRecorder123"
    echo = f"Incorrect API key {secret} or {unknown}. You sent Authorization: Bearer {secret}"
    tool = {
        "type": "mcp",
        "server_label": "x",
        "server_url": "https://h",
        "authorization": secret,
        "headers": {"X-Own": "not-in-the-list"},
    }
    entries = [
        local(i.Connected(0.0, f"wss://user:{secret}@host/v1?api_key={unknown}&model=m")),
        sent(0.1, "session.update", session={"type": "realtime", "instructions": secret, "tools": [tool]}),
        received(0.2, "session.updated", session={"type": "realtime", "tools": [tool]}),
        received(0.3, "error", error={"type": "x", "message": echo}),
        local(i.UndecodableFrame(0.4, "not JSON", f"<p>{echo}</p>")),
        local(i.Typed(0.5, f"my key is {secret}")),
        local(e.CallTool("c", "fetch", f'{{"token": "{secret}"}}'), 0.6),
        local(i.ToolFinished(0.7, "c", f'{{"api_key": "{unknown}"}}')),
        local(i.Noted(0.8, "error", "x", echo, {"headers": {"authorization": secret}})),
        local(i.Disconnected(0.9, 4000, echo)),
        local(e.Close(5, echo, echo), 0.9),  # type: ignore[arg-type]
    ]
    header = Header(
        config={"connection": {"headers": {"X-Key": secret}}}, session={"patch": {"tools": [tool]}}
    )
    recorder = record(tmp_path / "s.jsonl", entries, header, secrets=[secret])

    recorder.close(5, echo)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()).decode()
    for word in (secret, "Tr0ub4dor", unknown, "nobodyToldTheRecorder", "not-in-the-list"):
        assert word not in written
    assert len(list(read(tmp_path / "s.jsonl").entries())) == len(entries)

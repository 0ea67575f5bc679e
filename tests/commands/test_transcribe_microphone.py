"""``transcribe`` at a microphone: what a person says is there at once, and the last words after Ctrl+C."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from realtime_cli.errors import ExitCode
from realtime_cli.script.words import normalise
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, virtual_devices

__all__ = ["virtual_devices"]


@pytest.mark.heavy
def test_what_is_said_to_the_microphone_is_written_down(
    virtual_devices: VirtualDevices, tmp_path: Path
) -> None:
    subtitles, page = tmp_path / "said.srt", tmp_path / "said.vtt"
    command = ["-m", "realtime_cli", "transcribe", "--json", "--set", "connection.provider=local"]
    process = virtual_devices.spawn(
        [*command, "--speaker", "Ada", "-o", str(subtitles), "-o", str(page)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    while "Listening" not in (line := process.stderr.readline()):
        assert line, process.communicate()
    virtual_devices.speak(clip_path("heart-04"))
    first = json.loads(process.stdout.readline())
    while not first["final"]:
        first = json.loads(process.stdout.readline())
    virtual_devices.speak(clip_path("heart-01"))
    process.send_signal(signal.SIGINT)  # in the middle of the last turn: its words are waited for
    out, errors = process.communicate(timeout=60)
    assert process.returncode == ExitCode.OK, errors
    last = [json.loads(line) for line in out.splitlines()][-1]
    assert "seventeen" in normalise(first["text"])
    assert last["final"]
    assert last["text"]
    assert (first["speaker"], last["speaker"]) == ("Ada", "Ada")
    assert first["begin_s"] < first["end_s"] <= last["begin_s"] < last["end_s"]
    cues = subtitles.read_text().split("\n\n")
    assert [cue.splitlines()[0] for cue in cues if cue.strip()] == ["1", "2"]
    assert subtitles.read_text().count(" --> ") == page.read_text().count(" --> ") == 2
    assert page.read_text().startswith("WEBVTT")

"""``transcribe``: captions of files, by channel, against the local server."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.commands.transcribe import TranscribeOptions, transcribe
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.script.words import normalise
from tests.kit.cli import run_cli
from tests.kit.speech import clip, clip_path

LOCAL = ("--set", "connection.provider=local")


def test_the_sides_of_a_stereo_file_are_written_down_each_under_its_name(tmp_path: Path) -> None:
    call, subtitles, page = tmp_path / "call.wav", tmp_path / "call.srt", tmp_path / "call.vtt"
    left, right = clip("heart-04"), clip("heart-01")
    sides = np.zeros((len(left) + len(right) + 24_000, 2), np.int16)
    sides[: len(left), 0] = left
    sides[len(left) + 24_000 :, 1] = right
    with wave.open(str(call), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(sides.tobytes())

    ended = run_cli(
        "transcribe",
        call,
        *LOCAL,
        "--speaker",
        "Ada",
        "--speaker",
        "Bob",
        "-o",
        subtitles,
        "-o",
        page,
        "--json",
    )

    assert ended.returncode == ExitCode.OK, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    final = {one["speaker"]: one for one in told if one["final"]}
    assert "17" in final["Ada"]["text"]
    assert final["Bob"]["begin_s"] == pytest.approx(len(left) / 24_000 + 1, abs=0.5)
    assert any(not one["final"] and one["speaker"] == "Ada" for one in told)
    assert subtitles.read_text().startswith("1\n00:00:0")
    assert f"\nAda: {final['Ada']['text'][:10]}" in subtitles.read_text()
    assert "<v Bob>" in page.read_text()
    assert page.read_text().index("<v Ada>") < page.read_text().index("<v Bob>")


def test_turns_end_by_silence_where_the_model_takes_no_turn_detection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """gpt-realtime-whisper: the program finds the pauses, and the server commits what it is told to."""
    two, text = tmp_path / "two.wav", tmp_path / "two.txt"
    with wave.open(str(two), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        for name in ("heart-04", "heart-01"):
            file.writeframes(clip(name).tobytes() + bytes(48_000))
    options = TranscribeOptions(
        sets=("connection.provider=local",), input=str(two), model="gpt-realtime-whisper", outputs=(text,)
    )
    assert transcribe(options) == ExitCode.OK
    first, second = text.read_text().splitlines()
    assert "17" in first
    assert first.startswith("0:00 ")
    assert second.startswith("0:04 ")
    assert sorted(capsys.readouterr().out.splitlines()) == sorted([first, second])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": "missing.wav"}, "missing.wav cannot be read"),
        ({"input": str(clip_path("heart-04")), "speakers": ("A", "B")}, "has 1 channel."),
        ({"outputs": (Path("x.doc"),)}, "captions are written as .srt, .vtt, .txt"),
        ({"input": "-", "speakers": ("A", "B")}, "Only the channels of a file can be told apart."),
        ({"sets": ("connection.protocol=live",)}, "Live has no transcription sessions."),
    ],
)
def test_what_cannot_be_transcribed_is_said_in_a_sentence(options: dict[str, Any], said: str) -> None:
    sets = ("connection.provider=local", *options.pop("sets", ()))
    with pytest.raises(ConfigError, match=re.escape(said)):
        transcribe(TranscribeOptions(sets=sets, **options))


def test_what_was_written_down_before_ctrl_c_is_not_lost(tmp_path: Path) -> None:
    subtitles = tmp_path / "x.srt"
    spoken = tmp_path / "long.wav"
    with wave.open(str(spoken), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(clip("heart-04").tobytes() + bytes(48_000 * 60))
    process = subprocess.Popen(
        [sys.executable, "-m", "realtime_cli", "transcribe", spoken, "--real-time", "-o", subtitles, *LOCAL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert set(normalise(first.partition(" ")[2])) <= set(normalise(subtitles.read_text()))

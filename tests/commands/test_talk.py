"""``talk`` from the command line: spoken through files, and everything that one can get wrong."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.resample import Resampler
from realtime_cli.commands.talk import LastAnswer
from realtime_cli.conversation import events as e
from realtime_cli.errors import ExitCode
from realtime_cli.loop import Outcome
from realtime_cli.recording.reader import read
from tests.kit import chat_server
from tests.kit.chat_server import ChatServer
from tests.kit.cli import run_cli
from tests.kit.speech import clip, clip_path
from tests.kit.virtual_devices import load
from tests.kit.voices import recogniser

__all__ = ["recogniser"]

LOCAL = Path(__file__).parents[2] / "configs" / "local.toml"


@pytest.fixture(autouse=True)
def verified(recordings_verify: None) -> None:
    """Every recording made here is verified once its test is over."""


def talk(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    ended = run_cli("talk", "--config", LOCAL, *arguments, **more)
    assert "Traceback" not in ended.stderr
    return ended


def test_a_question_in_any_form_of_wav_is_answered_aloud_in_another(tmp_path: Path, recogniser: Any) -> None:
    spoken, answer = tmp_path / "stereo.wav", tmp_path / "answer.wav"
    with wave.open(str(spoken), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        mono = Resampler(24_000, 44_100).feed(clip("heart-04"))
        file.writeframes(np.repeat(mono, 2).tobytes())
    ended = talk("--input", spoken, "--output", answer, "--set", "conversation.greet=false")
    assert ended.returncode == ExitCode.OK, ended.stderr
    assert f"Speaking from {spoken}." in ended.stderr
    assert re.search(r"^You: .*17.*23", ended.stdout, re.MULTILINE)
    assert re.search(r"^Agent: .*391", ended.stdout, re.MULTILINE)
    assert "91" in recogniser.transcribe(load(answer))


def test_with_push_to_talk_the_key_is_held_while_a_file_speaks() -> None:
    ended = run_cli(
        "talk",
        "--config",
        LOCAL.with_name("push-to-talk.toml"),
        "--input",
        clip_path("heart-04"),
        "--input",
        clip_path("heart-04"),
        "--output",
        "null",
        "--plain",
        "--set",
        "conversation.greet=false",
    )
    assert ended.returncode == ExitCode.OK, ended.stderr
    assert len(re.findall("^Agent: .*391", ended.stdout, re.MULTILINE)) == 2
    assert "2 turns by you, 2 by the agent" in ended.stderr


async def test_a_language_model_that_is_away_or_refuses_is_no_success() -> None:
    ollama = "talk", "--config", LOCAL.with_name("ollama.toml"), "--input", clip_path("heart-04")
    more = "--output", "null", "--fast", "--plain"
    async with ChatServer([chat_server.failure(404, "model not found")]) as chat:
        url = chat.url
        there = f"local.chat_url={url}"
        refused = await asyncio.to_thread(run_cli, *ollama, *more, "--set", there)
    away = await asyncio.to_thread(run_cli, *ollama, *more, "--set", there)
    assert refused.returncode == ExitCode.SESSION
    assert "The last answer failed." in refused.stderr
    assert away.returncode == ExitCode.CONNECTION
    assert away.stdout == ""
    assert away.stderr.count(url) == 1
    assert "local.chat_url" in away.stderr


@pytest.mark.parametrize("named", [["--output", "a.wav"], ["--set", "audio.output='./a.wav'"]])
def test_the_sound_of_a_recording_keeps_its_file_to_itself(
    named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = talk("--input", clip_path("heart-04"), "--record", "a.jsonl", *named)
    assert ended.returncode == ExitCode.USAGE
    assert "a.wav is also the sound file of the recording a.jsonl" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_key_it_says_how_to_give_one_before_anything_else() -> None:
    openai = LOCAL.with_name("openai.toml")
    ended = run_cli("talk", "--config", openai)
    assert ended.returncode == ExitCode.CONNECTION
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "realtime-cli: There is no API key: the environment variable OPENAI_API_KEY is not set.",
        "  Set it (export OPENAI_API_KEY=...), or use the local server without one: "
        "--set connection.provider=local",
    ]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def junk(path: Path) -> None:
    path.write_bytes(b"RIFFnot really a sound file at all")


def without_samples(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (empty, "no WAV|not a WAV"),
        (junk, "not a WAV"),
        (without_samples, "has no sound"),
        (None, "No such file"),
    ],
)
def test_a_file_that_holds_no_sound_is_refused(
    make: Callable[[Path], None] | None, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "question.wav"
    if make:
        make(path)
    ended = talk("--input", path, "--output", "null")
    assert ended.returncode == ExitCode.USAGE
    assert re.search(f"{path}.*({why})", ended.stderr), ended.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[session", r"agent.toml:1: not TOML"),
        ('[session]\nistructions = "x"\n', r"agent.toml:2: session.istructions: .*did you mean instructions"),
        ("[session]\nmax_output_tokens = 0\n", r"agent.toml:2: session.max_output_tokens"),
    ],
)
def test_a_wrong_agent_file_is_named_with_line_and_key(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    ended = run_cli("talk", "--config", path)
    assert ended.returncode == ExitCode.USAGE
    assert re.search(why, ended.stderr)
    assert "Traceback" not in ended.stderr


def test_a_device_that_is_not_there_is_named() -> None:
    ended = talk("--input", "nonesuch", "--output", "null")
    assert ended.returncode == ExitCode.AUDIO_DEVICE
    assert "microphone" in ended.stderr


class NotFound(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_wrong_path_is_told_from_a_server_that_is_away() -> None:
    server = HTTPServer(("127.0.0.1", 0), NotFound)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        url = f"ws://127.0.0.1:{server.server_port}/v1/reeltime"
        ended = talk("--base-url", url, "--input", clip_path("heart-04"), "--output", "null")
        assert ended.returncode == ExitCode.CONNECTION
        assert "404" in ended.stderr
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    once = ("--set", "connection.reconnect_tries=0")
    ended = talk("--base-url", url, *once, "--input", clip_path("heart-04"), "--output", "null")
    assert ended.returncode == ExitCode.CONNECTION
    assert "Nothing is listening at" in ended.stderr


def test_a_server_that_dies_in_the_middle_ends_the_talk_with_a_whole_recording(tmp_path: Path) -> None:
    recording = tmp_path / "cut.jsonl"
    command = [sys.executable, "-m", "realtime_cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        url = next(found[0] for line in server.stderr if (found := re.search(r"ws://\S+", line)))
        arguments = ["--base-url", url, "--input", str(clip_path("heart-04")), "--output", "null"]
        arguments += ["--record", str(recording), "--set", "connection.reconnect_tries=1"]
        with subprocess.Popen(
            [sys.executable, "-m", "realtime_cli", "talk", "--config", LOCAL, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as talking:
            deadline = time.monotonic() + 30
            while not (recording.exists() and "response.created" in recording.read_text()):
                assert time.monotonic() < deadline, "no answer began"
                time.sleep(0.05)
            server.send_signal(signal.SIGKILL)
            _, err = talking.communicate(timeout=30)
    assert talking.returncode == ExitCode.CONNECTION
    assert "Traceback" not in err
    whole = read(recording)
    list(whole.entries())
    assert not whole.end.crashed, "closed, though the line was lost"


def test_a_talk_that_never_began_has_no_end_card_and_no_recording(tmp_path: Path) -> None:
    recording = tmp_path / "none.jsonl"
    arguments = ["--base-url", "ws://127.0.0.1:9/v1/realtime", "--output", "null", "--record", str(recording)]
    ended = run_cli("talk", "--config", LOCAL, "--input", clip_path("heart-04"), "--plain", *arguments)
    assert ended.returncode == ExitCode.CONNECTION
    assert not recording.exists()
    for said in ("Duration:", "Recording:", "The connection was lost."):
        assert said not in ended.stderr
    assert ended.stderr.splitlines()[-2].startswith("realtime-cli: ")


def test_an_answer_that_was_given_up_is_no_good_end() -> None:
    last = LastAnswer()
    good = Outcome(ExitCode.OK)
    assert last.judge(good) == good
    last.observe(e.NoticeIssued(1.0, "error", "response", "No progress in the answer for 30 s."))
    assert last.judge(good).exit_code == ExitCode.SESSION


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_linear_algebra_gets_no_threads_and_programs_that_tools_start_know_nothing_of_it() -> None:
    code = (
        "import os; from realtime_cli.commands.talk import one_thread_for_algebra\n"
        "with one_thread_for_algebra(): import numpy\n"
        "print(len(os.listdir('/proc/self/task')), 'OPENBLAS_NUM_THREADS' in os.environ)"
    )
    environ = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert ended.stdout.split() == ["1", "False"], ended.stderr

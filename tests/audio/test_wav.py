"""Files as microphone and loudspeaker, on a real event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, SAMPLES_PER_MS, Samples
from realtime_cli.audio.wav import WavMicrophone, WavSpeaker
from realtime_cli.audio.wav_file import read_wav, wav_header
from realtime_cli.errors import ConfigError
from realtime_cli.notices import HeardItem
from tests.audio.room import tone


def write(path: Path, samples: Samples) -> Path:
    path.write_bytes(wav_header(2 * len(samples)) + samples.astype("<i2").tobytes())
    return path


def read(path: Path) -> Samples:
    with path.open("rb") as file:
        return np.concatenate(list(read_wav(file, str(path))))


async def listen(microphone: WavMicrophone) -> list[Samples]:
    frames: list[Samples] = []
    ended = asyncio.Event()

    def deliver(frame: Samples | None) -> None:
        if frame is None:
            ended.set()
        elif not ended.is_set():
            frames.append(frame)

    microphone.start(deliver)
    await asyncio.wait_for(ended.wait(), 20)
    await microphone.close()
    return frames


async def test_a_file_is_heard_in_frames_the_last_filled_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.arange(1, 1201, dtype=np.int16))
    frames = await listen(WavMicrophone(path, fast=True))
    assert [len(frame) for frame in frames] == [FRAME_SAMPLES] * 3
    assert np.concatenate(frames).tolist() == [*range(1, 1201), *[0] * 240]


async def test_the_room_goes_on_after_the_file(tmp_path: Path) -> None:
    microphone = WavMicrophone(write(tmp_path / "a.wav", tone(20)), fast=True, tail_ms=100)
    given: list[Samples | None] = []
    microphone.start(given.append)
    await asyncio.sleep(0.3)
    await microphone.close()
    assert len(given) > 5
    assert [frame is None for frame in given[:3]] == [False, True, False]
    assert not any(frame.any() for frame in given[2:] if frame is not None)


async def test_real_time_takes_its_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(300))
    began = time.monotonic()
    frames = await listen(WavMicrophone(path))
    assert len(frames) == 15
    assert time.monotonic() - began >= 0.27


async def test_several_in_turn_with_a_pause_and_with_waiting(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.wav", tone(40, n)) for n in (1, 2)]
    answers = iter([False, False, True, True])
    microphone = WavMicrophone(paths, fast=True, pause_ms=0, may_go_on=lambda: next(answers))
    frames = await listen(microphone)
    assert [int(frame[0]) for frame in frames] == [1, 1, 0, 0, 2, 2]


async def test_it_says_when_a_file_speaks(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.wav", tone(40, n)) for n in (1, 2)]
    told: list[bool] = []
    await listen(WavMicrophone(paths, fast=True, pause_ms=0, speaking=told.append))
    assert told == [True, False, True, False]


async def test_a_fast_file_is_held_back_by_a_full_wire(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(100))
    asked = 0

    def has_room() -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    await listen(WavMicrophone(path, fast=True, has_room=has_room))
    assert asked >= 15


@pytest.mark.parametrize("content", [None, b"no wav", wav_header(0)])
def test_a_bad_file_is_refused_before_anything_starts(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.wav"):
        WavMicrophone(path)


@pytest.mark.parametrize("header", [wav_header(), b""], ids=["wav", "raw"])
async def test_a_pipe_is_a_microphone(header: bytes) -> None:
    script = (
        "import asyncio, sys\n"
        "from realtime_cli.audio.wav import WavMicrophone\n"
        "async def main():\n"
        "    ended = asyncio.Event()\n"
        "    def deliver(frame):\n"
        "        if frame is None: ended.set()\n"
        "        elif not ended.is_set(): print(frame[0], len(frame))\n"
        "    WavMicrophone('-', fast=True).start(deliver)\n"
        "    await ended.wait()\n"
        "asyncio.run(main())\n"
    )
    data = header + tone(60, 7).astype("<i2").tobytes()
    child = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], input=data, stdout=subprocess.PIPE, check=True
    )
    assert child.stdout.decode().splitlines() == ["7 480"] * 3


async def test_an_empty_pipe_ends_in_our_error() -> None:
    script = (
        "import asyncio\n"
        "from realtime_cli.audio.wav import WavMicrophone\n"
        "async def main():\n"
        "    failed = asyncio.get_running_loop().create_future()\n"
        "    loop = asyncio.get_running_loop()\n"
        "    loop.set_exception_handler(lambda _, c: failed.set_result(c['exception']))\n"
        "    WavMicrophone('-').start(print)\n"
        "    print(type(await failed).__name__)\n"
        "asyncio.run(main())\n"
    )
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert child.stdout.decode().strip() == "ConfigError"


async def test_a_file_gets_what_was_played_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    speaker = WavSpeaker(path)
    speaker.start()
    speaker.playout.push("a", 0, tone(85))
    speaker.playout.end("a", 0)
    await asyncio.wait_for(speaker.drained(), 5)
    assert speaker.playout.heard() == (HeardItem("a", 0, 85.0, finished=True),)
    await speaker.close()
    assert np.count_nonzero(read(path)) == 85 * SAMPLES_PER_MS
    assert len(path.read_bytes()) == 44 + 2 * len(read(path))


async def test_a_fast_file_has_the_answers_alone(tmp_path: Path) -> None:
    speaker = WavSpeaker(tmp_path / "out.wav", fast=True)
    speaker.start()
    for item in "ab":
        speaker.playout.push(item, 0, tone(1000))
        speaker.playout.end(item, 0)
    await asyncio.wait_for(speaker.drained(), 5)
    await speaker.close()
    assert read(tmp_path / "out.wav").tolist() == tone(2000).tolist()


async def test_a_cut_is_in_the_file_where_it_was_made(tmp_path: Path) -> None:
    speaker = WavSpeaker(tmp_path / "out.wav")
    speaker.start()
    speaker.playout.push("a", 0, tone(3000))
    await asyncio.sleep(0.3)
    (heard,) = speaker.stop_now()
    await asyncio.sleep(0.1)
    await speaker.close()
    loud_ms = np.count_nonzero(read(tmp_path / "out.wav") == 1000) / SAMPLES_PER_MS
    assert 0 < heard.heard_ms <= loud_ms + 10
    assert loud_ms - heard.heard_ms <= 21


async def test_null_hears_in_time() -> None:
    speaker = WavSpeaker(None)
    speaker.start()
    speaker.playout.push("a", 0, tone(100))
    speaker.playout.end("a", 0)
    await asyncio.wait_for(speaker.drained(), 5)
    assert speaker.playout.heard()[0].finished
    await speaker.close()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        WavSpeaker(tmp_path / "missing" / "out.wav")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of files as Linux has them")
def test_what_a_full_disk_took_is_a_whole_file(tmp_path: Path) -> None:
    code = f"""
import asyncio, resource, signal
from realtime_cli.audio.wav import WavSpeaker
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
async def play():
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: print(problem["exception"]))
    speaker = WavSpeaker({str(tmp_path / "out.wav")!r})
    speaker.start()
    await asyncio.sleep(0.2)
    await speaker.close()
asyncio.run(play())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "File too large" in told
    assert "out.wav" in told
    with (tmp_path / "out.wav").open("rb") as file:
        assert sum(map(len, read_wav(file, "out.wav"))) == (2000 - 44) // 2


def test_stdout_gets_a_wav() -> None:
    script = (
        "import asyncio, numpy as np\n"
        "from realtime_cli.audio.wav import WavSpeaker\n"
        "async def main():\n"
        "    speaker = WavSpeaker('-', fast=True)\n"
        "    speaker.start()\n"
        "    speaker.playout.push('a', 0, np.full(960, 5, np.int16))\n"
        "    speaker.playout.end('a', 0)\n"
        "    await speaker.drained()\n"
        "    await speaker.close()\n"
        "asyncio.run(main())\n"
    )
    out = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout
    assert out == wav_header() + tone(40, 5).astype("<i2").tobytes()

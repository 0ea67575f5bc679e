"""Sound out of a recording, and out of another tool's log that has it in its events."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.recording.export.sound import (
    MAX_STEREO_S,
    compressed,
    for_listening,
    mp3_kbit_s,
    peaks,
    stereo,
    wav,
)
from realtime_cli.recording.reader import read
from tests.recording.conversation import record_conversation, tone
from tests.recording.sample import b64, frame


def test_both_sides_stand_where_they_were_heard(tmp_path: Path) -> None:
    samples = stereo(read(record_conversation(tmp_path / "s.jsonl")))

    said, played = (np.flatnonzero(samples[:, side]) / 24_000 for side in (0, 1))
    assert said[0] == pytest.approx(3.0, abs=0.01)
    assert played[0] == pytest.approx(0.9, abs=0.01)
    assert not ((played > 7.21) & (played < 8.79)).any()  # cut where it was cut


def test_a_wav_file_that_others_open(tmp_path: Path) -> None:
    samples = np.stack([tone(100, 200), tone(100, 300)], axis=1)

    with wave.open(io.BytesIO(wav(samples))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 24_000, 2)
        assert file.readframes(file.getnframes()) == samples.tobytes()


def test_a_session_without_sound_has_an_empty_wav_file() -> None:
    with wave.open(io.BytesIO(wav(np.zeros((0, 2), np.int16)))) as file:
        assert file.getnframes() == 0


def test_flac_gives_the_same_samples_back() -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.stack([tone(100, 200), tone(100, 300)], axis=1)

    again, rate_hz = soundfile.read(io.BytesIO(compressed(samples, "FLAC")), dtype="int16")
    assert rate_hz == 24_000
    assert np.array_equal(again, samples)


def test_another_tools_log_gives_its_sound_too(tmp_path: Path) -> None:
    events = [
        {"type": "input_audio_buffer.append", "audio": b64(frame(3))},
        {"type": "input_audio_buffer.append", "audio": b64(frame(4))},
        {"type": "response.audio.delta", "item_id": "a", "delta": b64(frame(7))},
        {"type": "response.audio.delta", "item_id": "a", "delta": b64(frame(8))},
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))

    samples = stereo(read(tmp_path / "log.jsonl"))

    assert sorted(set(samples[:, 0])) == [0, 3, 4]
    assert [int((samples[:, 1] == value).sum()) for value in (7, 8)] == [480, 480]


def test_peaks_show_the_loudest_of_each_span() -> None:
    samples = np.zeros(1000, np.int16)
    samples[510] = -32768

    assert list(peaks(samples, 4)) == [0, 0, 255, 0]
    assert peaks(np.zeros(0, np.int16), 3) == bytes(3)


def test_a_long_session_has_less_of_each_second() -> None:
    minute = 60 * 24_000
    assert [mp3_kbit_s(minutes * minute) for minutes in (0, 1, 10, 30, 60, 600)] == [80, 80, 64, 24, 16, 16]
    pytest.importorskip("soundfile")
    made = compressed(np.zeros((minute, 2), np.int16), "MP3")
    assert len(made) * 8 / 60_000 == pytest.approx(80, rel=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of files as Linux has them")
@pytest.mark.parametrize("kind", ["MP3", "FLAC"])
def test_no_room_for_a_compressed_sound_is_a_sentence(kind: str) -> None:
    pytest.importorskip("soundfile")
    code = f"""
import resource, signal
import numpy as np
from realtime_cli.errors import ConfigError
from realtime_cli.recording.export.sound import compressed
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    compressed(np.zeros((240_000, 2), np.int16), {kind!r})
except ConfigError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"There is no room to make {kind} sound")


def test_a_long_session_is_heard_on_one_channel() -> None:
    samples = np.zeros((MAX_STEREO_S * 24_000 + 1, 2), np.int16)
    samples[0], samples[-1] = (30_000, 30_000), (5, -2)
    mixed = for_listening(samples)
    assert mixed.shape == (len(samples), 1)
    assert (mixed[0, 0], mixed[1, 0], mixed[-1, 0]) == (32_767, 0, 3)
    assert for_listening(samples[:-1]).shape[1] == 2

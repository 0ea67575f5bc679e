"""Sidecar WAV files are valid whenever one looks, and blocks land where they belong."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from realtime_cli.recording.stereo_track import LEFT, RIGHT, StereoTrack
from realtime_cli.recording.tracks import TrackAligner, VerbatimTrack


def samples(value: int, count: int = 480) -> np.ndarray:
    return np.full(count, value, np.int16)


def frames(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, file.getnchannels())


def test_both_channels_share_one_clock_in_whatever_order_they_come(tmp_path: Path) -> None:
    track = StereoTrack(tmp_path / "s.wav")
    track.put(RIGHT, 240, samples(7))
    track.put(LEFT, 0, samples(3))
    track.put(LEFT, 960, samples(4))
    track.close()

    stereo = frames(tmp_path / "s.wav")

    assert len(stereo) == 1440
    assert list(stereo[[0, 240, 479, 480, 719, 720, 960], 0]) == [3, 3, 3, 0, 0, 0, 4]
    assert list(stereo[[0, 240, 479, 480, 719, 720, 960], 1]) == [0, 7, 7, 7, 7, 0, 0]


def test_the_file_opens_after_every_block_without_being_closed(tmp_path: Path) -> None:
    track = StereoTrack(tmp_path / "s.wav")
    for count in range(1, 6):
        track.put(LEFT, 480 * (count - 1), samples(count))
        assert len(frames(tmp_path / "s.wav")) == 480 * count
    track.close()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    track = StereoTrack(tmp_path / "s.wav")
    track.put(LEFT, 0, samples(1))
    track.close()

    assert (tmp_path / "s.wav").stat().st_mode & 0o777 == 0o600


def test_no_sound_makes_no_file(tmp_path: Path) -> None:
    StereoTrack(tmp_path / "s.wav").close()

    assert not (tmp_path / "s.wav").exists()


def test_received_sound_is_kept_byte_for_byte(tmp_path: Path) -> None:
    track = VerbatimTrack(tmp_path / "r.wav", "audio/pcmu")

    assert [track.append(b"abc"), track.append(b"de")] == [0, 3]
    track.close()
    assert (tmp_path / "r.wav").read_bytes()[44:] == b"abcde"
    assert (tmp_path / "r.wav").read_bytes()[20:22] == b"\x07\x00"  # WAVE_FORMAT_MULAW


def test_jittered_blocks_are_laid_end_to_end_and_gaps_are_kept() -> None:
    clock = TrackAligner()

    starts = [clock.place(at, 480) for at in (0.003, 0.019, 0.055, 0.5, 0.51)]

    assert starts == [72, 552, 1032, 12_000, 12_480]

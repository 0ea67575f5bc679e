"""The wire's formats in both directions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, dbfs
from realtime_cli.audio.wire_format import AudioDecoder, AudioEncoder
from realtime_cli.protocol.session import BYTES_PER_MS, WireFormat

TELEPHONE = ["audio/pcmu", "audio/pcma"]


def sine(seconds: float = 1.0) -> np.ndarray:
    return (8_000 * np.sin(2 * np.pi * 500 * np.arange(round(RATE_HZ * seconds)) / RATE_HZ)).astype(np.int16)


def test_pcm_is_little_endian() -> None:
    assert AudioEncoder("audio/pcm").encode(np.array([1, -2], np.int16)) == b"\x01\x00\xfe\xff"
    assert AudioDecoder("audio/pcm").decode(b"\x01\x00\xfe\xff").tolist() == [1, -2]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_pcm_may_be_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(data)]
    stream = AudioDecoder("audio/pcm")
    parts = [stream.decode(data[a:b]) for a, b in pairwise(borders)]
    whole = np.frombuffer(data[: len(data) & ~1], "<i2")
    assert np.concatenate(parts).tolist() == whole.tolist()


@pytest.mark.parametrize("form", TELEPHONE)
def test_a_frame_of_20_ms_is_160_bytes(form: str) -> None:
    stream = AudioEncoder(form)  # type: ignore[arg-type]
    lengths = [len(stream.encode(frame)) for frame in np.split(sine(), RATE_HZ // FRAME_SAMPLES)]
    assert set(lengths[1:]) == {160}
    assert lengths[0] >= 140


@pytest.mark.parametrize(
    "form",
    [
        *TELEPHONE,
        "audio/pcm;rate=8000",
        "audio/pcm;rate=22050",
        "audio/pcm;rate=44100",
        "audio/pcm;rate=48000",
    ],
)
def test_a_tone_survives_the_wire(form: str) -> None:
    to_wire, from_wire = AudioEncoder(form), AudioDecoder(form)  # type: ignore[arg-type]
    heard = [from_wire.decode(to_wire.encode(frame)) for frame in np.split(sine(), RATE_HZ // FRAME_SAMPLES)]
    sound = np.concatenate([*heard, from_wire.flush()])
    middle = slice(2400, 21_600)
    difference = sound[middle].astype(np.int32) - sine()[middle]
    assert dbfs(difference.astype(np.int16)) < dbfs(sine()) - 30


@pytest.mark.parametrize("form", TELEPHONE)
def test_silence_is_silence(form: str) -> None:
    wire = AudioEncoder(form).encode(np.zeros(4800, np.int16))  # type: ignore[arg-type]
    assert set(wire) == {0xFF if form == "audio/pcmu" else 0xD5}
    assert np.abs(AudioDecoder(form).decode(wire)).max() <= 10  # type: ignore[arg-type]


@pytest.mark.parametrize("form", BYTES_PER_MS)
def test_nothing_of_a_sound_stays_in_the_filters(form: WireFormat) -> None:
    to_wire, from_wire = AudioEncoder(form), AudioDecoder(form)
    wire = to_wire.encode(sine()) + to_wire.flush()
    assert len(wire) == 1000 * BYTES_PER_MS[form]
    assert len(from_wire.decode(wire)) + len(from_wire.flush()) == RATE_HZ
    assert to_wire.flush() == b""

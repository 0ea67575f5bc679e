"""WAV in every kind that people have, and the ones that nobody reads."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from realtime_cli.audio import g711
from realtime_cli.audio.pcm import RATE_HZ
from realtime_cli.audio.wav_file import read_wav, wav_header
from realtime_cli.errors import ConfigError

SINE = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000) * 0.5


def wav(
    tag: int,
    channels: int,
    rate_hz: int,
    bits: int,
    data: bytes,
    *,
    extra: bytes = b"",
    size: int | None = None,
) -> bytes:
    frame = channels * ((bits + 7) // 8)
    fmt = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits) + extra
    size = len(data) if size is None else size
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(0xFFFFFFFF, 4 + len(chunks))) + b"WAVE" + chunks


def read(data: bytes, **more: bool) -> np.ndarray:
    return np.concatenate(list(read_wav(io.BytesIO(data), "x.wav", **more)))


def as_24_bit(values: np.ndarray) -> bytes:
    return b"".join(int(v * 8388607).to_bytes(3, "little", signed=True) for v in values)


KINDS = {
    "8 bit": (1, 8, (SINE * 127 + 128).astype(np.uint8).tobytes()),
    "16 bit": (1, 16, (SINE * 32767).astype("<i2").tobytes()),
    "24 bit": (1, 24, as_24_bit(SINE)),
    "32 bit": (1, 32, (SINE * 2147483647).astype("<i4").tobytes()),
    "float": (3, 32, SINE.astype("<f4").tobytes()),
    "double": (3, 64, SINE.astype("<f8").tobytes()),
    "mu-law": (7, 8, g711.encode_mu_law((SINE * 32767).astype(np.int16))),
    "a-law": (6, 8, g711.encode_a_law((SINE * 32767).astype(np.int16))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_format(kind: str) -> None:
    tag, bits, data = KINDS[kind]
    sound = read(wav(tag, 1, RATE_HZ, bits, data))
    assert len(sound) == 24_000
    tolerance = 600 if bits == 8 else 2
    assert np.abs(sound - SINE * 32767).max() <= tolerance


def test_the_extensible_form() -> None:
    guid = struct.pack("<HHIH", 22, 16, 0, 1) + bytes(14)
    assert len(read(wav(0xFFFE, 1, RATE_HZ, 16, bytes(960), extra=guid))) == 480


def test_channels_are_mixed_down() -> None:
    frames = np.array([[100, 300]] * 480, "<i2")
    assert set(read(wav(1, 2, RATE_HZ, 16, frames.tobytes())).tolist()) == {200}


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_every_rate_becomes_24_khz(rate_hz: int) -> None:
    sound = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz) * 16_000
    assert abs(len(read(wav(1, 1, rate_hz, 16, sound.astype("<i2").tobytes()))) - RATE_HZ) <= 2


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_stream_of_unknown_size_is_read_to_its_end(size: int) -> None:
    assert len(read(wav(1, 1, RATE_HZ, 16, bytes(9600), size=size))) == 4800


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
def test_the_long_form_tells_its_size_in_a_chunk_of_its_own(kind: bytes) -> None:
    plain = wav(1, 1, RATE_HZ, 16, bytes(9600), size=0xFFFFFFFF)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(plain) + 36, 9600, 4800, 0)
    behind = b"LIST" + struct.pack("<I", 400) + b"\x7f" * 400
    assert len(read(kind + plain[4:12] + ds64 + plain[12:] + behind)) == 4800
    assert len(read(kind + plain[4:])) == 4800  # without the chunk: to the end


def test_an_odd_chunk_may_lack_its_padding() -> None:
    padded = wav(1, 1, RATE_HZ, 16, bytes(960))
    assert len(read(padded.replace(b"abc\0", b"abc"))) == len(read(padded)) == 480


def test_a_pipe_that_gives_little_at_a_time() -> None:
    class Pipe(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(7, size or 7))

    data = wav(1, 1, RATE_HZ, 16, bytes(9600))
    assert sum(map(len, read_wav(Pipe(data), "pipe"))) == 4800


def test_a_torn_last_sample_is_left_out() -> None:
    assert len(read(wav(1, 1, RATE_HZ, 16, bytes(961)))) == 480


def test_raw_sound_where_it_is_allowed() -> None:
    data = np.arange(480, dtype="<i2").tobytes()
    assert read(data, raw_allowed=True).tolist() == list(range(480))
    assert read(data[:4], raw_allowed=True).tolist() == [0, 1]


def test_what_is_written_can_be_read() -> None:
    assert len(read(wav_header(960) + bytes(960))) == len(read(wav_header() + bytes(960))) == 480


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a WAV"),
        (b"ID3 this is an mp3 file", "not a WAV"),
        (wav(1, 1, RATE_HZ, 16, b""), "no sound"),
        (wav(1, 1, RATE_HZ, 16, bytes(100))[:30], "damaged"),
        (wav(85, 1, RATE_HZ, 16, bytes(100)), "format 85"),
        (wav(1, 0, RATE_HZ, 16, bytes(100)), "0 channels"),
        (wav(1, 1, 0, 16, bytes(100)), "at 0 Hz"),
    ],
)
def test_one_clear_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read(data)
    assert "x.wav" in caught.value.message
    assert caught.value.remedy


def test_float_that_is_no_number_is_silence_and_too_loud_is_clipped() -> None:
    data = np.array([np.nan, np.inf, -np.inf, 2.0], "<f4").tobytes()
    assert read(wav(3, 1, RATE_HZ, 32, data)).tolist() == [0, 32767, -32768, 32767]

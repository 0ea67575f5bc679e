"""The tables against an independent implementation, and against values of the recommendation."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

from realtime_cli.audio import g711

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = bytes(range(256))


@pytest.fixture(scope="module")
def reference() -> object:
    """The standard library's audioop (gone from Python 3.13 on)."""
    if sys.version_info >= (3, 13):
        return pytest.importorskip("audioop", reason="audioop left the standard library in Python 3.13")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop
    return audioop


def test_encoding_every_sample_equals_audioop(reference: object) -> None:
    linear = EVERY_SAMPLE.tobytes()
    assert g711.encode_mu_law(EVERY_SAMPLE) == reference.lin2ulaw(linear, 2)  # type: ignore[attr-defined]
    assert g711.encode_a_law(EVERY_SAMPLE) == reference.lin2alaw(linear, 2)  # type: ignore[attr-defined]


def test_decoding_every_code_equals_audioop(reference: object) -> None:
    mu_law, a_law = g711.decode_mu_law(EVERY_CODE), g711.decode_a_law(EVERY_CODE)
    assert mu_law.tobytes() == reference.ulaw2lin(EVERY_CODE, 2)  # type: ignore[attr-defined]
    assert a_law.tobytes() == reference.alaw2lin(EVERY_CODE, 2)  # type: ignore[attr-defined]


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
@pytest.mark.parametrize(("kind", "decode"), [("mu-law", g711.decode_mu_law), ("a-law", g711.decode_a_law)])
def test_decoding_every_code_equals_sox(kind: str, decode: object) -> None:
    raw = ["-t", "raw", "-r", "8000", "-c", "1"]
    command = ["sox", *raw, "-e", kind, "-b", "8", "-", *raw, "-e", "signed", "-b", "16", "-"]
    decoded = subprocess.run(command, input=EVERY_CODE, stdout=subprocess.PIPE, check=True).stdout
    assert decode(EVERY_CODE).tobytes() == decoded  # type: ignore[operator]


def test_values_of_the_recommendation() -> None:
    """Tables 1 and 2: silence, the smallest and the largest magnitudes."""
    assert g711.encode_mu_law(np.array([0], np.int16)) == b"\xff"
    assert g711.encode_a_law(np.array([0], np.int16)) == b"\xd5"
    assert g711.decode_mu_law(b"\xff\x7f\x80\x00").tolist() == [0, 0, 32124, -32124]
    assert g711.decode_a_law(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32256, -32256]


@pytest.mark.parametrize("law", ["mu_law", "a_law"])
def test_a_code_survives_the_way_there_and_back(law: str) -> None:
    encode, decode = getattr(g711, f"encode_{law}"), getattr(g711, f"decode_{law}")
    linear = decode(EVERY_CODE)
    assert decode(encode(linear)).tolist() == linear.tolist()

"""ITU-T G.711: µ-law and A-law as tables, 16-bit linear on one side and one byte on the other.

The recommendation is written for 14-bit (µ) and 13-bit (A) samples; 16-bit ones are scaled by their
two (three) lowest bits, as ITU-T G.191 and every soft phone do it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Linear = npt.NDArray[np.int16]

MU_BIAS = 33  # table 2a: decision values are those of a 13-bit magnitude plus 33
MU_MAX = 8158  # more would overflow the eighth segment after the bias


def encode_mu_law(samples: Linear) -> bytes:
    """int16 samples of 8 kHz to one byte each."""
    return _mu_encoder()[samples.view(np.uint16)].tobytes()


def encode_a_law(samples: Linear) -> bytes:
    """int16 samples of 8 kHz to one byte each."""
    return _a_encoder()[samples.view(np.uint16)].tobytes()


def decode_mu_law(data: bytes) -> Linear:
    """One int16 sample of 8 kHz for each byte."""
    return _mu_decoder()[np.frombuffer(data, np.uint8)]


def decode_a_law(data: bytes) -> Linear:
    """One int16 sample of 8 kHz for each byte."""
    return _a_decoder()[np.frombuffer(data, np.uint8)]


def _every_sample() -> npt.NDArray[np.int32]:
    """All int16 values, at the index that their bits read as an unsigned number."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _segment(magnitude: npt.NDArray[np.int32], lowest_bit: int) -> npt.NDArray[np.int32]:
    """How many of the seven segment borders, doubling from ``1 << lowest_bit``, are reached."""
    borders = 1 << np.arange(lowest_bit, lowest_bit + 7)
    reached: npt.NDArray[np.int32] = np.searchsorted(borders, magnitude, side="right").astype(np.int32)
    return reached


@cache
def _mu_encoder() -> Codes:
    value = _every_sample() >> 2
    magnitude = np.minimum(np.abs(value), MU_MAX) + MU_BIAS
    segment = _segment(magnitude, 6)
    step = (magnitude >> (segment + 1)) & 0x0F
    code = (segment << 4) | step
    # Table 2a, note 2: all bits are inverted; the sign bit of a positive value is 1.
    table: Codes = np.where(value < 0, code ^ 0x7F, code ^ 0xFF).astype(np.uint8)
    return table


@cache
def _mu_decoder() -> Linear:
    code = ~np.arange(256) & 0xFF
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = ((((step << 1) + MU_BIAS) << segment) - MU_BIAS) << 2
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@cache
def _a_encoder() -> Codes:
    value = _every_sample() >> 3
    magnitude = np.where(value < 0, ~value, value)
    segment = _segment(magnitude, 5)
    step = (magnitude >> np.maximum(segment, 1)) & 0x0F
    code = (segment << 4) | step
    # Table 1a, note 2: the even bits are inverted.
    table: Codes = np.where(value < 0, code ^ 0x55, code ^ 0xD5).astype(np.uint8)
    return table


@cache
def _a_decoder() -> Linear:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = np.where(segment == 0, (step << 1) + 1, ((step << 1) + 33) << np.maximum(segment - 1, 0))
    magnitude = magnitude << 3
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)

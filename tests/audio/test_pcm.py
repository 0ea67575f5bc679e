"""Samples, floats and levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.audio.pcm import RATE_HZ, dbfs, down_mix, silence, to_float, to_int16


def test_silence_and_nothing_are_at_the_floor() -> None:
    assert dbfs(silence(480)) == dbfs(silence(0)) == -120.0


def test_a_full_scale_square_is_0_dbfs_and_a_full_scale_sine_3_less() -> None:
    assert dbfs(np.full(480, -32768, np.int16)) == pytest.approx(0.0)
    sine = (32767 * np.sin(2 * np.pi * 500 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)
    assert dbfs(sine) == pytest.approx(-3.01, abs=0.01)


@given(st.lists(st.integers(-32768, 32767)))
def test_there_and_back(values: list[int]) -> None:
    assert to_int16(to_float(np.array(values, np.int16))).tolist() == values


def test_what_is_too_loud_is_clipped_not_wrapped() -> None:
    assert to_int16(np.array([1.0, 1.5, -1.0, -9.0])).tolist() == [32767, 32767, -32768, -32768]


def test_channels_are_averaged() -> None:
    assert down_mix(np.array([[32767, 32767], [100, -100], [3, 1]], np.int16)).tolist() == [32767, 0, 2]
    assert down_mix(np.array([[1], [2]], np.int16)).tolist() == [1, 2]
    assert down_mix(np.array([1, 2], np.int16)).tolist() == [1, 2]

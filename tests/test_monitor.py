"""What is told of a conversation while it runs."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples, silence
from realtime_cli.audio.recent_level import RecentLevel


def loud(ms: int) -> Samples:
    return np.full(ms * SAMPLES_PER_MS, 8000, np.int16)


@pytest.mark.parametrize("block_ms", [10, 20])
def test_the_loudest_is_that_of_half_a_second_whatever_the_blocks(block_ms: int) -> None:
    level, quiet = RecentLevel(), silence(block_ms * SAMPLES_PER_MS)
    assert level.loudest_dbfs is None
    level.add(loud(block_ms))
    spoken_dbfs = level.last_dbfs
    for _ in range(500 // block_ms - 1):
        level.add(quiet)
    assert level.last_dbfs < -100
    assert level.loudest_dbfs == spoken_dbfs
    level.add(quiet)
    assert level.loudest_dbfs == level.last_dbfs

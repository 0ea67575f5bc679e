"""What a script measures is what happened, by the clock of a server that plays known sound at known times."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.script.expectations import LATE_MS
from tests.kit.measured import Measure, a_backchannel, an_answer, an_interruption

pytestmark = pytest.mark.heavy

TRIES = 8  # of a machine that is busy: what was measured late is unreliable, and says so
MAX_ERROR_MS = 60.0  # two blocks of 20 ms, and the way there and back


@pytest.mark.parametrize("conversation", [an_answer, an_interruption, a_backchannel])
async def test_each_measure_is_right(conversation: Callable[..., Any], tmp_path: Path) -> None:
    chance, found = random.Random(7), list[Measure]()
    for _ in range(TRIES):
        found = list(await conversation(chance, tmp_path))
        if all(measure.late_ms <= LATE_MS for measure in found) and _worst(found) <= MAX_ERROR_MS:
            return
    assert _worst(found) <= MAX_ERROR_MS, found


def _worst(found: list[Measure]) -> float:
    return max(abs(measure.error) for measure in found)

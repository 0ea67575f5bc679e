"""Who speaks while the agent does is understood."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.bench_double_talk import USUAL_SOFTER_DB, alone, early, in_double_talk
from tests.kit.speech import transcripts
from tests.kit.voices import recogniser

__all__ = ["recogniser"]

NAMES = [name for name, text in transcripts().items() if text]


@pytest.mark.heavy
@pytest.mark.timeout(180)
def test_in_double_talk_at_most_25_points_more_word_errors(recogniser: Any) -> None:
    more = in_double_talk(recogniser, NAMES, 60, USUAL_SOFTER_DB) - alone(recogniser, NAMES)
    print(f"{100 * more:+.1f} points")
    assert more <= 0.25


@pytest.mark.heavy
@pytest.mark.timeout(180)
def test_what_is_said_into_the_greeting_is_mostly_understood(recogniser: Any) -> None:
    errors = early(recogniser, NAMES, 80, 10)
    print(f"{100 * errors:.1f} %")
    assert errors <= 0.32  # 0.55 while the first 1.5 s were half duplex

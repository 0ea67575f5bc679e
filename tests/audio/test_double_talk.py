"""Who speaks while the agent does is understood."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.audio.speex_echo import library
from tests.bench.bench_double_talk import USUAL_SOFTER_DB, alone, early, in_double_talk
from tests.kit.speech import transcripts
from tests.kit.voices import recogniser

__all__ = ["recogniser"]

NAMES = [name for name, text in transcripts().items() if text]


# As it is where libspeexdsp is installed; without it: +22 and +42 points, 19 %.


@pytest.mark.heavy
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("delay_ms", "softer_db", "limit"), [(60, USUAL_SOFTER_DB, 0.15), (200, 6, 0.25)])
def test_in_double_talk_few_words_are_lost(
    recogniser: Any, delay_ms: int, softer_db: float, limit: float
) -> None:
    library()
    more = in_double_talk(recogniser, NAMES, delay_ms, softer_db) - alone(recogniser, NAMES)
    print(f"{100 * more:+.1f} points")
    assert more <= limit


@pytest.mark.heavy
@pytest.mark.timeout(180)
def test_what_is_said_into_the_greeting_is_understood(recogniser: Any) -> None:
    library()
    errors = early(recogniser, NAMES, 80, 10)
    print(f"{100 * errors:.1f} %")
    assert errors <= 0.15

"""Echo is the reference over again; a user is not, even with the same voice."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio.echo_leak import EchoLeakDetector
from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples, silence
from tests.audio.echo_rooms import far_speech, frames


def hits(given: Samples, left: Samples) -> list[int]:
    leak = EchoLeakDetector()
    both = zip(frames(given), frames(left), strict=True)
    return [place for place, (one, other) in enumerate(both) if leak.frame(one, other)]


@pytest.mark.parametrize("delay_ms", [0, 60, 250, 390])
def test_a_delayed_and_softer_copy_is_found(delay_ms: int) -> None:
    far = far_speech(3)
    echo = np.concatenate([silence(delay_ms * SAMPLES_PER_MS), far // 5])[: len(far)]
    assert len(hits(far, echo)) > 40


def test_it_is_found_within_80_ms() -> None:
    far = far_speech(3)
    echo = np.concatenate([silence(60 * SAMPLES_PER_MS), far // 5])[: len(far)]
    loud = [place for place, frame in enumerate(frames(echo)) if np.abs(frame).max() > 1500]
    echo[: loud[30] * 480] = 0
    assert min(hits(far, echo)) - loud[30] <= 4


def test_the_same_voice_saying_something_else_is_no_echo() -> None:
    far = far_speech(6)
    assert len(hits(far, far[::-1].copy())) <= 0.03 * len(frames(far))


def test_what_cannot_be_heard_is_not_looked_at() -> None:
    far = far_speech(2)
    assert hits(far, far // 400) == []
    assert hits(silence(len(far)), far) == []

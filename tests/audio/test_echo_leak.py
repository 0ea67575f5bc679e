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


def test_put_together_from_blocks_it_is_the_plain_correlation() -> None:
    """Also where some frames before were too soft to be looked at."""
    chance = np.random.default_rng(1)
    far = (3000 * chance.standard_normal(60 * 480)).astype(np.int16)
    left = (400 * chance.standard_normal(len(far))).astype(np.int16)
    left[24_000:26_400] += far[24_000 - 7_000 : 26_400 - 7_000] // 20
    left[10_000:20_000] = 0
    leak = EchoLeakDetector()
    for place, (one, other) in enumerate(zip(frames(far), frames(left), strict=True), start=1):
        leak.frame(one, other)
        if place in (45, 50, 55):
            end = place * 480
            output = left[end - 2400 : end].astype(np.float64)
            heard = far[end - 12_000 : end].astype(np.float64)
            windows = np.lib.stride_tricks.sliding_window_view(heard, 2400)
            scale = np.linalg.norm(windows, axis=1) * np.linalg.norm(output)
            assert leak.correlation == pytest.approx(np.max(np.abs(windows @ output) / scale), abs=1e-5)


def test_frames_that_nobody_looks_at_count_when_the_next_one_is() -> None:
    far = far_speech(3)
    echo = np.concatenate([silence(60 * SAMPLES_PER_MS), far // 5])[: len(far)]
    always, seldom = EchoLeakDetector(), EchoLeakDetector()
    compared = 0
    for place, (one, other) in enumerate(zip(frames(far), frames(echo), strict=True)):
        found = always.frame(one, other)
        if place % 7:
            assert not seldom.frame(one, other, looks=False)
            assert seldom.correlation == 0
        else:
            assert seldom.frame(one, other) == found
            assert seldom.correlation == pytest.approx(always.correlation, abs=1e-4)
            compared += found
    assert compared > 5

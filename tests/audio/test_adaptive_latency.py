"""The ladder: deeper after gaps, shallower after calm, more careful after a mistake."""

from __future__ import annotations

from realtime_cli.audio.adaptive_latency import CALM_S, STEPS_S, AdaptiveLatency


def test_it_starts_shallow_and_stays_there_without_gaps() -> None:
    ladder = AdaptiveLatency()
    assert not any(ladder.change(at, silent=True) for at in range(0, 1000, 10))
    assert ladder.latency_s == STEPS_S[0]


def test_one_gap_is_chance_two_are_a_reason_in_a_pause() -> None:
    ladder = AdaptiveLatency()
    ladder.gap(1)
    assert not ladder.change(1, silent=True)
    ladder.gap(3)
    assert not ladder.change(3, silent=False)
    assert ladder.change(4, silent=True)
    assert ladder.latency_s == STEPS_S[1]


def test_gaps_far_apart_are_no_reason() -> None:
    ladder = AdaptiveLatency()
    for at in range(0, 200, 20):
        ladder.gap(at)
        assert not ladder.change(at, silent=True)


def test_many_gaps_cannot_wait() -> None:
    ladder = AdaptiveLatency()
    for _ in range(6):
        ladder.gap(1)
    assert ladder.change(1, silent=False)
    assert ladder.latency_s == STEPS_S[2]
    assert not ladder.change(2, silent=True), "they are not counted twice"


def test_the_deepest_is_the_end() -> None:
    ladder = AdaptiveLatency()
    for at in range(10):
        for _ in range(6):
            ladder.gap(at)
        ladder.change(at, silent=True)
    assert ladder.latency_s == STEPS_S[-1]
    ladder.gap(11)
    ladder.gap(11)
    assert not ladder.change(11, silent=True), "nothing would change"


def test_calm_makes_it_shallower_and_a_mistake_more_careful() -> None:
    ladder = AdaptiveLatency()
    for _ in range(2):
        ladder.gap(0)
    assert ladder.change(0, silent=True)
    assert not ladder.change(CALM_S - 1, silent=True)
    assert not ladder.change(CALM_S, silent=False), "only in a pause"
    assert ladder.change(CALM_S, silent=True)
    assert ladder.latency_s == STEPS_S[0]
    for _ in range(2):
        ladder.gap(CALM_S + 1)
    assert ladder.change(CALM_S + 1, silent=True)
    assert not ladder.change(2 * CALM_S + 2, silent=True)
    assert ladder.change(3 * CALM_S + 2, silent=True)

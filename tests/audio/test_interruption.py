"""Sounds beside the agent's voice are told apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from realtime_cli.audio.interruption import InterruptionDetector
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, to_float
from tests.bench.interjections import USER_RMS, Interjection, as_user, interjections
from tests.kit.speech import clip

pytestmark = pytest.mark.xdist_group("labelled sounds")


@pytest.fixture(scope="module")
def labelled() -> list[Interjection]:
    return interjections()


def room(seconds: float) -> Samples:
    return (3 * np.random.default_rng(1).standard_normal(round(seconds * RATE_HZ))).astype(np.int16)


def verdicts(sound: Samples, block_ms: int = 10) -> list[str]:
    """What becomes clear of a sound when the user has been heard before."""
    detector = InterruptionDetector()
    detector.heard(np.concatenate([room(0.5), as_user(to_float(clip("heart-04")), USER_RMS), room(1)]))
    block = block_ms * SAMPLES_PER_MS
    sound = np.concatenate([sound, room(1)])
    return [
        judged.verdict
        for at in range(0, len(sound), block)
        for judged in detector.heard(sound[at : at + block])
    ]


def test_the_labelled_set_is_large_enough(labelled: list[Interjection]) -> None:
    assert len(labelled) >= 60
    assert min(Counter(one.kind for one in labelled).values()) >= 8


def test_no_listener_no_cough_and_nobody_far_away_is_taken_for_an_interruption(
    labelled: list[Interjection],
) -> None:
    cut = [one.name for one in labelled if not one.meant and "meant" in verdicts(one.sound)]
    assert [name for name in cut if name != "glass"] == []  # it rings as a voice does


def test_what_is_meant_is_meant_or_left_to_its_words(labelled: list[Interjection]) -> None:
    last = {one.words: verdicts(one.sound)[-1] for one in labelled if one.meant}
    assert set(last.values()) <= {"meant", "words", "short"}
    assert {words for words, verdict in last.items() if verdict == "short"} <= {"Stop."}
    assert sum(verdict == "meant" for verdict in last.values()) >= len(last) / 2


def test_a_loud_noise_is_not_waited_for(labelled: list[Interjection]) -> None:
    (cleaner,) = (one for one in labelled if one.name == "vacuum cleaner")
    assert verdicts(cleaner.sound) == ["begun", "noise"]


def test_blocks_of_any_length_say_the_same() -> None:
    sound = as_user(to_float(clip("more-case-stop")), USER_RMS)
    assert verdicts(sound, 10) == verdicts(sound, 7) == verdicts(sound, 50) == ["begun", "short"]


def left_of_an_echo(ms: int, dbfs: float) -> Samples:
    """Of the agent's voice, as loud as a canceller may leave it."""
    return np.resize(as_user(to_float(clip("michael-02")), 10 ** (dbfs / 20)), ms * SAMPLES_PER_MS)


def test_what_is_left_of_an_echo_begins_nothing_once_the_user_was_heard() -> None:
    assert verdicts(left_of_an_echo(2_000, -44)) == []


def test_a_word_behind_what_is_left_of_an_echo_is_no_longer_for_it(labelled: list[Interjection]) -> None:
    word = next(one.sound for one in labelled if one.words == "Uh-huh.")
    alone = verdicts(word)
    assert alone == ["begun", "short"]
    assert verdicts(np.concatenate([left_of_an_echo(500, -44), word])) == alone

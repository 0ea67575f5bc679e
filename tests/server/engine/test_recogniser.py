"""Words come out as they were said: measured over every clip."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from realtime_cli.script.words import normalise, word_errors
from realtime_cli.server.engine.crop import crop, find_speech
from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.voice_activity import VoiceActivity
from tests.kit.speech import clip, clip_set, transcripts

pytestmark = pytest.mark.xdist_group("voice")


def spoken_part(name: str) -> np.ndarray:
    sound = clip(name)
    speech = find_speech(VoiceActivity().feed(sound))
    assert speech is not None
    return crop(sound, speech.onset_ms, speech.end_ms)


def test_word_errors_over_all_clips(recogniser: Recogniser) -> None:
    errors: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for name, said in transcripts().items():
        if said:
            wrong, length = word_errors(said, recogniser.transcribe(spoken_part(name)))
            errors[clip_set(name)] += wrong
            words[clip_set(name)] += length
    rates = {each: round(errors[each] / words[each], 3) for each in words}
    print(rates)
    assert errors.total() / words.total() <= 0.04, rates
    assert max(rates.values()) <= 0.10, rates


def test_several_threads_at_once_hear_the_same(recogniser: Recogniser) -> None:
    names = ["heart-01", "heart-04", "michael-05", "more-case-stop"]
    sounds = [spoken_part(name) for name in names]
    alone = [recogniser.transcribe(sound) for sound in sounds]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(recogniser.transcribe, sounds)) == alone


def test_nothing_and_next_to_nothing(recogniser: Recogniser) -> None:
    assert recogniser.transcribe(np.zeros(0, np.int16)) == ""
    assert isinstance(recogniser.transcribe(np.zeros(1, np.int16)), str)


def test_a_long_turn_is_heard_to_its_end(recogniser: Recogniser) -> None:
    names = ["human-01", "michael-03", "more-case-long", "heart-06"]
    sound = np.concatenate([spoken_part(name) for name in names])
    said = " ".join(transcripts()[name] for name in names)
    assert len(sound) > 18 * 24_000
    heard = recogniser.transcribe(sound)
    errors, words = word_errors(said, heard)
    assert errors / words < 0.15, heard
    assert normalise(heard)[-2:] == ["lazy", "dog"]


def test_noise_cannot_make_it_talk_forever(recogniser: Recogniser) -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 5 * 24_000).astype(np.int16)
    assert len(recogniser.transcribe(noise)) < 300

"""Speech that can be understood again, in pieces, stoppable; and the two stand-ins."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.script.words import word_error_rate
from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.synthesiser import CannedVoice, EspeakVoice, HibariVoice, open_voice, trimmed

pytestmark = pytest.mark.xdist_group("voice")
TEXT = "The result is three hundred and ninety one. It is half past ten in Tokyo."


def test_what_it_says_can_be_understood(heart: HibariVoice, recogniser: Recogniser) -> None:
    sound = np.concatenate(list(heart.speak(TEXT)))
    assert sound.dtype == np.int16
    heard = recogniser.transcribe(sound)
    assert word_error_rate(TEXT, heard.replace("391", "three hundred and ninety one")) < 0.25, heard


def test_one_chunk_for_each_sentence_and_sound_at_once(heart: HibariVoice) -> None:
    chunks = list(heart.speak(TEXT))
    assert len(chunks) == 2
    for chunk in chunks:
        assert np.abs(chunk[:2400]).max() > 100  # within 100 ms


def test_speed_is_honoured_and_kept_in_range(heart: HibariVoice) -> None:
    lengths = [sum(map(len, heart.speak(TEXT, speed))) for speed in (0.25, 0.5, 1.0, 1.5)]
    assert lengths[0] == lengths[1] > lengths[2] > lengths[3]
    assert lengths[2] / lengths[3] == pytest.approx(1.5, rel=0.25)


def test_the_same_text_gives_the_same_samples(heart: HibariVoice) -> None:
    first, second = (np.concatenate(list(heart.speak("Hello there."))) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("text", ["", "   ", "...", "🙂", "```\n```"])
def test_nothing_to_say_is_no_sound_or_a_short_one(heart: HibariVoice, text: str) -> None:
    assert sum(map(len, heart.speak(text))) < 3 * 24_000


def test_what_no_reader_knows_does_no_harm(heart: HibariVoice) -> None:
    assert sum(map(len, heart.speak("Ünïcödé 漢字 \x00 ﷽ and then words."))) > 12_000


def test_the_canned_voice_costs_nothing_and_lasts_as_long_as_words_would() -> None:
    voice = CannedVoice()
    chunks = list(voice.speak("x" * 40))
    assert sum(map(len, chunks)) == 40 * 65 * 24
    assert np.shares_memory(chunks[0], next(iter(voice.speak("y"))))
    assert len(list(voice.speak(""))) == 0


def test_silence_around_is_cut_but_for_a_pause() -> None:
    sound = np.concatenate([np.zeros(7200), np.full(4800, 0.1), np.zeros(12_000)]).astype(np.float32)
    assert len(trimmed(sound)) == pytest.approx(4800 + (220 + 10) * 24, abs=240)
    assert len(trimmed(np.zeros(2400, np.float32))) == 0


def test_an_unknown_voice_is_told() -> None:
    with pytest.raises(ConfigError, match=r"no speech engine 'flite'.*auto, hibari"):
        open_voice("flite")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_can_stand_in(recogniser: Recogniser) -> None:
    sound = np.concatenate(list(EspeakVoice().speak("Please enter your agent number.")))
    assert word_error_rate("Please enter your agent number.", recogniser.transcribe(sound)) < 0.5

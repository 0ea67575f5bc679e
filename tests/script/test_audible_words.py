"""What was really audible: the played sound is understood again, and compared with its transcript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples, silence
from realtime_cli.script.audible_words import AudibleWords, PlayedSound
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Script
from realtime_cli.script.judging import Judging
from realtime_cli.script.listening import LocalListener
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case
from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.synthesiser import HibariVoice
from tests.kit.audible import measured
from tests.kit.measured import held, user_tone
from tests.kit.timed_server import TimedAnswer, timed
from tests.script.scenes import Scene

pytestmark = pytest.mark.xdist_group("voice")
TEXT = "Your table is booked for Friday evening at eight."


@pytest.fixture
def listener(recogniser: Recogniser) -> LocalListener:
    made = LocalListener()
    made._recogniser = recogniser
    return made


def spoken(heart: HibariVoice, text: str) -> Samples:
    return np.concatenate([silence(RATE_HZ // 5), *heart.speak(text), silence(RATE_HZ // 5)])


async def verdicts(
    sound: Samples, listener: LocalListener | None, expect: dict[str, Any], *, cut: bool = False
) -> list[CheckResult]:
    """An agent says TEXT, and this is what is played of it."""
    scene = Scene()
    scene.turn(1, 1.0)
    scene.answers(TEXT)
    played = PlayedSound(lambda: scene.at)
    for index in range(0, len(sound) - FRAME_SAMPLES, FRAME_SAMPLES):
        scene.at = 2.0 + index / RATE_HZ
        played.add(sound[index : index + FRAME_SAMPLES])
    scene.plays(2.0, 2.0 + len(sound) / RATE_HZ)
    scene.collected.turns[1].cut_off = cut
    script = Script.model_validate({"turns": [{"user": "hi", "expect": expect}]})
    case = Case(LoadedScript(script, Path("a.toml")))
    audible = AudibleWords(played, listener) if listener else None
    judging = Judging(case, scene.collected, audible=audible)
    await judging.ask()
    return judging.extra[1]


async def test_a_sound_that_is_what_it_says_passes(heart: HibariVoice, listener: LocalListener) -> None:
    expect = {"audible_wer": 0.0, "audible_text": ["friday evening", "eight"]}
    found = await verdicts(spoken(heart, TEXT), listener, expect)
    assert [(one.name, one.status) for one in found] == [
        ("audible_text", "passed"),
        ("audible_text", "passed"),
        ("audible_wer", "passed"),
    ]


async def test_words_that_a_server_swallows_are_named(heart: HibariVoice, listener: LocalListener) -> None:
    expect = {"audible_wer": 0.05, "audible_text": "evening"}
    text, wer = await verdicts(spoken(heart, "Your table is booked for Friday at eight."), listener, expect)
    assert (text.status, text.expected) == ("failed", '"evening" to be heard')
    assert wer.status == "failed"
    assert wer.found.startswith("11% of 9 words; not heard: evening; heard ")


async def test_of_an_answer_that_is_cut_only_what_was_heard_counts(
    heart: HibariVoice, listener: LocalListener
) -> None:
    sound = spoken(heart, "Your table is booked for Friday.")
    [whole] = await verdicts(sound, listener, {"audible_wer": 0.1})
    [cut] = await verdicts(sound, listener, {"audible_wer": 0.1}, cut=True)
    assert (whole.status, cut.status) == ("failed", "passed")


async def test_what_was_not_heard_at_all_fails(listener: LocalListener) -> None:
    [nothing] = await verdicts(silence(RATE_HZ), listener, {"audible_wer": 0.5})
    assert (nothing.status, nothing.found.endswith("nothing was heard")) == ("failed", True)
    [nobody] = await verdicts(silence(RATE_HZ), None, {"audible_wer": 0.5})
    assert (nobody.status, nobody.found) == ("failed", "no measurement: what was played was not kept")


@pytest.mark.heavy
def test_the_measure_is_right_over_the_corpus(heart: HibariVoice, listener: LocalListener) -> None:
    def say(text: str) -> Samples:
        return spoken(heart, text)

    found = list(measured(say, listener.listen))
    wrong = sum(whole.errors for _, whole, _ in found)
    assert wrong <= 2, [(whole, each.transcript) for each, whole, _ in found if whole.errors]
    unnoticed = [each for each, _, faulty in found if not set(each.missing) <= set(faulty.missing)]
    assert len(unnoticed) <= 1, unnoticed


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("said", "failed", "told"),
    [
        (TEXT, set(), ""),
        ("Your table is booked for Friday at eight.", {"audible_text", "audible_wer"}, "not heard: evening"),
        ("Your table is booked for Sunday evening at eight.", {"audible_text", "audible_wer"}, "friday"),
        ("Thank you for calling, goodbye.", {"audible_text", "audible_wer"}, "goodbye"),
        ("", {"audible", "audible_text", "audible_wer"}, "nothing was heard"),
    ],
)
async def test_a_server_that_plays_other_words_than_it_writes_is_found_out(
    said: str, failed: set[str], told: str, heart: HibariVoice, listener: LocalListener, tmp_path: Path
) -> None:
    sound = spoken(heart, said) if said else silence(2 * RATE_HZ)
    expect = {"audible": True, "audible_text": "friday evening", "audible_wer": 0.05}
    turns = [{"wav": user_tone(tmp_path, 500), "expect": expect}]
    with timed([TimedAnswer((), words=TEXT, sound=sound)]) as server:
        result = await held(turns, server.url, tmp_path, listener)
    assert {each.name for each in result.bad} == failed
    assert told in " ".join(each.found for each in result.bad).casefold()

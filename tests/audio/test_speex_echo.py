"""libspeexdsp takes echo out of the microphone, and nothing out of the user's voice."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_cli.audio import speex_echo
from realtime_cli.audio.pcm import RATE_HZ, Samples, dbfs, silence
from realtime_cli.audio.speex_echo import LEARN_MS, SpeexEchoCanceller, WordsOnDemand, library
from tests.audio.echo_rooms import far_speech, through_room

STEP = 240


@pytest.fixture
def canceller() -> SpeexEchoCanceller:
    try:
        return SpeexEchoCanceller()
    except OSError as error:
        pytest.skip(str(error))


def left_of(canceller: SpeexEchoCanceller, far: Samples, near: Samples) -> Samples:
    """In time with ``near``, and one step shorter."""
    places = [slice(at, at + STEP) for at in range(0, len(near) - STEP + 1, STEP)]
    return np.concatenate([canceller.step(far[place], near[place]) for place in places])[STEP:]


@pytest.mark.parametrize("delay_ms", [30, 250])
def test_the_echo_becomes_softer(canceller: SpeexEchoCanceller, delay_ms: int) -> None:
    far = far_speech(8)
    near = through_room(far, delay_ms, 0, None)
    left = left_of(canceller, far, near)
    assert dbfs(left[4 * RATE_HZ :]) < dbfs(near[4 * RATE_HZ :]) - 3


def test_a_voice_beside_the_echo_is_left_as_it_is(canceller: SpeexEchoCanceller) -> None:
    far = far_speech(6)
    user = far_speech(6)[::-1] // 2
    echo = through_room(far, 60, 0, None) // 4
    left = left_of(canceller, far, user + echo)
    said, sent = user[3 * RATE_HZ : 5 * RATE_HZ], left[3 * RATE_HZ : 5 * RATE_HZ]
    assert np.corrcoef(said, sent)[0, 1] > 0.8
    assert dbfs(sent) == pytest.approx(dbfs(said), abs=1.5)


def test_silence_stays_silence(canceller: SpeexEchoCanceller) -> None:
    assert not left_of(canceller, silence(RATE_HZ), silence(RATE_HZ)).any()


def test_after_it_has_learned_it_works_when_somebody_may_speak(canceller: SpeexEchoCanceller) -> None:
    words = WordsOnDemand(pre_roll_ms=300)
    far = far_speech(4)[: 4 * RATE_HZ]
    near = through_room(far, 60, 0, None)[: len(far)]

    def heard(at_ms: int, **what: bool) -> list[Samples]:
        place = slice(at_ms * 24 % len(far), at_ms * 24 % len(far) + STEP)
        flags = {"echoes": True, "speaks": False, "may_speak": False} | what
        return words.step(far[place], near[place], **flags)

    learning = [len(heard(at_ms)) for at_ms in range(10, LEARN_MS, 10)]
    assert set(learning) == {1}
    resting = [len(heard(at_ms)) for at_ms in range(LEARN_MS, LEARN_MS + 1000, 10)]
    assert set(resting) == {0}
    assert len(heard(LEARN_MS + 1000, may_speak=True)) == 8
    late = heard(LEARN_MS + 1010, speaks=True)
    assert len(late) == 70 - 8 + 1
    assert len(heard(LEARN_MS + 1020, speaks=True)) == 1


def test_without_the_library_it_cannot_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    library.cache_clear()
    monkeypatch.setattr(speex_echo, "NAMES", {})
    with pytest.raises(OSError, match="not installed"):
        SpeexEchoCanceller()
    library.cache_clear()

"""The user's voice as a script has it: pauses, files, and the conditions over it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from realtime_cli.audio.background import speech_rms
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples, dbfs, silence, to_float
from realtime_cli.script.clips import Clip, is_sounding
from realtime_cli.script.conditions import Conditions
from realtime_cli.script.format import Script, ScriptTurn
from realtime_cli.script.listening import LocalListener
from realtime_cli.script.user_sound import UserSounds
from realtime_cli.script.words import word_errors
from realtime_cli.server.engine.recogniser import Recogniser
from tests.kit.speech import FOLDER, clip, transcripts


async def voice(text: str) -> Samples:
    """Says everything alike: a quarter of a second of a hum, with silence around it."""
    hum = (6000 * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ // 4) / RATE_HZ)).astype(np.int16)
    return np.concatenate([silence(2400), hum, silence(2400)])


def sounds(**script: Any) -> UserSounds:
    return UserSounds(Script.model_validate({"turns": [{"silence_ms": 1}], **script}), FOLDER, voice)


async def said(turn: dict[str, Any], number: int = 1, **script: Any) -> Clip:
    made = await sounds(**script).clip(number, ScriptTurn.model_validate(turn))
    assert made is not None
    return made


def samples(clip: Clip) -> Samples:
    return np.concatenate(clip.frames)


@pytest.mark.parametrize("pause_ms", [200.0, 700.0])
async def test_a_pause_is_as_long_as_it_says_from_sound_to_sound(pause_ms: float) -> None:
    made = await said({"say": ["I would like to", pause_ms, "book a table"]})
    loud = [index for index, frame in enumerate(made.frames) if is_sounding(frame)]
    gaps = [after - before for before, after in itertools.pairwise(loud) if after - before > 1]
    assert len(gaps) == 1
    assert gaps[0] * 20 == pytest.approx(pause_ms, abs=40)


async def test_files_and_pauses_make_one_turn() -> None:
    made = await said({"wav": ["michael-05.wav", 500.0, "more-case-stop.wav"]})
    longer = len(clip("michael-05")) + len(clip("more-case-stop"))
    assert len(samples(made)) < longer + 12_000


async def test_noise_is_as_much_softer_than_the_voice_as_was_asked_for() -> None:
    clean = clip("michael-03")
    made = await said({"wav": "michael-03.wav", "conditions": {"noise": "room", "snr_db": 10.0}})
    noise = samples(made)[: len(clean)].astype(np.float32) - clean
    ratio_db = 20 * np.log10(speech_rms(to_float(clean)) / np.sqrt(np.mean((noise / 32768) ** 2)))
    assert ratio_db == pytest.approx(10, abs=0.5)


async def test_the_turn_ends_where_the_voice_does_not_where_the_noise_does() -> None:
    alone = await said({"wav": "michael-03.wav"})
    noisy = await said({"wav": "michael-03.wav", "conditions": {"noise": "babble", "snr_db": 0.0}})
    assert noisy.sounding == alone.sounding
    assert is_sounding(noisy.frames[-1])


ALL = {
    "speed": 1.1, "reverb_ms": 300.0, "noise": ["room", "tv", "more-case-stop.wav"],
    "second_speaker": "Hello?", "gain_db": -6.0, "clip_db": 3.0, "dtmf": "5", "codec": "g711_ulaw",
    "packet_loss": 0.1, "jitter_ms": 10.0,
}  # fmt: skip


async def test_one_seed_makes_one_sound_and_another_one_another() -> None:
    turn = {"wav": "more-case-stop.wav"}
    one = samples(await said(turn, conditions=ALL))
    assert np.array_equal(one, samples(await said(turn, conditions=ALL)))
    assert not np.array_equal(one, samples(await said(turn, conditions={**ALL, "seed": 1})))
    assert not np.array_equal(one, samples(await said(turn, number=2, conditions=ALL)))


@pytest.mark.parametrize("left_out", ["reverb_ms", "noise", "second_speaker", "dtmf", "codec", "packet_loss"])
async def test_every_condition_changes_the_sound(left_out: str) -> None:
    turn = {"wav": "more-case-stop.wav"}
    less = {name: value for name, value in ALL.items() if name != left_out}
    assert not np.array_equal(
        samples(await said(turn, conditions=ALL)), samples(await said(turn, conditions=less))
    )


async def test_a_turn_has_the_scripts_conditions_but_for_its_own() -> None:
    turn = {"wav": "michael-03.wav", "conditions": {"gain_db": 0.0}}
    both = await said(turn, conditions={"gain_db": -20.0, "codec": "g711_alaw"})
    assert np.array_equal(samples(both), samples(await said(turn, conditions={"codec": "g711_alaw"})))


async def test_the_noise_of_a_script_goes_on_between_its_turns() -> None:
    made = sounds(conditions={"noise": "room", "snr_db": 10.0})
    turn = await made.clip(1, ScriptTurn(wav="michael-03.wav"))
    between = await made.between()
    assert turn is not None
    assert between is not None
    behind = dbfs(np.concatenate(turn.frames[-8:]))  # the clip's end, where nobody speaks
    assert dbfs(samples(between)) == pytest.approx(behind, abs=2)
    assert {len(frame) for frame in between.frames} == {FRAME_SAMPLES}
    assert await sounds(conditions={"reverb_ms": 300.0}).between() is None


async def test_no_conditions_leave_a_clip_as_it_is() -> None:
    made = await said({"wav": "michael-03.wav"})
    assert np.array_equal(samples(made)[: len(clip("michael-03"))], clip("michael-03"))


def test_what_is_no_noise_is_refused() -> None:
    with pytest.raises(ValidationError, match="room, babble, tv, or a WAV file"):
        Conditions(noise="traffic")


@pytest.mark.xdist_group("voice")
async def test_fewer_words_are_understood_the_louder_the_noise(recogniser: Recogniser) -> None:
    listener, rates = LocalListener(), []
    listener._recogniser = recogniser
    names = ["human-04", "michael-03", "heart-06"]
    for snr_db in (20.0, 0.0):
        wrong = count = 0
        for number, name in enumerate(names, 1):
            turn = {"wav": f"{name}.wav", "conditions": {"noise": "room", "snr_db": snr_db}}
            heard = listener.listen(samples(await said(turn, number)))
            errors, words = word_errors(transcripts()[name], heard)
            wrong, count = wrong + errors, count + words
        rates.append(wrong / count)
    assert rates[0] < 0.1
    assert rates[-1] > 0.3


def test_noise_that_is_no_file_is_named_with_its_line(tmp_path: Path) -> None:
    from realtime_cli.errors import ConfigError
    from realtime_cli.script.load import load_script

    script = tmp_path / "s.toml"
    script.write_text('[conditions]\nnoise = ["room", "cafe.wav"]\n[[turns]]\nwav = ["a.wav", 200]\n')
    with pytest.raises(ConfigError) as refused:
        load_script(script)
    assert "s.toml:2" in refused.value.message
    assert "cafe.wav" in refused.value.message
    assert "a.wav" in refused.value.message

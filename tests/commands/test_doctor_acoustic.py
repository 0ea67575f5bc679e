"""What a room and the canceller do to chirps and speech, from a log of blocks; and what is recommended."""

from __future__ import annotations

import time

import numpy as np
import pytest

from realtime_cli.audio.chirp import MeasuredEcho
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SILENCE_DBFS, Samples, dbfs, silence
from realtime_cli.commands.doctor_acoustic import (
    CHIRPS,
    EVERY_S,
    SPEECH_S,
    Log,
    Measured,
    advice,
    measure,
    report,
    sounds,
)

QUIET = {"noise_dbfs": -70.0, "highest_dbfs": -20.0}
WARM_UP_S = 0.6


@pytest.mark.parametrize(
    ("measured", "use"),
    [
        ({"highest_dbfs": -120.0, "noise_dbfs": -120.0}, None),
        ({"noise_dbfs": -30.0, "highest_dbfs": -20.0}, "push_to_talk"),
        (QUIET, "off"),
        ({**QUIET, "highest_dbfs": -0.1, "delay_ms": 60, "removed_db": 9}, "headphones"),
        ({**QUIET, "delay_ms": 600, "removed_db": 40}, "half_duplex"),
        ({**QUIET, "delay_ms": 60}, "half_duplex"),
        ({**QUIET, "delay_ms": 60, "removed_db": 40}, "aec"),
        ({**QUIET, "delay_ms": 60, "removed_db": 12}, "half_duplex"),
        ({**QUIET, "delay_ms": 60, "removed_db": 2}, "headphones"),
    ],
)
def test_what_is_recommended(measured: dict[str, float], use: str | None) -> None:
    delay_ms, removed_db = measured.get("delay_ms"), measured.get("removed_db")
    found = advice(
        Measured(
            MeasuredEcho(delay_ms, 20, 30) if delay_ms else None,
            measured["noise_dbfs"],
            measured["highest_dbfs"],
            removed_db,
            None if removed_db is None else -30.0 - removed_db / 10,
        )
    )
    assert found.facts["use"] == use
    assert found.remedy or found.status == "ok"


def test_an_echo_that_nobody_hears_is_done_away_with_however_little_there_was() -> None:
    assert advice(Measured(MeasuredEcho(60, 40, 30), -70.0, -50.0, 4.0, -75.0)).facts["use"] == "aec"


def test_the_figures_come_before_the_advice() -> None:
    topics = [found.topic for found in report(Measured(MeasuredEcho(60, 20, 30), -70.0, -20.0, 25.0, -60.0))]
    assert topics == ["room", "echo", "echo canceller", "advice"]
    assert [found.topic for found in report(Measured(None, -70.0, -20.0))] == ["room", "advice"]


# -- a log of what was played and heard -----------------------------------------------------------


def logged(played: Samples, heard: Samples) -> Log:
    """Both as devices give them: the loudspeaker asks for a block ahead, the microphone gives one behind."""
    log = Log()
    for begin in range(0, len(played) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        at_s = 100.0 + begin / RATE_HZ
        log.blocks.append((at_s, True, played[begin : begin + FRAME_SAMPLES]))
        log.blocks.append((at_s + FRAME_SAMPLES / RATE_HZ, False, heard[begin : begin + FRAME_SAMPLES]))
    return log


def in_a_room(delay_ms: float, loss_db: float) -> tuple[Samples, Samples]:
    """What is played, and what the microphone hears of it above a soft noise."""
    played = np.concatenate([silence(round(WARM_UP_S * RATE_HZ)), sounds(), silence(RATE_HZ)])
    echo = np.concatenate([silence(round(delay_ms * RATE_HZ / 1000)), played])[: len(played)]
    noise = np.random.default_rng(1).standard_normal(len(played)) * 5
    return played, (echo * 10 ** (-loss_db / 20) + noise).astype(np.int16)


def test_delay_loss_and_what_the_canceller_takes_away_are_found() -> None:
    measured = measure(logged(*in_a_room(80, 18)))
    assert measured.echo is not None
    assert measured.echo.delay_ms == pytest.approx(80, abs=1)
    assert measured.echo.loss_db == pytest.approx(18, abs=0.5)
    assert measured.noise_dbfs == pytest.approx(dbfs(np.full(480, 5, np.int16)), abs=3)
    assert measured.removed_db is not None
    assert measured.removed_db > 10


def test_with_headphones_there_is_no_echo() -> None:
    played, heard = in_a_room(80, 18)
    measured = measure(logged(played, np.random.default_rng(2).integers(-5, 6, len(heard)).astype(np.int16)))
    assert measured.echo is None
    assert advice(measured).facts["use"] == "off"


def test_a_microphone_of_zeros_gives_no_measure() -> None:
    played, heard = in_a_room(80, 18)
    measured = measure(logged(played, silence(len(heard))))
    assert measured.highest_dbfs == SILENCE_DBFS
    assert advice(measured).facts["use"] is None


@pytest.mark.parametrize("log", [Log(), logged(silence(4800), silence(4800))])
def test_where_nothing_was_played_or_heard_nothing_is_measured(log: Log) -> None:
    measured = measure(log)
    assert (measured.echo, measured.noise_dbfs, measured.removed_db) == (None, SILENCE_DBFS, None)


def test_a_block_that_comes_late_does_not_move_the_beginning() -> None:
    log = Log()
    one = silence(FRAME_SAMPLES)
    log.blocks = [(10.0, True, one), (10.5, True, one), (10.04, True, one)]
    log.blocks += [(10.02, False, one), (10.9, False, one)]
    began_s, played = log.track(played=True)
    assert (began_s, len(played)) == (10.0, 3 * FRAME_SAMPLES)
    assert log.track(played=False)[0] == pytest.approx(10.0)


def test_blocks_are_kept_as_they_were_with_their_time() -> None:
    log = Log()
    block = np.full(FRAME_SAMPLES, 5, np.int16)
    before_s = time.monotonic()
    log.played(block)
    block[:] = 0  # the audio thread uses it again
    log.heard(None)
    log.heard(block)
    assert [(was_played, int(kept[0])) for _, was_played, kept in log.blocks] == [(True, 5), (False, 0)]
    assert before_s <= log.blocks[0][0] <= log.blocks[1][0]


def test_what_is_played_is_chirps_then_speech() -> None:
    sound = sounds()
    assert len(sound) == round((CHIRPS * EVERY_S + SPEECH_S) * RATE_HZ)
    assert dbfs(sound[round(CHIRPS * EVERY_S * RATE_HZ) :]) > -40

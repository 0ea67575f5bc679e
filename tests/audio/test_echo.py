"""Half duplex, nothing, and the choice between the three."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from realtime_cli.audio.echo import HalfDuplex, Passthrough, make_echo_control
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, dbfs, silence
from realtime_cli.errors import ConfigError
from tests.audio.echo_rooms import far_speech, frames
from tests.audio.room import Clock, tone


def test_half_duplex_gives_zeros_until_300_ms_after_the_last_sound() -> None:
    clock = Clock()
    guard = HalfDuplex(0.04, clock=clock)
    assert guard.process(tone(20)).any()
    guard.played(tone(20))
    clock.now += 0.39
    assert guard.process(tone(20)).tolist() == silence(FRAME_SAMPLES).tolist()
    clock.now += 0.02
    assert guard.process(tone(20)).any()


def test_half_duplex_is_not_closed_by_silence() -> None:
    guard = HalfDuplex(clock=Clock())
    guard.played(silence(480))
    guard.played(tone(20, 20))
    assert not guard.closed


def test_open_passes_on_and_can_still_suppress_noise() -> None:
    noise = (300 * np.random.default_rng(1).standard_normal(5 * RATE_HZ)).astype(np.int16)
    assert Passthrough().process(noise) is noise
    quieter = Passthrough(noise_suppression=True)
    cleaned = np.concatenate([quieter.process(frame) for frame in frames(noise)])
    assert dbfs(cleaned[2 * RATE_HZ :]) < dbfs(noise) - 6


def test_gain_control_brings_a_quiet_voice_up() -> None:
    voice = (far_speech(8) * 0.05).astype(np.int16)
    guard = Passthrough(gain_control=True)
    cleaned = np.concatenate([guard.process(frame) for frame in frames(voice)])
    assert dbfs(cleaned[-2 * RATE_HZ :]) > dbfs(voice[-2 * RATE_HZ :]) + 6


@pytest.mark.parametrize(
    ("wanted", "can_echo", "mode"),
    [
        ("auto", True, "aec"),
        ("auto", False, "off"),
        ("aec", False, "aec"),
        ("half_duplex", True, "half_duplex"),
        ("off", True, "off"),
    ],
)
def test_the_ladder(wanted: str, can_echo: bool, mode: str) -> None:
    assert make_echo_control(wanted, can_echo=can_echo).state.mode == mode  # type: ignore[arg-type]


def test_one_key_goes_round() -> None:
    ladder = make_echo_control("auto")
    assert [ladder.switch() for _ in range(3)] == ["half_duplex", "off", "aec"]
    ladder.played(tone(20))
    assert len(ladder.process(tone(20))) == FRAME_SAMPLES
    assert ladder.switch("off") == ladder.mode == "off"


def test_without_the_package_auto_takes_half_duplex_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    told: list[tuple[str, str, str]] = []
    assert make_echo_control("auto", report=lambda *note: told.append(note)).mode == "half_duplex"
    assert [note[:2] for note in told] == [("warning", "echo")]
    with pytest.raises(ConfigError, match="not installed"):
        make_echo_control("aec")

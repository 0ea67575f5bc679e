"""Echo in synthetic rooms: what is taken out, what would still wake a voice activity detection."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.audio.echo import (
    AEC_DELAY_SAMPLES,
    EchoCanceller,
    HalfDuplex,
    Passthrough,
    make_echo_control,
)
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples, dbfs, silence
from realtime_cli.audio.wav_file import read_wav
from realtime_cli.errors import ConfigError
from tests.audio.room import Clock, tone

SPEECH = Path(__file__).parents[1] / "data" / "speech"
ROOMS = {
    "30 ms": (30, 0, None),
    "120 ms": (120, 0, None),
    "250 ms": (250, 0, None),
    "80 ppm drift": (120, 80, None),
    "clipped loudspeaker": (30, 0, 6_000),
}


def far_speech(seconds: float = 10) -> Samples:
    """What the agent says."""
    parts = []
    for path in sorted(SPEECH.glob("*.wav")):
        with path.open("rb") as file:
            parts.append(np.concatenate(list(read_wav(file, path.name))))
    return np.resize(np.concatenate(parts), round(RATE_HZ * seconds))


def through_room(far: Samples, delay_ms: int, drift_ppm: float, clip: int | None, seed: int = 1) -> Samples:
    """As the microphone hears it: loudspeaker, wall reflections over 150 ms, clocks apart, a little noise."""
    chance = np.random.default_rng(seed)
    sound = far.astype(np.float64) if clip is None else np.clip(far, -clip, clip).astype(np.float64)
    seconds = np.arange(150 * SAMPLES_PER_MS) / RATE_HZ
    response = 0.05 * chance.standard_normal(len(seconds)) * np.exp(-seconds / 0.04)
    response[0] = 0.5
    size = len(sound) + len(response)
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]
    heard = np.concatenate([np.zeros(delay_ms * SAMPLES_PER_MS), heard])[: len(sound)]
    places = np.arange(len(sound))
    heard = np.interp(places * (1 + drift_ppm * 1e-6), places, heard)
    noisy = 0.5 * heard + 3 * chance.standard_normal(len(heard))
    return np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)


def frames(sound: Samples) -> list[Samples]:
    return [sound[at : at + FRAME_SAMPLES] for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def cancelled(far: Samples, near: Samples, **options: float) -> tuple[Samples, EchoCanceller]:
    canceller = EchoCanceller(latency_s=0.02, **options)  # a room of 30 ms has no more
    cleaned = []
    for given, heard in zip(frames(far), frames(near), strict=True):
        canceller.played(given)
        cleaned.append(canceller.clean(heard))
    return np.concatenate(cleaned), canceller


@pytest.mark.parametrize("noise_suppression", [False, True])
@pytest.mark.parametrize("room", ROOMS)
def test_at_least_25_db_are_gone_after_2_s(room: str, noise_suppression: bool) -> None:
    far = far_speech()
    near = through_room(far, *ROOMS[room])
    cleaned, canceller = cancelled(far, near, noise_suppression=noise_suppression)
    after = slice(2 * RATE_HZ, None)
    assert dbfs(near[after]) - dbfs(cleaned[after]) >= 25
    removed_db = canceller.state.removed_db
    assert removed_db is not None
    assert removed_db >= 20


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_left_that_would_wake_a_voice_activity_detection_from_the_first_sound_on(
    room: str,
) -> None:
    pytest.importorskip("onnxruntime", reason="the local engine's packages are not installed")
    from realtime_cli.server.engine.voice_activity import VoiceActivity

    far = far_speech()
    near = through_room(far, *ROOMS[room])
    cleaned, _ = cancelled(far, near)
    assert max(VoiceActivity().feed(near[2 * RATE_HZ :])) > 0.8, "without the canceller it would"
    probabilities = VoiceActivity().feed(cleaned)
    assert max(probabilities) < 0.5


def test_the_user_opens_the_gate_in_double_talk() -> None:
    far = far_speech(6)
    near = through_room(far, 60, 0, None)
    user = far_speech(3)[: -RATE_HZ - 1 : -1]  # backwards: nothing that the canceller could know
    user = np.concatenate([user, user])
    near[4 * RATE_HZ :] = np.clip(near[4 * RATE_HZ :].astype(np.int32) + user, -32768, 32767)
    cleaned, _ = cancelled(far, near)
    assert dbfs(cleaned[4 * RATE_HZ :]) > dbfs(user) - 9


def test_after_a_slip_it_is_half_duplex_until_it_has_learned() -> None:
    canceller = EchoCanceller()
    far = far_speech(8)
    near = through_room(far, 60, 0, None)
    cleaned = []
    for place, (given, heard) in enumerate(zip(frames(far), frames(near), strict=True)):
        if place != 200 and not 250 <= place < 260:  # the device lost 20 ms, then 200 ms for good
            canceller.played(given)
        cleaned.append(canceller.clean(heard))
    assert canceller.state.realigned == 1
    after_slip = np.concatenate(cleaned[100:])
    assert dbfs(after_slip) < dbfs(near) - 25
    assert not canceller.unsure


def test_the_user_alone_is_left_alone() -> None:
    near = far_speech(5)
    cleaned, _ = cancelled(silence(len(near)), near)
    assert dbfs(cleaned[RATE_HZ:]) == pytest.approx(dbfs(near[RATE_HZ:]), abs=1.5)


def test_while_nothing_is_played_the_user_is_passed_on_as_late_as_otherwise() -> None:
    near = far_speech(2)
    cleaned, _ = cancelled(silence(len(near)), near)
    assert np.array_equal(cleaned[AEC_DELAY_SAMPLES:], near[: len(cleaned) - AEC_DELAY_SAMPLES])


def test_where_the_canceller_wakes_and_rests_nothing_clicks() -> None:
    near = np.resize(tone_of(200, 4_000), 6 * RATE_HZ)
    far = silence(len(near))
    far[2 * RATE_HZ : 3 * RATE_HZ] = 20  # too soft for the gate, enough to wake it
    cleaned, canceller = cancelled(far, near)
    steps = np.abs(np.diff(cleaned[RATE_HZ // 10 :].astype(np.int32)))
    assert canceller.state.mode == "aec"
    assert steps.max() <= 1.5 * np.abs(np.diff(near.astype(np.int32))).max()


def tone_of(hz: int, peak: int) -> Samples:
    return (peak * np.sin(2 * np.pi * hz * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)


# -- half duplex, nothing, and the choice -----------------------------------------------------


def test_half_duplex_gives_zeros_until_300_ms_after_the_last_sound() -> None:
    clock = Clock()
    guard = HalfDuplex(0.04, clock=clock)
    assert guard.clean(tone(20)).any()
    guard.played(tone(20))
    clock.now += 0.39
    assert guard.clean(tone(20)).tolist() == silence(FRAME_SAMPLES).tolist()
    clock.now += 0.02
    assert guard.clean(tone(20)).any()


def test_half_duplex_is_not_closed_by_silence() -> None:
    guard = HalfDuplex(clock=Clock())
    guard.played(silence(480))
    guard.played(tone(20, 20))
    assert not guard.closed


def test_open_passes_on_and_can_still_suppress_noise() -> None:
    noise = (300 * np.random.default_rng(1).standard_normal(5 * RATE_HZ)).astype(np.int16)
    assert Passthrough().clean(noise) is noise
    quieter = Passthrough(noise_suppression=True)
    cleaned = np.concatenate([quieter.clean(frame) for frame in frames(noise)])
    assert dbfs(cleaned[2 * RATE_HZ :]) < dbfs(noise) - 6


def test_gain_control_brings_a_quiet_voice_up() -> None:
    voice = (far_speech(8) * 0.05).astype(np.int16)
    guard = Passthrough(gain_control=True)
    cleaned = np.concatenate([guard.clean(frame) for frame in frames(voice)])
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
    assert len(ladder.clean(tone(20))) == FRAME_SAMPLES
    assert ladder.switch("off") == ladder.mode == "off"


def test_without_the_package_auto_takes_half_duplex_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    told: list[tuple[str, str, str]] = []
    assert make_echo_control("auto", report=lambda *note: told.append(note)).mode == "half_duplex"
    assert [note[:2] for note in told] == [("warning", "echo")]
    with pytest.raises(ConfigError, match="not installed"):
        make_echo_control("aec")

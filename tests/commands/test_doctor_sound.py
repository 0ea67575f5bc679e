"""What ``doctor`` says of microphones and loudspeakers, on machines that this one is not."""

from __future__ import annotations

import platform
from datetime import date

import numpy as np
import pytest

from realtime_cli.app.diagnostics import Finding
from realtime_cli.audio import room
from realtime_cli.audio.pcm import FRAME_SAMPLES, silence
from realtime_cli.commands import doctor_sound
from realtime_cli.commands.doctor_sound import MICROPHONE_RIGHTS, WHERE_SOUND_IS, devices, microphone
from realtime_cli.config.audio import Audio
from realtime_cli.errors import ExitCode
from tests.kit.machine import HEADSET, SPEAKER, microphone_gives, sound_cards

LOUD = np.full(FRAME_SAMPLES, 8000, np.int16)


def found(**audio: object) -> tuple[Finding, Finding]:
    """Of the microphone, and of the loudspeaker."""
    heard, played = devices(Audio.model_validate(audio))
    return heard, played


def test_devices_are_named_with_the_rate_they_are_used_at(monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch, HEADSET, SPEAKER)
    heard, played = found(output="hdmi")
    assert (heard.status, heard.said) == ("ok", "0: USB Headset (ALSA), supports 24000 Hz")
    assert (played.topic, played.facts["index"]) == ("loudspeaker", 1)


def test_a_device_that_does_not_take_our_rate_is_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch, HEADSET, rates_hz=[48_000])
    assert found()[0].said.endswith("resampled from 48000 Hz")


def test_a_device_that_somebody_else_has_opens_at_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch, HEADSET, rates_hz=[])
    heard, _ = found()
    assert (heard.status, heard.facts["rates_hz"]) == ("warning", [])
    assert "audio.input=NAME" in heard.remedy


def test_a_device_that_is_not_there_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch, HEADSET)
    heard, _ = found(input="Neumann")
    assert (heard.status, heard.exit_code) == ("failure", ExitCode.AUDIO_DEVICE)
    assert "USB Headset" in heard.remedy


@pytest.mark.parametrize("where", WHERE_SOUND_IS)
def test_a_machine_without_sound_is_told_where_it_may_come_from(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound_cards(monkeypatch, SPEAKER)
    monkeypatch.setattr(doctor_sound, "surroundings", lambda: where)
    heard, played = found()
    assert (heard.status, heard.remedy) == ("warning", WHERE_SOUND_IS[where])
    assert played.status == "ok"


def test_files_need_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch)
    assert [each.status for each in found(input="question.wav", output="answer.wav")] == ["ok", "ok"]


# -- the microphone's level -----------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_sound, "LISTEN_S", 0.0)


def test_the_loudest_frame_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    microphone_gives(monkeypatch, silence(FRAME_SAMPLES), LOUD, silence(FRAME_SAMPLES), None)
    level = microphone("default")
    assert (level.status, level.facts) == ("ok", {"highest_dbfs": -12.2, "frames": 3})


@pytest.mark.parametrize("system", MICROPHONE_RIGHTS)
def test_zeros_are_a_microphone_that_may_not_be_heard(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    microphone_gives(monkeypatch, silence(FRAME_SAMPLES))
    monkeypatch.setattr(platform, "system", lambda: system)
    level = microphone("default")
    assert (level.status, level.remedy) == ("warning", MICROPHONE_RIGHTS[system])


def test_a_device_that_gives_nothing_and_one_that_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    microphone_gives(monkeypatch, None)
    assert "delivered nothing" in microphone("default").said
    microphone_gives(monkeypatch)
    level = microphone("default")
    assert (level.status, level.said, level.remedy) == ("failure", "It is in use.", "End the other program.")


def test_the_rooms_that_are_known_are_named_with_their_dates() -> None:
    today = date(2026, 11, 29)
    assert doctor_sound.rooms(today).said == "none yet"
    room.keep(("USB Headset", "HDMI"), 12, 40, today)
    assert doctor_sound.rooms(today).said == "USB Headset and HDMI (2026-11-29)"
    room.file().write_text("{")
    found = doctor_sound.rooms(today)
    assert (found.status, found.said.startswith(str(room.file()))) == ("warning", True)

"""``devices`` in a process of its own on virtual devices, and in this one on paper."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.commands.devices import DevicesOptions, _advice, devices
from realtime_cli.errors import ConfigError, ExitCode
from tests.kit.machine import HEADSET, SPEAKER, microphone_gives, sound_cards
from tests.kit.terminal import on_a_terminal
from tests.kit.virtual_devices import VirtualDevices, load, virtual_devices

__all__ = ["virtual_devices"]


def on_virtual_devices(test: Any) -> Any:
    """One after the other, and with time to start the sound server."""
    return pytest.mark.timeout(120)(pytest.mark.xdist_group("virtual devices")(test))


def run(devices: VirtualDevices, options: str) -> tuple[str, str]:
    script = (
        "from realtime_cli.commands.devices import DevicesOptions, devices\n"
        f"raise SystemExit(devices(DevicesOptions({options})))\n"
    )
    done = devices.run(["-W", "error", "-c", script])
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@on_virtual_devices
def test_the_table_names_every_device_and_marks_the_default(virtual_devices: VirtualDevices) -> None:
    out, err = run(virtual_devices, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["*", "2", "input", "default"] in [line[:4] for line in lines]
    assert ["0", "output", "speaker"] in [line[:3] for line in lines]
    assert err == "", "PortAudio's and ALSA's own talk is no news for the user"


@on_virtual_devices
def test_json_has_the_rates_that_open(virtual_devices: VirtualDevices) -> None:
    rows = json.loads(run(virtual_devices, "json=True")[0])
    (speaker,) = [row for row in rows if (row["direction"], row["name"]) == ("output", "speaker")]
    assert {24_000, 44_100, 48_000} <= set(speaker["rates_hz"])
    assert speaker["default"] is False


@on_virtual_devices
def test_the_tone_is_heard(virtual_devices: VirtualDevices, tmp_path: Path) -> None:
    with virtual_devices.recording(tmp_path / "tone.wav"):
        out, _ = run(virtual_devices, "tone='speak'")
    sound = load(tmp_path / "tone.wav")
    assert "speaker: 440 Hz played" in out
    assert np.count_nonzero(np.abs(sound.astype(np.int32)) > 300) / 24_000 == pytest.approx(0.96, abs=0.05)


@on_virtual_devices
def test_the_meter_tells_a_dead_microphone(virtual_devices: VirtualDevices) -> None:
    out, _ = run(virtual_devices, "meter='mic', seconds=1.0")
    assert "mic: highest level -120.0 dBFS: only silence" in out


@on_virtual_devices
def test_a_notice_stands_on_a_line_of_its_own_above_the_meter(virtual_devices: VirtualDevices) -> None:
    meter = ("devices", "--meter", "mic", "--seconds", "2.5")
    shown = on_a_terminal(*meter, environment=virtual_devices.environment())
    before, _, after = shown.partition("The microphone delivers only silence.")
    assert before.endswith("dBFS \r\x1b[K"), "the meter is wiped away first"
    assert "\n\r" in after.partition("dBFS")[0], "it goes on below"


@pytest.mark.parametrize(
    ("level_dbfs", "said"), [(-120, "only silence"), (-50, "very soft"), (-20, ""), (-1, "too loud")]
)
def test_what_the_meter_advises(level_dbfs: float, said: str) -> None:
    assert said in _advice(level_dbfs)
    assert bool(said) == bool(_advice(level_dbfs))


# -- on machines that this one is not -------------------------------------------------------------


def test_a_machine_s_devices_are_a_row_for_each_direction(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound_cards(monkeypatch, HEADSET, SPEAKER, rates_hz=[48_000])
    assert devices(DevicesOptions(json=True)) == ExitCode.OK
    rows = json.loads(capsys.readouterr().out)
    assert [(row["direction"], row["name"], row["channels"], row["default"]) for row in rows] == [
        ("input", "USB Headset", 1, True),
        ("output", "USB Headset", 2, True),
        ("output", "HDMI", 2, False),
    ]
    devices(DevicesOptions())
    table = capsys.readouterr().out.splitlines()
    assert table[1].split() == ["*", "0", "input", "USB", "Headset", "ALSA", "1", "48000"]
    assert len(table) == 4


def test_a_device_that_opens_at_no_rate_is_listed_as_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound_cards(monkeypatch, SPEAKER, rates_hz=[])
    devices(DevicesOptions())
    assert capsys.readouterr().out.rstrip().endswith("none now")


def test_a_machine_without_any_is_told_to_talk_with_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound_cards(monkeypatch)
    assert devices(DevicesOptions()) == ExitCode.OK
    said = capsys.readouterr()
    assert (said.out, "--input a.wav" in said.err) == ("", True)


def test_the_meter_tells_the_highest_level(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [np.full(480, level, np.int16) for level in (10, 8000, 100)]
    microphone_gives(monkeypatch, *frames, None)
    devices(DevicesOptions(meter="default", seconds=0.1))
    assert capsys.readouterr().out == "USB Headset: highest level -12.2 dBFS\n"


def test_a_device_is_chosen_only_to_be_saved() -> None:
    with pytest.raises(ConfigError, match="are for --save"):
        devices(DevicesOptions(input="USB"))


def test_what_was_chosen_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound_cards(monkeypatch, HEADSET, SPEAKER)
    agent = tmp_path / "agent.toml"
    agent.write_text('[audio]\necho = "off"\n', encoding="utf-8")
    assert devices(DevicesOptions(save=agent, input="usb", output="HDMI")) == ExitCode.OK
    saved = tomllib.loads(agent.read_text(encoding="utf-8"))["audio"]
    assert (saved["echo"], saved["input"], saved["output"]) == ("off", "USB Headset", "HDMI")

"""``devices`` in a process of its own, on virtual devices and on none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.commands.devices import _advice
from tests.kit.virtual_devices import VirtualDevices, load, virtual_devices

__all__ = ["virtual_devices"]
pytestmark = [pytest.mark.xdist_group("virtual devices"), pytest.mark.timeout(120)]


def run(devices: VirtualDevices, options: str) -> tuple[str, str]:
    script = (
        "from realtime_cli.commands.devices import DevicesOptions, devices\n"
        f"raise SystemExit(devices(DevicesOptions({options})))\n"
    )
    done = devices.run(["-W", "error", "-c", script])
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_the_table_names_every_device_and_marks_the_default(virtual_devices: VirtualDevices) -> None:
    out, err = run(virtual_devices, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["*", "2", "input", "default"] in [line[:4] for line in lines]
    assert ["0", "output", "speaker"] in [line[:3] for line in lines]
    assert err == "", "PortAudio's and ALSA's own talk is no news for the user"


def test_json_has_the_rates_that_open(virtual_devices: VirtualDevices) -> None:
    rows = json.loads(run(virtual_devices, "json=True")[0])
    (speaker,) = [row for row in rows if (row["direction"], row["name"]) == ("output", "speaker")]
    assert {24_000, 44_100, 48_000} <= set(speaker["rates_hz"])
    assert speaker["default"] is False


def test_the_tone_is_heard(virtual_devices: VirtualDevices, tmp_path: Path) -> None:
    with virtual_devices.recording(tmp_path / "tone.wav"):
        out, _ = run(virtual_devices, "tone='speak'")
    sound = load(tmp_path / "tone.wav")
    assert "speaker: 440 Hz played" in out
    assert np.count_nonzero(np.abs(sound.astype(np.int32)) > 300) / 24_000 == pytest.approx(0.96, abs=0.05)


def test_the_meter_tells_a_dead_microphone(virtual_devices: VirtualDevices) -> None:
    out, _ = run(virtual_devices, "meter='mic', seconds=1.0")
    assert "mic: highest level -120.0 dBFS: nothing but zeros" in out


@pytest.mark.parametrize(
    ("level_dbfs", "said"), [(-120, "zeros"), (-50, "very soft"), (-20, ""), (-1, "too loud")]
)
def test_what_the_meter_advises(level_dbfs: float, said: str) -> None:
    assert said in _advice(level_dbfs)
    assert bool(said) == bool(_advice(level_dbfs))

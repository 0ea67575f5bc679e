"""``doctor`` as a user runs it: what it says, how it ends, and what its report keeps to itself."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.commands import doctor
from realtime_cli.commands.doctor import DoctorOptions
from realtime_cli.config import load_agent
from realtime_cli.errors import ExitCode
from realtime_cli.tools import trusted_folders
from realtime_cli.tools.permissions import permissions_of
from tests.kit.cli import run_cli
from tests.kit.virtual_devices import VirtualDevices, running, virtual_devices

__all__ = ["virtual_devices"]

OFFLINE = DoctorOptions(offline=True)


def by_topic(text: str) -> dict[str, dict[str, Any]]:
    return {finding["topic"]: finding for finding in json.loads(text)["findings"]}


def test_every_line_has_a_mark_and_what_is_wrong_has_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.doctor(OFFLINE)
    *lines, blank, summary = capsys.readouterr().out.splitlines()
    assert blank == ""
    assert summary.split()[1] in ("failure,", "failures,")
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Agent",
        "Machine",
        "Sound",
        "Server",
    ]
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(" "):
            assert line.startswith(("  ok ", "  warning ", "  FAILURE ", "          ")), line
        if line.startswith(("  warning", "  FAILURE")):
            assert after.startswith("           ")


def test_json_has_the_same_and_nothing_else_on_stdout() -> None:
    ended = run_cli("doctor", "--offline", "--json")
    assert ended.returncode == json.loads(ended.stdout)["exit_code"]
    found = by_topic(ended.stdout)
    assert found["python"]["status"] == "ok"
    assert {"agent file", "terminal", "extra [local]", "portaudio", "echo canceller"} <= set(found)
    assert ended.stderr == ""


def test_without_a_key_the_local_server_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.doctor(DoctorOptions(json=True))
    found = by_topic(capsys.readouterr().out)
    assert found["agent file"]["facts"]["provider"] == "local"
    assert found["session"]["status"] == "ok"


def test_with_a_key_its_provider_is_meant(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-0123456789abcdef")
    doctor.doctor(DoctorOptions(offline=True, json=True))
    out = capsys.readouterr().out
    assert by_topic(out)["agent file"]["facts"]["provider"] == "xai"
    assert by_topic(out).keys() & {"name", "upgrade"} == set()
    assert "0123456789" not in out


def test_a_missing_key_fails_with_the_code_of_a_connection() -> None:
    ended = run_cli("doctor", "--config", "configs/openai.toml", "--json")
    assert ended.returncode == ExitCode.CONNECTION
    assert "OPENAI_API_KEY" in by_topic(ended.stdout)["key"]["said"]


def test_a_mistake_in_the_agent_file_is_one_failure_among_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('[audio]\nekko = "off"\n')
    ended = run_cli("doctor", "--config", path, "--offline", "--json")
    assert ended.returncode == ExitCode.USAGE
    found = by_topic(ended.stdout)
    assert "audio.ekko" in found["agent file"]["said"]
    assert "python" in found


def test_the_report_has_what_is_needed_and_nothing_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home-of-ada"))
    monkeypatch.setenv("USER", "adalovelace")
    monkeypatch.setenv("LOGNAME", "adalovelace")
    monkeypatch.setenv("OUR_TOKEN", "tok-very-secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    agent = tmp_path / "agent.toml"
    agent.write_text(
        '[connection]\nbase_url = "ws://127.0.0.1:1/v1/realtime"\nheaders = { X-Pass = "${OUR_TOKEN}" }\n'
        '[session]\ninstructions = "You are the oracle of my aunt."\n'
        f'[recording]\nfolder = "{tmp_path}/home-of-ada/talks/adalovelace"\n'
    )
    trusted_folders.trust(permissions_of(load_agent(agent)))
    report = tmp_path / "report.md"
    doctor.doctor(DoctorOptions(config=agent, bundle=report))
    text = report.read_text()
    for wanted in (
        "## Findings",
        "- websockets 1",
        "LANG=C.UTF-8",
        "OUR_TOKEN is set",
        "Nothing is listening",
    ):
        assert wanted in text, wanted
    for private in ("tok-very-secret", "my aunt", "home-of-ada", "adalovelace"):
        assert private not in text, private
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "report.md" in capsys.readouterr().err


@pytest.mark.xdist_group("virtual devices")
@pytest.mark.timeout(120)
class TestWithDevices:
    def examined(self, devices: VirtualDevices, *more: str) -> dict[str, dict[str, Any]]:
        done = devices.run(["-m", "realtime_cli", "doctor", "--offline", "--json", *more])
        assert done.returncode == 0, done.stderr
        return by_topic(done.stdout)

    def test_a_microphone_of_zeros_is_noticed(self, virtual_devices: VirtualDevices) -> None:
        found = self.examined(virtual_devices)
        assert (found["microphone"]["status"], found["loudspeaker"]["status"]) == ("ok", "ok")
        assert 24_000 in found["microphone"]["facts"]["rates_hz"]
        assert found["microphone level"]["status"] == "warning"
        assert "only silence" in found["microphone level"]["said"]

    def test_a_device_that_is_not_there_fails(self, virtual_devices: VirtualDevices) -> None:
        words = ["-m", "realtime_cli", "doctor", "--offline", "--json", "--set", "audio.input=Neumann"]
        done = virtual_devices.run(words)
        assert done.returncode == ExitCode.AUDIO_DEVICE
        assert "Neumann" in by_topic(done.stdout)["microphone"]["said"]

    def test_the_echo_of_the_room_is_measured(self) -> None:
        with running(echo=(80, 18)) as devices:
            found = self.examined(devices, "--acoustic")
        echo = found["echo"]["facts"]
        assert echo["loss_db"] == pytest.approx(18, abs=2)
        assert 80 < echo["delay_ms"] < 350, "the room's 80 ms and the devices' own"
        assert found["advice"]["facts"]["use"] in ("aec", "half_duplex"), found
        assert found["known rooms"]["said"] == "none yet"
        assert found["known room"]["said"].startswith("saved"), found

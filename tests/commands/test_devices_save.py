"""Devices written into an agent file: the file stays as it was but for these two keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from realtime_cli.commands.devices_save import with_audio
from realtime_cli.errors import ConfigError, ExitCode
from tests.kit.cli import run_cli
from tests.kit.virtual_devices import VirtualDevices, virtual_devices

__all__ = ["virtual_devices"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[audio]\ninput = "USB"\n'),
        ("# mine\n[screen]\n", '# mine\n[screen]\n\n[audio]\ninput = "USB"\n'),
        ('[audio]  # sound\necho = "off"\n', '[audio]  # sound\necho = "off"\ninput = "USB"\n'),
        ('[audio]\ninput = "default"  # mine\n', '[audio]\ninput = "USB"  # mine\n'),
        ("[audio]\ninput = 3\n[screen]\n", '[audio]\ninput = "USB"\n[screen]\n'),
        ('audio.input = "x"\n', 'audio.input = "USB"\n'),
        ('audio = { input = "x" }  # one line\n', 'audio = { input = "USB" }  # one line\n'),
        ('[audio]\r\ninput = "x"\r\n[screen]\r\n', '[audio]\r\ninput = "USB"\r\n[screen]\r\n'),
    ],
)
def test_one_key_is_changed_and_the_rest_is_left(before: str, after: str) -> None:
    assert with_audio(before, {"input": "USB"}, "agent.toml") == after


def test_an_audio_that_is_no_table_is_left_alone() -> None:
    with pytest.raises(ConfigError, match=r"audio in agent\.toml is not a table"):
        with_audio("audio = 3\n", {"input": "USB"}, "agent.toml")


def test_names_of_all_kinds_survive() -> None:
    name = 'Zoë\'s "best" mic \\ #1'
    text = with_audio('[audio]\ninput = "a # b"\n', {"input": name, "output": name}, "agent.toml")
    assert tomllib.loads(text)["audio"] == {"input": name, "output": name}


def test_a_file_that_is_no_toml_is_left_alone() -> None:
    with pytest.raises(ConfigError, match="not TOML"):
        with_audio("[audio\n", {"input": "USB"}, "agent.toml")


@pytest.mark.xdist_group("virtual devices")
@pytest.mark.timeout(120)
def test_the_devices_command_remembers_the_full_names(
    virtual_devices: VirtualDevices, tmp_path: Path
) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(b"# mine\r\n")
    words = ["-m", "realtime_cli", "devices", "--save", str(path)]
    assert virtual_devices.run([*words, "-i", "mi", "-o", "speak"]).returncode == 0
    assert tomllib.loads(path.read_text())["audio"] == {"input": "mic", "output": "speaker"}
    assert path.read_bytes().startswith(b"# mine\r\n\r\n[audio]\r\n")
    missing = virtual_devices.run([*words, "-i", "Neumann"])
    assert (missing.returncode, "Neumann" in missing.stderr) == (ExitCode.AUDIO_DEVICE, True)


@pytest.mark.parametrize("words", [["--save", "agent.toml"], ["--input", "mic"]])
def test_half_of_it_is_a_usage_error(words: list[str]) -> None:
    ended = run_cli("devices", *words)
    assert ended.returncode == ExitCode.USAGE
    assert "--save" in ended.stderr

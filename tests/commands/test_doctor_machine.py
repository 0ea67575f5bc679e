"""Which machine can have local speech, and what the terminal is said to be."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from realtime_cli.app.installed import EXTRAS, installed
from realtime_cli.commands import doctor_machine
from realtime_cli.commands.doctor_machine import Machine, local_gap


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine("Linux", "x86_64", ("glibc", "2.36")), ""),
        (Machine("Linux", "aarch64", ("glibc", "2.34")), ""),
        (Machine("Linux", "x86_64", ("glibc", "2.31")), "glibc is 2.31"),
        (Machine("Linux", "x86_64", ("", "")), "no glibc (Alpine"),
        (Machine("Darwin", "arm64", macos="15.1"), ""),
        (Machine("Darwin", "arm64", macos="14.7"), "older than 15"),
        (Machine("Darwin", "x86_64", macos="15.0"), "Intel Mac"),
        (Machine("Windows", "AMD64"), ""),
        (Machine("Windows", "ARM64"), "not x64"),
        (Machine("FreeBSD", "amd64"), "FreeBSD"),
    ],
)
def test_the_platform_gap_of_local_speech_is_named(machine: Machine, said: str) -> None:
    assert said in local_gap(machine)
    assert bool(said) == bool(local_gap(machine))


def test_a_missing_extra_is_a_warning_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(EXTRAS, "local", {"no_such_module": "no-such-dist"})
    (here,) = [
        f for f in doctor_machine.extras(Machine("Linux", "x86_64", ("glibc", "2.36"))) if "local" in f.topic
    ]
    assert (here.status, here.facts["missing"]) == ("warning", ["no-such-dist"])
    assert "install hibari-tts" in here.remedy
    (alpine,) = [f for f in doctor_machine.extras(Machine("Linux", "x86_64")) if "local" in f.topic]
    assert "not available on this machine" in alpine.said
    assert "pip" not in alpine.remedy


def test_what_is_installed_has_its_versions() -> None:
    found = {finding.topic: finding for finding in doctor_machine.extras()}
    assert found["extra [mcp]"].status == "ok"
    assert found["extra [mcp]"].facts["mcp"][0].isdigit()
    assert installed("no-such-dist") == "?"


def test_without_a_terminal_talk_writes_lines() -> None:
    found = doctor_machine.terminal({"TERM": "xterm"})
    assert found.status == "ok"
    assert "plain lines" in found.said


@pytest.mark.parametrize(
    ("environ", "where"),
    [({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "ssh"), ({"container": "podman"}, "container")],
)
def test_places_without_a_sound_card_are_known(environ: dict[str, str], where: str) -> None:
    assert doctor_machine.surroundings(environ) == where


def test_every_extra_of_the_package_is_looked_at() -> None:
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    wanted = set(declared["project"]["optional-dependencies"]) - {"all", "dev", "pytest"}
    assert set(EXTRAS) == set(doctor_machine.USES) == wanted

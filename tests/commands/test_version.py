"""What a report of a problem has to say first."""

from __future__ import annotations

import platform

import pytest

from realtime_cli import __version__
from realtime_cli.commands import version
from realtime_cli.commands.version import PARTS, version_text


def test_program_machine_and_parts_each_on_a_line() -> None:
    program, machine, parts, extras = version_text().splitlines()
    assert program == f"realtime-cli {__version__}"
    assert machine.startswith(f"{platform.python_implementation()} {platform.python_version()}, ")
    assert platform.machine() in machine
    assert [part.split()[0] for part in parts.split(", ")] == list(PARTS)
    assert extras.startswith("extras: ")


def test_only_extras_that_are_there_whole_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        version, "EXTRAS", {"here": {"json": "x"}, "half": {"json": "x", "no_such_module": "y"}}
    )
    assert version_text().endswith("\nextras: here")
    monkeypatch.setattr(version, "EXTRAS", {"half": {"no_such_module": "y"}})
    assert version_text().endswith("\nextras: none")

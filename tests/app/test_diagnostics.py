"""What ``doctor`` finds, one by one, and the code it ends with."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.app.diagnostics import Finding, exit_code, failure, ok, warning
from realtime_cli.errors import AudioDeviceError, ConnectionFailed, ExitCode


@pytest.mark.parametrize(
    ("status", "code", "ends_with"),
    [("ok", 2, ExitCode.OK), ("warning", 2, ExitCode.OK), ("failure", 4, ExitCode.AUDIO_DEVICE)],
)
def test_only_a_failure_fails(status: Any, code: int, ends_with: ExitCode) -> None:
    findings = [Finding("a", "ok", "fine"), Finding("b", status, "so", exit_code=ExitCode(code))]
    assert exit_code(findings) == ends_with


def test_the_first_failure_counts() -> None:
    failures = [
        failure("a", AudioDeviceError("No microphone.")),
        failure("b", ConnectionFailed("No server.")),
    ]
    assert exit_code(failures) == ExitCode.AUDIO_DEVICE
    assert exit_code(reversed(failures)) == ExitCode.CONNECTION
    assert exit_code([]) == ExitCode.OK


def test_each_kind_for_a_program() -> None:
    assert ok("room", "quiet", noise_dbfs=-70.0).as_json() == {
        "group": "",
        "topic": "room",
        "status": "ok",
        "said": "quiet",
        "remedy": "",
        "facts": {"noise_dbfs": -70.0},
    }
    assert warning("room", "loud", "Shut the door.").as_json()["remedy"] == "Shut the door."
    error = ConnectionFailed("No server.", "Start it.")
    assert failure("session", error, port=1).as_json() == {
        "group": "",
        "topic": "session",
        "status": "failure",
        "said": "No server.",
        "remedy": "Start it.",
        "facts": {"port": 1},
    }

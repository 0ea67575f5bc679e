"""``translate`` at a microphone: the translation is heard, and Ctrl+C waits for its end."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.errors import ExitCode
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, load, virtual_devices

__all__ = ["virtual_devices"]


@pytest.mark.heavy
def test_what_is_said_to_the_microphone_is_spoken_again(
    virtual_devices: VirtualDevices, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    command = ["-m", "realtime_cli", "translate", "--json", "--set", "connection.provider=local"]
    with virtual_devices.recording(heard):
        process = virtual_devices.spawn(
            [*command, "--to", "de", "--source"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout
        assert process.stderr
        while "Listening" not in (line := process.stderr.readline()):
            assert line, process.communicate()
        virtual_devices.speak(clip_path("heart-04"))
        told = [json.loads(process.stdout.readline())]
        while not (told[-1]["final"] and told[-1]["language"]):
            told.append(json.loads(process.stdout.readline()))
        virtual_devices.speak(clip_path("heart-01"))
        process.send_signal(signal.SIGINT)  # in the middle of the last turn: its words are waited for
        out, errors = process.communicate(timeout=60)
        time.sleep(0.5)
    assert process.returncode == ExitCode.OK, errors
    told += [json.loads(line) for line in out.splitlines()]
    final = [one for one in told if one["final"] and one["language"] == "de"]
    assert all(one["text"].startswith("[de] ") for one in final)
    assert len(final) >= 2
    loud = np.abs(load(heard).astype(float)) > 300
    assert loud.sum() > 24_000  # a second and more of speech, at the device

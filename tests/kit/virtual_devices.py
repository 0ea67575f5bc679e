"""A virtual loudspeaker and microphone for one test, where the machine has the means for it.

``virtual-audio`` starts a sound server of its own in a directory of its own; a program under test needs
nothing but the environment that :meth:`VirtualDevices.environment` gives. Tests that ask for the fixture
are skipped, with the reason, where the script or the sound server is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.wav_file import read_wav

REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED = ("pulseaudio", "pactl", "paplay", "parec")


def script() -> Path | None:
    """``$VIRTUAL_AUDIO``, or the script in the folder ``shared`` beside the repository."""
    named = os.environ.get("VIRTUAL_AUDIO")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "virtual-audio"
    return path if os.access(path, os.X_OK) else None


def why_not() -> str:
    """Why there can be no virtual devices here; nothing if there can."""
    if script() is None:
        return "virtual-audio is neither beside the repository (shared/) nor named by $VIRTUAL_AUDIO"
    missing = [name for name in NEEDED if not shutil.which(name)]
    return f"no {', '.join(missing)} (apt: pulseaudio pulseaudio-utils libasound2-plugins)" if missing else ""


class VirtualDevices:
    """One running instance."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        found = script()
        assert found is not None, why_not()
        self._script = str(found)

    def _call(self, *words: object, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [self._script, *map(str, words)]
        environment = {**os.environ, "VIRTUAL_AUDIO_DIR": str(self.directory)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **more)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done

    def start(self, rate_hz: int = 48_000, echo: tuple[int, float] | None = None) -> None:
        """Start the sound server; ``echo`` is (delay in ms, attenuation in dB)."""
        leak = ("--echo", *echo) if echo else ()
        self._call("start", "--rate", rate_hz, *leak, timeout=60)

    def stop(self) -> None:
        self._call("stop", timeout=30)

    def environment(self) -> dict[str, str]:
        """For a child process that shall use these devices."""
        lines = [line.removeprefix("export ") for line in self._call("env").stdout.splitlines()]
        settings = dict(line.split("=", 1) for line in lines)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        return {**kept, **{name: value.strip("'") for name, value in settings.items()}}

    def run(self, arguments: Sequence[str], timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments on the devices, to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def spawn(self, arguments: Sequence[str], **more: Any) -> subprocess.Popen[str]:
        """Start Python with these arguments on the devices."""
        return subprocess.Popen(
            [sys.executable, *arguments], env=self.environment(), cwd=REPOSITORY, text=True, **more
        )

    def speak(self, path: Path) -> None:
        """Speak a sound file into the microphone; returns when it was said."""
        self._call("speak", path, timeout=60)

    def echo(self, delay_ms: int, loss_db: float) -> None:
        """Let the loudspeaker leak into the microphone."""
        self._call("echo", delay_ms, loss_db)

    def no_echo(self) -> None:
        self._call("echo", "off")

    def silence(self, seconds: float, timeout_s: float = 30) -> None:
        """Wait until the loudspeaker has been silent for so long."""
        self._call("silence", seconds, round(timeout_s))

    @contextmanager
    def recording(self, path: Path, source: str = "speaker") -> Iterator[None]:
        """Capture what is played (``speaker``) or heard (``mic``) while the block runs."""
        device = {"speaker": "speaker.monitor", "mic": "mic"}[source]
        form = ["--file-format=wav", "--format=s16le", "--rate=24000", "--channels=1", "--latency-msec=20"]
        child = subprocess.Popen(["parec", f"--device={device}", *form, str(path)], env=self.environment())
        try:
            _wait_for(lambda: path.exists() and path.stat().st_size > 44)
            yield
        finally:
            time.sleep(0.2)  # what is in the sound server's own buffers is still to come
            child.terminate()
            child.wait(timeout=10)


def _wait_for(true: Any, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "the recording did not start"
        time.sleep(0.02)


def load(path: Path) -> np.ndarray:
    """A capture as int16 at 24 kHz."""
    with path.open("rb") as file:
        return np.concatenate(list(read_wav(file, str(path))))


@contextmanager
def running(rate_hz: int = 48_000, echo: tuple[int, float] | None = None) -> Iterator[VirtualDevices]:
    """An instance in a directory of its own; the whole test is skipped where there can be none."""
    if reason := why_not():
        pytest.skip(reason)
    directory = Path(tempfile.mkdtemp(prefix="devices-"))
    devices = VirtualDevices(directory)
    try:
        devices.start(rate_hz, echo)
        yield devices
    finally:
        devices.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def virtual_devices() -> Iterator[VirtualDevices]:
    """Virtual devices at 48 kHz without echo, shared by the tests of one module on one worker."""
    with running() as devices:
        yield devices

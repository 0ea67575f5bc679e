"""Missing or wrong weights are told with the remedy; nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.server.engine.runtime import weights


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(ConfigError, match=r"'no-such==1'.*install hibari-tts"):
        weights("no_such_package", "model.ort", "no-such==1", "00")


def test_a_wheel_without_weights_names_the_pin() -> None:
    with pytest.raises(ConfigError, match=r"does not contain assets/none\.ort.*moonshine-voice<0\.1\.1"):
        weights("moonshine_voice", "assets/none.ort", "moonshine-voice<0.1.1", "00")


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"SHA-256 is 6884b35fd637….*--force-reinstall"):
        weights("moonshine_voice", "assets/tiny-en/tokenizer.bin", "moonshine-voice<0.1.1", "00" * 32)


def test_importing_the_engine_imports_no_model_runtime() -> None:
    code = (
        "import sys, realtime_cli.server.engine.engine, realtime_cli.server.engine.dialogue\n"
        "print([m for m in ('onnxruntime', 'hibari', 'samplerate', 'httpx2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

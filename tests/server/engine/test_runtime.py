"""Missing or wrong weights are told with the remedy; nothing heavy is imported early or kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


MANY_SENTENCES = """
import sys
from pathlib import Path
from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.synthesiser import HibariVoice

def memory_kib():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))

voice, recogniser = HibariVoice(), Recogniser()
words = 3 * "the agent says something of another length each time and hears it again afterwards".split()
for turn in range(25):
    if turn == 5:
        before_kib = memory_kib()
    for sound in voice.speak(" ".join(words[: 1 + 17 * turn % 41])):
        recogniser.transcribe(sound)
print(memory_kib() - before_kib)
"""


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux counts memory so")
def test_sentences_of_all_lengths_leave_no_memory_behind() -> None:
    done = subprocess.run([sys.executable, "-c", MANY_SENTENCES], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4096

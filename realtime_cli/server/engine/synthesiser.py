"""Sound from words, sentence by sentence: hibari's voice heart, espeak-ng behind it, or a canned tone."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Floats, Samples, to_int16
from realtime_cli.audio.resample import convert
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.server.engine.ports import SynthesiserPort
from realtime_cli.server.engine.runtime import onnxruntime, open_model, release_memory, weights
from realtime_cli.server.engine.tts_text import readable, sentences

PIN = "hibari-tts==0.2.1"
SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
SMALLEST = "oov_gb.onnx"  # of the models in the wheel
MIN_SPEED, MAX_SPEED = 0.5, 2.0  # hibari's range; the protocol's is 0.25 to 1.5
BLOCK_MS = 10
AUDIBLE = 16 / 32768  # the voice's silence is below 3 of 32768, its softest onset above 16
PAUSE_MS = 220
SEED = 0  # of the model's noise: the same text always gives the same samples


class HibariVoice:
    """Voice heart, the one whose weights are in the wheel (the others would be downloaded)."""

    def __init__(self) -> None:
        model = weights("hibari", "assets/hibari.onnx", PIN, SHA256)
        onnxruntime()  # before hibari imports it: the telemetry switch must be set first
        from hibari import Hibari

        # It would open the model with an arena: it gets the smallest to open, and ours takes its place.
        self._hibari: Any = Hibari(voice="heart", model=str(model.with_name(SMALLEST)), threads=1)
        self._hibari.sess = open_model(model)

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        """One chunk a sentence, about 45 ms of work each; blocking, any thread."""
        pace = min(max(speed, MIN_SPEED), MAX_SPEED)
        for sentence in sentences(readable(text)):
            for phonemes in self._hibari.phonemize(sentence):
                yield to_int16(self._sound(phonemes, pace))
        release_memory()

    def _sound(self, phonemes: str, pace: float) -> Floats:
        return trimmed(self._hibari.from_phonemes(phonemes, pace, SEED))


class EspeakVoice:
    """espeak-ng, robotic: only for machines where hibari cannot load and this is installed."""

    WORDS_PER_MINUTE = 170

    def __init__(self) -> None:
        program = shutil.which("espeak-ng")
        if program is None:
            raise ConfigError(
                "Neither hibari nor espeak-ng is installed.", f"Install hibari: {install_extra('local')}"
            )
        self._program = program

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        """One run of the program and one chunk for each sentence."""
        for sentence in sentences(readable(text)):
            yield self._say(sentence, round(self.WORDS_PER_MINUTE * speed))

    def _say(self, sentence: str, words_per_minute: int) -> Samples:
        command = [self._program, "--stdout", "-s", str(words_per_minute), "--stdin"]
        done = subprocess.run(command, input=sentence.encode(), capture_output=True, check=False)
        if done.returncode != 0 or not done.stdout:
            raise ConfigError(
                f"espeak-ng failed with exit code {done.returncode}.", f"Use hibari: {install_extra('local')}"
            )
        with wave.open(io.BytesIO(done.stdout)) as file:
            rate_hz = file.getframerate()
        return convert(np.frombuffer(done.stdout[44:], np.int16), rate_hz, RATE_HZ)


class CannedVoice:
    """A hum as long as the words would take, rendered once: so load tests do not measure synthesis."""

    MS_PER_LETTER = 65
    CLIP_MS = 60_000
    CHUNK_MS = 1_000

    def __init__(self) -> None:
        seconds = np.arange(self.CLIP_MS * SAMPLES_PER_MS, dtype=np.float32) / RATE_HZ
        voice = sum(np.sin(2 * np.pi * 140 * harmonic * seconds) / harmonic for harmonic in (1, 2, 3))
        syllables = np.sin(np.pi * 4 * seconds) ** 2
        self._clip = to_int16((0.12 * voice * syllables).astype(np.float32))

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        """Chunks of a second, at most a minute in all."""
        length = round(len(text) * self.MS_PER_LETTER / speed) * SAMPLES_PER_MS
        step = self.CHUNK_MS * SAMPLES_PER_MS
        for start in range(0, min(length, len(self._clip)), step):
            yield self._clip[start : min(start + step, length)]


def trimmed(sound: Floats) -> Floats:
    """The speech without leading silence, and with at most ``PAUSE_MS`` of silence behind it.

    hibari begins with about 220 ms of digital silence and ends with 400: the first is pure delay of the
    answer, and both together make pauses of 0.8 s between sentences.
    """
    block = BLOCK_MS * SAMPLES_PER_MS
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    loud = np.flatnonzero(np.abs(blocks).max(axis=1) >= AUDIBLE)
    if not len(loud):
        return sound[:0]
    start = max(0, int(loud[0]) - 1) * block
    return sound[start : (int(loud[-1]) + 1) * block + PAUSE_MS * SAMPLES_PER_MS]


def open_voice(speech: str) -> SynthesiserPort:
    """``auto`` (hibari, else espeak-ng if installed), ``hibari``, ``espeak`` or ``canned``.

    Raises ConfigError when it is not installed, its weights are not the known ones, or the name is unknown.
    """
    if speech == "auto":
        return _best_voice()
    kinds: dict[str, Callable[[], SynthesiserPort]] = {
        "hibari": HibariVoice,
        "espeak": EspeakVoice,
        "canned": CannedVoice,
    }
    if speech not in kinds:
        raise ConfigError(f"There is no speech engine {speech!r}.", f"Use one of: auto, {', '.join(kinds)}.")
    return kinds[speech]()


def _best_voice() -> SynthesiserPort:
    try:
        return HibariVoice()
    except ConfigError:
        if shutil.which("espeak-ng") is None:
            raise
        return EspeakVoice()

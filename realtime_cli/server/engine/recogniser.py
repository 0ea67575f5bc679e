"""Words from sound: Moonshine tiny-en, its encoder and its merged decoder run on plain onnxruntime.

The two ``.ort`` files are not documented. Found by measuring: the decoder's
``encoder_attention_mask`` has one entry per audio *sample*; the merged decoder gives the encoder's keys and
values in its first step only, later steps return empty ones; it can loop on noise and needs a bound.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.pcm import RATE_HZ, Floats, Samples, to_float
from realtime_cli.audio.resample import convert
from realtime_cli.server.engine.crop import pieces
from realtime_cli.server.engine.runtime import open_model, release_memory, weights

PIN = "moonshine-voice>=0.0.44,<0.1.1"
SHA256 = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}
MODEL_RATE_HZ = 16_000
TAIL_MS = 250  # of zeros behind the speech: 1.9 % word errors with the crop and the tail, 3.7 % without
START_TOKEN, STOP_TOKEN = 1, 2
TOKENS_PER_SECOND = 6.5
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36


class Recogniser:
    """Loads two models (43 MB) on construction; after that any number of threads may transcribe."""

    def __init__(self) -> None:
        self._encoder = open_model(_weights("encoder_model.ort"))
        self._decoder = open_model(_weights("decoder_model_merged.ort"))
        self._vocabulary = read_vocabulary(_weights("tokenizer.bin"))
        self._outputs = [output.name for output in self._decoder.get_outputs()]

    def transcribe(self, samples: Samples) -> str:
        """The English words in ``samples`` (int16 mono 24 kHz), as written text; "" for no sound.

        Blocking, about 40 ms for a second of sound. Crop the sound first (``crop.crop``), and never ask
        about silence: it decodes to "You". Sound over 12 s is cut at its quietest places.
        """
        text = " ".join(filter(None, (self._decode(piece) for piece in pieces(samples))))
        release_memory()
        return text

    def _decode(self, samples: Samples) -> str:
        sound = to_float(convert(samples, RATE_HZ, MODEL_RATE_HZ))
        sound = np.concatenate([sound, np.zeros(MODEL_RATE_HZ * TAIL_MS // 1000, np.float32)])
        tokens = self._tokens(sound[np.newaxis])
        return b"".join(self._vocabulary[token] for token in tokens).decode(errors="ignore").strip()

    def _tokens(self, sound: Floats) -> list[int]:
        mask = np.ones(sound.shape, np.int64)
        hidden = self._encoder.run(None, {"input_values": sound, "attention_mask": mask})[0]
        inputs = {
            "encoder_hidden_states": hidden,
            "encoder_attention_mask": mask,
            "use_cache_branch": np.array([False]),
            **_no_past(),
        }
        tokens = [START_TOKEN]
        for _ in range(math.ceil(sound.shape[1] / MODEL_RATE_HZ * TOKENS_PER_SECOND)):
            inputs["input_ids"] = np.array([tokens[-1:]], np.int64)
            token = self._step(inputs)
            if token == STOP_TOKEN:
                break
            tokens.append(token)
        return tokens[1:]

    def _step(self, inputs: dict[str, npt.NDArray[Any]]) -> int:
        """One token on; what the decoder remembers is put back into ``inputs``."""
        first = not inputs["use_cache_branch"][0]
        outputs = dict(zip(self._outputs, self._decoder.run(None, inputs), strict=True))
        for name, value in outputs.items():
            if name.startswith("present.") and (first or ".decoder." in name):
                inputs[name.replace("present.", "past_key_values.")] = value
        inputs["use_cache_branch"] = np.array([True])
        return int(outputs["logits"][0, -1].argmax())


def read_vocabulary(file: Path) -> list[bytes]:
    """Token number to bytes.

    The file is a row of length-prefixed entries; from 128 on, the length takes two bytes, the low seven bits
    first.
    """
    data = file.read_bytes()
    entries, at = [], 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * data[at], at + 1
        entries.append(data[at : at + length].replace("▁".encode(), b" "))
        at += length
    return entries


def _weights(name: str) -> Path:
    return weights("moonshine_voice", f"assets/tiny-en/{name}", PIN, SHA256[name])


def _no_past() -> dict[str, npt.NDArray[np.float32]]:
    empty = np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32)
    return {
        f"past_key_values.{layer}.{side}.{what}": empty
        for layer in range(LAYERS)
        for side in ("decoder", "encoder")
        for what in ("key", "value")
    }

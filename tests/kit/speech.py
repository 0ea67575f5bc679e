"""The spoken test clips: 24 kHz mono, with what is said in each (origin and licences: their README)."""

from __future__ import annotations

import json
import wave
from functools import cache
from pathlib import Path

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples

FOLDER = Path(__file__).parents[1] / "data" / "speech"


@cache
def transcripts() -> dict[str, str]:
    """Clip name to its words; "" for the clip without speech."""
    found: dict[str, str] = json.loads((FOLDER / "transcripts.json").read_text())
    return found


def clip_path(name: str) -> Path:
    return FOLDER / f"{name}.wav"


def clip(name: str) -> Samples:
    with wave.open(str(clip_path(name))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def clip_set(name: str) -> str:
    """The name without its number: "human-03" is one of "human", "more-case-bye" of "more-case"."""
    return name.rsplit("-", 1)[0]

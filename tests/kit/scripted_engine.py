"""An engine that hears, thinks and speaks by script: for tests of the dialogue, not of the models.

Loud sound is speech, its words are those of the script in order; answers are scripted too, and every
word takes 100 ms to say.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator

import numpy as np

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.server.engine.ports import EngineCall, EngineText, ReplyRequest

WINDOW = 32 * SAMPLES_PER_MS
WORD_MS = 100

Piece = EngineText | EngineCall | Exception


def loud(ms: float) -> bytes:
    """Wire bytes (PCM) that count as speech."""
    return np.full(int(ms * SAMPLES_PER_MS), 8000, "<i2").tobytes()


def quiet(ms: float) -> bytes:
    return bytes(int(ms * SAMPLES_PER_MS) * 2)


class LoudnessDetector:
    """Speech is what is loud."""

    def __init__(self) -> None:
        self._pending: Samples = np.zeros(0, np.int16)

    def feed(self, samples: Samples) -> list[float]:
        self._pending = np.concatenate([self._pending, samples])
        found = []
        while len(self._pending) >= WINDOW:
            found.append(0.95 if np.abs(self._pending[:WINDOW]).mean() > 500 else 0.05)
            self._pending = self._pending[WINDOW:]
        return found


class ScriptedEngine:
    """``words``: what is understood, turn by turn. ``answers``: the pieces of each answer, turn by turn.

    ``pause``: an event that speaking waits for behind every sentence but the first.
    """

    def __init__(
        self,
        words: Iterable[str | Exception] = (),
        answers: Iterable[Iterable[Piece]] = (),
        pause: threading.Event | None = None,
    ) -> None:
        self._words = deque(words)
        self._answers = deque(answers)
        self._pause = pause
        self.requests: list[ReplyRequest] = []
        self.heard_ms: list[float] = []
        self.sentences: list[str] = []
        self.speeds: list[float] = []

    def voice_activity(self) -> LoudnessDetector:
        return LoudnessDetector()

    @property
    def recogniser(self) -> ScriptedEngine:
        return self

    @property
    def synthesiser(self) -> ScriptedEngine:
        return self

    @property
    def reply(self) -> ScriptedReply:
        return ScriptedReply(self)

    def transcribe(self, samples: Samples) -> str:
        self.heard_ms.append(len(samples) / SAMPLES_PER_MS)
        word = self._words.popleft() if self._words else ""
        if isinstance(word, Exception):
            raise word
        return word

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        self.sentences.append(text)
        self.speeds.append(speed)
        if len(self.sentences) > 1 and self._pause:
            self._pause.wait(5)
        for _ in text.split():
            yield np.full(WORD_MS * SAMPLES_PER_MS, 5000, np.int16)

    def next_answer(self) -> Iterable[Piece]:
        return self._answers.popleft() if self._answers else [EngineText("Yes.")]


class ScriptedReply:
    """One of the scripted answers for each request."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine

    async def reply(self, request: ReplyRequest) -> AsyncIterator[EngineText | EngineCall]:
        self._engine.requests.append(request)
        for piece in self._engine.next_answer():
            if isinstance(piece, Exception):
                raise piece
            yield piece

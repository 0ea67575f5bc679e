"""When the user begins and ends a turn: speech probabilities in, turn marks out.

``server_vad`` ends a turn after ``silence_duration_ms`` without speech. ``semantic_vad`` waits for words
that sound complete: the real one is a model, ours asks whether the transcript so far looks like a
whole sentence, and waits longer if it does not.
"""

from __future__ import annotations

import re
from typing import Any

from realtime_cli.value import value

WINDOW_MS = 32
ONSET_WINDOWS = 2  # one window over the threshold is a click or a cough
RELEASE_BELOW = (
    0.15  # hysteresis: speech ends this much below the threshold, so that a fading vowel does not end it
)
SPECULATE_AFTER_MS = 250  # after so much silence a transcript is requested, in case the turn is over
MAX_WAIT_MS = {"low": 8_000, "medium": 4_000, "auto": 4_000, "high": 2_000}
COMPLETE_WAIT_MS = {"low": 1_000, "medium": 600, "auto": 600, "high": 400}


@value
class TurnStarted:
    """Speech was heard first at ``onset_ms``."""

    onset_ms: float


@value
class TurnPaused:
    """Silence since ``speech_end_ms``: maybe the turn is over."""

    onset_ms: float
    speech_end_ms: float


@value
class TurnResumed:
    """The user speaks again: the turn goes on."""


@value
class TurnEnded:
    """The turn is over: the silence has been long enough."""

    onset_ms: float
    speech_end_ms: float
    end_ms: float


TurnMark = TurnStarted | TurnPaused | TurnResumed | TurnEnded


class TurnDetector:
    """Counts windows from ``start_ms`` (session time) on; ``settings`` is the wire's turn_detection."""

    def __init__(self, settings: dict[str, Any], start_ms: float) -> None:
        self.settings = settings
        self._now_ms = start_ms
        self._speech_windows = 0
        self._onset_ms: float | None = None
        self._speech_end_ms = start_ms
        self._paused = False
        self._complete: bool | None = None

    @property
    def keep_from_ms(self) -> float:
        """Audio before this position (session time, ms) will not be needed."""
        since = self._onset_ms if self._onset_ms is not None else self._now_ms
        return since - float(self.settings.get("prefix_padding_ms", 300)) - 1_000

    def judge_transcript(self, text: str) -> None:
        """Judge from the transcript so far whether the turn is complete, for ``semantic_vad``."""
        self._complete = looks_complete(text)

    def feed(self, probability: float) -> list[TurnMark]:
        """Take the speech probability (0 to 1) of the next window of 32 ms."""
        self._now_ms += WINDOW_MS
        threshold = self.settings.get("threshold", 0.5)
        if self._onset_ms is None:
            return self._await_onset(probability >= threshold)
        if probability >= threshold - (RELEASE_BELOW if not self._silence_ms else 0):
            return self._speech()
        return self._silence()

    @property
    def _silence_ms(self) -> float:
        return self._now_ms - self._speech_end_ms - WINDOW_MS

    def _await_onset(self, loud: bool) -> list[TurnMark]:
        self._speech_windows = self._speech_windows + 1 if loud else 0
        if self._speech_windows < ONSET_WINDOWS:
            return []
        self._onset_ms = self._now_ms - self._speech_windows * WINDOW_MS
        self._speech_end_ms = self._now_ms
        self._paused, self._complete = False, None
        return [TurnStarted(self._onset_ms)]

    def _speech(self) -> list[TurnMark]:
        self._speech_end_ms = self._now_ms
        self._complete = None
        paused, self._paused = self._paused, False
        return [TurnResumed()] if paused else []

    def _silence(self) -> list[TurnMark]:
        onset_ms = self._onset_ms or 0.0
        silence_ms = self._now_ms - self._speech_end_ms
        marks: list[TurnMark] = []
        if silence_ms >= min(SPECULATE_AFTER_MS, self._required_silence_ms()) and not self._paused:
            self._paused = True
            marks.append(TurnPaused(onset_ms, self._speech_end_ms))
        if silence_ms >= self._required_silence_ms():
            marks.append(TurnEnded(onset_ms, self._speech_end_ms, self._now_ms))
            self._onset_ms, self._speech_windows = None, 0
        return marks

    def _required_silence_ms(self) -> float:
        if self.settings.get("type") != "semantic_vad":
            return max(WINDOW_MS, float(self.settings.get("silence_duration_ms", 500)))
        eagerness = self.settings.get("eagerness", "auto")
        return (COMPLETE_WAIT_MS if self._complete else MAX_WAIT_MS)[eagerness]


_UNFINISHED = re.compile(
    r"\b(a|about|and|an|as|at|because|but|by|for|from|if|in|is|like|my|of|on|or|so|than|that|the|then|to|"
    r"uh|um|er|when|which|with|your)[.,…\s]*$",
    re.IGNORECASE,
)


def looks_complete(text: str) -> bool:
    """Whether the words could be a whole turn: no open punctuation, no last word that needs another."""
    text = text.strip()
    if not text or text.endswith(("...", "…", ",", "-", "—", ":")):
        return False
    return not _UNFINISHED.search(text)

"""The user's side of a Live session: sound in, transcript fragments out, and who speaks when.

A stretch of speech up to a pause is transcribed as soon as the pause is there; a turn is all stretches up
to a pause that is long enough.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from realtime_cli.server.effects import DetectVoice, Transcribe
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.input_buffer import InputBuffer
from realtime_cli.server.live.fragments import TranscriptFragment, fragments, timed_words
from realtime_cli.server.settings import SERVER_VAD
from realtime_cli.server.turn_detector import (
    WINDOW_MS,
    TurnDetector,
    TurnEnded,
    TurnMark,
    TurnPaused,
    TurnResumed,
    TurnStarted,
)

PCM = "audio/pcm"  # within the session all sound is PCM at 24 kHz
UNJUDGED_MS = 3 * WINDOW_MS  # sound that fills no window, and what the detector's resampler holds back
BEFORE_MS = 200.0  # of sound in front of a stretch that the recogniser gets


@dataclass(slots=True)
class HeardStretch:
    """Speech between two pauses; ``text`` is None until it is transcribed."""

    ticket: int
    start_ms: float
    end_ms: float
    text: str | None = None


class SpeechInput:
    """Calls ``on_started(at)`` when the user begins to speak, and ``on_said(at, text)`` after a turn."""

    def __init__(
        self,
        events: EventQueue,
        silence_ms: int,
        *,
        on_started: Callable[[float], None],
        on_fragment: Callable[[TranscriptFragment], None],
        on_said: Callable[[float, str], None],
    ) -> None:
        self._events = events
        self._on_started, self._on_fragment, self._on_said = on_started, on_fragment, on_said
        self._buffer = InputBuffer(PCM)
        self._detector = TurnDetector({**SERVER_VAD, "silence_duration_ms": silence_ms}, 0.0)
        self._now_ms = 0.0  # up to where the voice detector has judged
        self._stretch_start_ms: float | None = None
        self._stretches: deque[HeardStretch] = deque()
        self._tickets = 0
        self._said = ""
        self.user_speaks = False

    def feed(self, pcm: bytes) -> None:
        """Sound that is due."""
        self._buffer.append(pcm)
        self._events.do(DetectVoice(0, pcm, PCM))
        since_ms = self._now_ms if self._stretch_start_ms is None else self._stretch_start_ms
        self._buffer.forget_before(since_ms - BEFORE_MS - 1_000)

    @property
    def settled(self) -> bool:
        """All sound has been judged, and all that was said is written down."""
        judged = self._buffer.end_ms - self._now_ms < UNJUDGED_MS
        return judged and not self.user_speaks and not self._stretches

    def vad_result(self, at: float, probabilities: tuple[float, ...]) -> None:
        """Take the voice detector's probabilities (0 to 1) of the next windows."""
        for probability in probabilities:
            self._now_ms += WINDOW_MS
            for mark in self._detector.feed(probability):
                self._apply(at, mark)

    def _apply(self, at: float, mark: TurnMark) -> None:
        match mark:
            case TurnStarted():
                self.user_speaks = True
                self._stretch_start_ms = mark.onset_ms
                self._on_started(at)
            case TurnPaused() if self._stretch_start_ms is not None:
                self._transcribe(self._stretch_start_ms, mark.speech_end_ms)
            case TurnResumed():
                self._stretch_start_ms = self._now_ms - WINDOW_MS
            case TurnEnded():
                self.user_speaks = False
                self._flush(at)

    def _transcribe(self, start_ms: float, end_ms: float) -> None:
        self._tickets += 1
        self._stretch_start_ms = None
        self._stretches.append(HeardStretch(self._tickets, start_ms, end_ms))
        from_ms = max(self._buffer.start_ms, start_ms - BEFORE_MS)
        audio = self._buffer.between(from_ms, self._buffer.end_ms)
        self._events.do(Transcribe(self._tickets, audio, PCM, start_ms - from_ms, end_ms - from_ms))

    def transcribed(self, at: float, ticket: int, text: str) -> None:
        """Take the words of a stretch; "" when there are none, or the recogniser failed."""
        for stretch in self._stretches:
            if stretch.ticket == ticket:
                stretch.text = text
        self._flush(at)

    def _flush(self, at: float) -> None:
        """Emit what is transcribed, in the order in which it was said; the turn when all of it is."""
        while self._stretches and self._stretches[0].text is not None:
            self._emit(self._stretches.popleft())
        if not self._stretches and not self.user_speaks:
            said, self._said = self._said.strip(), ""
            if said:
                self._on_said(at, said)

    def _emit(self, stretch: HeardStretch) -> None:
        words = timed_words(stretch.text or "", stretch.start_ms, stretch.end_ms, continues=bool(self._said))
        for fragment in fragments(words):
            self._said += fragment.text
            self._on_fragment(fragment)

"""The agent's voice: texts in, one block of sound for every 100 ms of the session out, silence included.

A text is spoken once all its sound is made, so that every word has its time. What was not spoken when the
user interrupts is forgotten, words and sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from realtime_cli.audio.pcm import BYTES_PER_MS
from realtime_cli.protocol.live.limits import OUTPUT_DELTA_MS, TRANSCRIPT_GRID_MS
from realtime_cli.server.effects import CancelResponse, Synthesize
from realtime_cli.server.event_queue import EventQueue
from realtime_cli.server.live.fragments import (
    TimedWord,
    TranscriptFragment,
    fragments,
    timed_words,
)

BLOCK_BYTES = OUTPUT_DELTA_MS * BYTES_PER_MS
MAX_READY_MS = 6_000  # sound made ahead: an interrupted speech wastes little work
FADE_MS = 20  # of the sound that is cut off, so that it does not click


@dataclass(slots=True)
class AgentUtterance:
    """One thing to say, text by text. ``ended``: there will be no more texts.

    ``lasts``: what the user says before it has begun does not make it superfluous.
    """

    id: str
    ended: bool = False
    texts: deque[str] = field(default_factory=deque)
    ready: deque[tuple[str, bytes]] = field(default_factory=deque)
    making: str | None = None
    made: bytearray = field(default_factory=bytearray)
    begun: bool = False
    lasts: bool = False
    on_words: Callable[[str], None] = lambda words: None
    on_over: Callable[[], None] = lambda: None

    @property
    def over(self) -> bool:
        return self.ended and not (self.texts or self.ready or self.making)


class AgentVoice:
    """What the agent says, in order. Positions are session time in ms."""

    def __init__(
        self, events: EventQueue, voice: str, on_fragment: Callable[[TranscriptFragment], None]
    ) -> None:
        self._events = events
        self._voice = voice
        self._on_fragment = on_fragment
        self._queue: deque[AgentUtterance] = deque()
        self._sound = bytearray()  # of the text that is being spoken
        self._speaking: AgentUtterance | None = None  # whose text it is
        self._words: deque[tuple[TimedWord, AgentUtterance]] = deque()  # of sound that is out or under way
        self._position_ms = 0.0
        self.held = False  # the user speaks: nothing new is begun

    @property
    def speaks(self) -> bool:
        """Whether anything is said, or about to be."""
        return bool(self._queue or self._sound)

    # -- what to say ----------------------------------------------------------------------------

    def begin(
        self,
        on_words: Callable[[str], None] = lambda words: None,
        on_over: Callable[[], None] = lambda: None,
        *,
        lasts: bool = False,
    ) -> AgentUtterance:
        """Queue an utterance; its texts come with ``add``.

        ``on_words`` hears what was spoken of it, ``on_over`` that all of it was, unless it is interrupted.
        """
        utterance = AgentUtterance(
            self._events.new_id("say"), lasts=lasts, on_words=on_words, on_over=on_over
        )
        self._queue.append(utterance)
        return utterance

    def play(self, pcm: bytes, on_over: Callable[[], None]) -> None:
        """Play given sound at once, without words."""
        self.stop()
        fixture = AgentUtterance(self._events.new_id("say"), ended=True, on_over=on_over)
        fixture.ready.append(("", pcm))
        self._queue.appendleft(fixture)

    def add(self, utterance: AgentUtterance, text: str) -> None:
        """One more text; of no effect once it was interrupted."""
        utterance.texts.append(text)
        self._make()

    def end(self, utterance: AgentUtterance) -> None:
        utterance.ended = True
        self._drop_finished()

    def stop(self) -> None:
        """Say no more: the user speaks. A short fade is all that still comes of what was begun."""
        kept: deque[AgentUtterance] = deque()
        for utterance in self._queue:
            if utterance.lasts and not utterance.begun:
                kept.append(utterance)
            else:
                self._events.do(CancelResponse(utterance.id))
        self._queue = kept
        self._speaking = None
        keep = FADE_MS * BYTES_PER_MS
        tail = np.frombuffer(bytes(self._sound[:keep]), "<i2")
        self._sound = bytearray((tail * np.linspace(1, 0, len(tail))).astype("<i2").tobytes())
        self._words = deque(each for each in self._words if each[0].middle_ms <= self._position_ms)

    # -- sound that is made ---------------------------------------------------------------------

    def _make(self) -> None:
        """Ask for the sound of the next text, one at a time."""
        if any(utterance.making for utterance in self._queue) or self._ready_ms() > MAX_READY_MS:
            return
        waiting = next((utterance for utterance in self._queue if utterance.texts), None)
        if waiting:
            waiting.making = waiting.texts.popleft()
            self._events.do(Synthesize(waiting.id, waiting.making, "audio/pcm", 1.0, self._voice))

    def _ready_ms(self) -> float:
        ready = sum(len(sound) for utterance in self._queue for _, sound in utterance.ready)
        return (ready + len(self._sound)) / BYTES_PER_MS

    def sound_made(self, utterance_id: str, pcm: bytes) -> None:
        if utterance := self._find(utterance_id):
            utterance.made += pcm

    def text_made(self, utterance_id: str) -> None:
        """All sound of the text that was asked for has come."""
        if (utterance := self._find(utterance_id)) and utterance.making is not None:
            utterance.ready.append((utterance.making, bytes(utterance.made)))
            utterance.making, utterance.made = None, bytearray()
            self._make()

    def cannot_make(self, utterance_id: str) -> None:
        """The synthesizer failed: the text goes unsaid."""
        if utterance := self._find(utterance_id):
            utterance.making, utterance.made = None, bytearray()
            self._drop_finished()
            self._make()

    def _find(self, utterance_id: str) -> AgentUtterance | None:
        return next((each for each in self._queue if each.id == utterance_id), None)

    # -- sound that goes out --------------------------------------------------------------------

    def block(self, start_ms: float) -> bytes:
        """The sound (PCM, 24 kHz) of the 100 ms from ``start_ms`` on."""
        while len(self._sound) < BLOCK_BYTES:
            if not self._next_text(start_ms + len(self._sound) / BYTES_PER_MS):
                break
        block = bytes(self._sound[:BLOCK_BYTES])
        del self._sound[:BLOCK_BYTES]
        self._position_ms = start_ms + OUTPUT_DELTA_MS
        self._drop_finished()
        self._make()
        return block + bytes(BLOCK_BYTES - len(block))

    def _next_text(self, at_ms: float) -> bool:
        """Begin with the next text that is ready. What stands first and is not ready holds the others up."""
        if self.held or not self._queue or not self._queue[0].ready:
            return False
        utterance = self._speaking = self._queue[0]
        text, sound = utterance.ready.popleft()
        self._sound += sound
        end_ms = at_ms + len(sound) / BYTES_PER_MS
        words = timed_words(text, at_ms, end_ms, continues=utterance.begun)
        self._words.extend((word, utterance) for word in words)
        utterance.begun = True
        return True

    def _drop_finished(self) -> None:
        while self._queue and self._queue[0].over and not (self._sound and self._speaking is self._queue[0]):
            finished = self._queue.popleft()
            self._events.do(CancelResponse(finished.id))
            finished.on_over()

    def emit_words(self) -> None:
        """Emit the words whose cell of the grid is out."""
        out_ms = self._position_ms // TRANSCRIPT_GRID_MS * TRANSCRIPT_GRID_MS
        while self._words and self._words[0][0].middle_ms < out_ms:
            utterance, words = self._words[0][1], []
            while self._words and self._words[0][1] is utterance and self._words[0][0].middle_ms < out_ms:
                words.append(self._words.popleft()[0])
            for fragment in fragments(words):
                utterance.on_words(fragment.text)
                self._on_fragment(fragment)

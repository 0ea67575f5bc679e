"""The playout buffer: what is to be heard, in order, and what was heard of it. int16, mono, 24 kHz.

The session's thread pushes, ends, stops and asks; the audio thread pulls. One lock guards the few fields
they share and is held for microseconds, to copy one block.

Only ``stop`` drops sound. Parts are played in the order in which their first sound came, each to its end.
What comes for a part that was cut is heard: whoever pushes leaves out late sound of a cancelled answer.

Heard is what left the loudspeaker: each pulled block is a span with the time at which the device makes it
audible, and the spans that lie in the past are what was heard.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_cli.audio.jitter import MIN_STREAM_MS, ArrivalTracker, JitterEstimator, StreamClock
from realtime_cli.audio.pcm import RATE_HZ, SAMPLES_PER_MS, Samples, dbfs, silence
from realtime_cli.audio.recent_level import RecentLevel
from realtime_cli.notices import HeardItem

DUCKED_GAIN = 0.25
FADE_SAMPLES = 10 * SAMPLES_PER_MS
REFILL_MS = 60.0  # after starving: one gap instead of many small ones on a wire that is too slow
STARVATION_TIMEOUT_S = 0.3  # how long a starved part that nobody ended holds up the next one
LEVEL_MS = 100

STREAM_STEP = 10 * SAMPLES_PER_MS  # a stream's pace is corrected in steps of this, in its silence
STREAM_SILENCE_DBFS = -50.0

PartKey = tuple[str, int]


@dataclass(eq=False, slots=True)
class _QueuedPart:
    """One content part: what is queued of it, and how far it has gone (in samples)."""

    key: PartKey
    arrival: ArrivalTracker
    blocks: deque[Samples] = field(default_factory=deque)
    offset: int = 0  # into the first block
    pushed: int = 0
    pulled: int = 0
    heard: int = 0
    ended: bool = False
    reported: bool = False  # that it was heard to its end
    starved_since_s: float | None = None

    @property
    def finished(self) -> bool:
        return self.ended and self.heard == self.pushed

    def copy_to(self, block: Samples, filled: int) -> int:
        """Move samples of the first queued block into ``block``; returns how many."""
        source = self.blocks[0]
        count = min(len(block) - filled, len(source) - self.offset)
        block[filled : filled + count] = source[self.offset : self.offset + count]
        self.offset += count
        self.pulled += count
        if self.offset == len(source):
            self.blocks.popleft()
            self.offset = 0
        return count


class PlaybackSpan(NamedTuple):
    """``length`` samples of a part from ``start`` on become audible from ``audible_at_s`` on."""

    audible_at_s: float
    part: _QueuedPart
    start: int
    length: int

    def heard_by(self, now: float) -> int:
        """How many of the samples are audible by then."""
        return min(self.length, max(0, round((now - self.audible_at_s) * RATE_HZ)))


class Playout:
    """The queue between the wire and the loudspeaker. ``clock`` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._parts: list[_QueuedPart] = []
        self._spans: deque[PlaybackSpan] = deque()
        self._jitter = JitterEstimator()
        self._duck = False
        self._held_since_s: float | None = None
        self._gain = 1.0
        self._flowing = False
        self._waits_since_s: float | None = None  # for more of the sound that came then
        self._fade = silence(0)
        self._level = RecentLevel(LEVEL_MS)
        self.underruns = 0
        self.gap_ms = 0.0
        self._stream: StreamClock | None = None

    # -- the session's side -------------------------------------------------------------------

    def push(self, item_id: str, content_index: int, samples: npt.NDArray[np.int16]) -> None:
        """Queue sound (int16, 24 kHz, mono). It is kept, not copied: do not write to it afterwards."""
        key = (item_id, content_index)
        now = self._clock()
        with self._lock:
            if not len(samples):
                return
            part = self._find(key) or self._begin(key, now)
            if self._stream:
                self._stream.arrived(now, len(samples) / SAMPLES_PER_MS)
            part.ended = part.reported = False  # a server that goes on after its "done" is heard as well
            part.arrival.piece(now, len(samples) / SAMPLES_PER_MS)
            part.blocks.append(samples)
            part.pushed += len(samples)
            if not self._flowing and self._waits_since_s is None:
                self._waits_since_s = now

    def follow_sender(self) -> None:
        """The sound is one stream in real time, with its pauses: keep a cushion, and the sender's pace."""
        with self._lock:
            self._stream = StreamClock()

    def end(self, item_id: str, content_index: int) -> None:
        """All sound of this part has been pushed: what is queued of it need not wait for more."""
        with self._lock:
            if part := self._find((item_id, content_index)):
                part.ended = True
                self._jitter.remember(part.arrival)

    def stop(self, flush_s: float = 0.0) -> tuple[HeardItem, ...]:
        """Drop everything but a fade of 10 ms, and say what was heard of each part, in play order.

        ``flush_s``: how long the device goes on with what it has. A part that ``heard`` has reported as
        finished may be left out.
        """
        now = self._clock() + flush_s
        with self._lock:
            heard = self._report(now)
            self._fade = self._fading_out() if self._held_since_s is None else silence(0)
            for part in self._parts:
                self._jitter.remember(part.arrival)
            self._parts.clear()
            self._spans.clear()
            self._flowing, self._waits_since_s, self._held_since_s = False, None, None
        return heard

    def duck(self, on: bool, *, hold: bool = False) -> None:
        """Lower the sound by 12 dB, or bring it back.

        ``hold``: fade to silence within 10 ms. Nothing is lost and nothing doubled: the sound goes on from
        the sample at which it was held, as loud at each as the fade was soft.
        """
        now = self._clock()
        with self._lock:
            since_s, self._duck = self._held_since_s, on and not hold
            if not (on and hold):
                self._held_since_s = None
            elif since_s is None:
                self._held_since_s = now
                self._fade = self._fading_out()
            if since_s is not None and self._held_since_s is None:
                self._gain = 0.0
                for part in self._parts:
                    if part.starved_since_s is not None:  # a gap is what was heard as one
                        part.starved_since_s += now - since_s

    def forget_fade(self) -> None:
        """The device was flushed: there is nothing left that a fade could follow."""
        with self._lock:
            self._fade = silence(0)

    def heard(self) -> tuple[HeardItem, ...]:
        """What has been heard of each part that was begun or queued, in play order."""
        now = self._clock()
        with self._lock:
            return self._report(now)

    @property
    def queued_ms(self) -> float:
        """How much sound waits to be pulled."""
        with self._lock:
            return self._queued() / SAMPLES_PER_MS

    @property
    def flowing(self) -> bool:
        """Whether there was sound in the last block that was pulled, and more is there."""
        return self._flowing

    @property
    def idle(self) -> bool:
        """Whether everything that was pushed has been heard."""
        now = self._clock()
        with self._lock:
            self._settle(now)
            return not self._spans and not self._queued() and not len(self._fade)

    @property
    def wait_ms(self) -> float:
        """How long the next answer is held back at most, from what this wire has shown."""
        return self._jitter.wait_ms

    @property
    def level_dbfs(self) -> float:
        """Loudness of the last 100 ms that were pulled."""
        return self._level.mean_dbfs

    # -- the audio thread's side --------------------------------------------------------------

    def pull(self, count: int, latency_s: float = 0.0) -> Samples:
        """The next ``count`` samples, zeros where there is nothing; audible in ``latency_s`` seconds."""
        block = silence(count)
        with self._lock:
            if self._flowing or self._waits_since_s is not None or self._spans or len(self._fade):
                now = self._clock()
                filled = self._take_fade(block)
                if self._held_since_s is None and (self._flowing or self._may_start(now)):
                    self._fill(block, filled, now, latency_s)
                self._settle(now)
        block = self._ducked(block)
        self._level.add(block)
        return block

    def _ducked(self, block: Samples) -> Samples:
        """The block at the gain wanted; a change is a ramp of 10 ms, so that it does not click."""
        requested = DUCKED_GAIN if self._duck else 1.0
        if self._gain == requested == 1.0:
            return block
        gains = np.full(len(block), requested, np.float32)
        steps = min(len(block), FADE_SAMPLES)
        gains[:steps] = np.linspace(self._gain, requested, steps, endpoint=False, dtype=np.float32)
        self._gain = requested
        return (block * gains).astype(np.int16)

    def _may_start(self, now: float) -> bool:
        part = self._head(now)
        if part is None or not part.blocks or self._waits_since_s is None:
            return False
        waited_ms = 1000 * (now - self._waits_since_s)
        queued_ms = self._queued() / SAMPLES_PER_MS
        if self._stream:
            self._flowing = waited_ms >= self._stream.cushion_ms or queued_ms >= self._stream.max_ms
            self._waits_since_s = None if self._flowing else self._waits_since_s
            return self._flowing
        complete = part.ended or part is not self._parts[-1]
        if part.starved_since_s is not None:
            self._flowing = complete or waited_ms >= REFILL_MS or queued_ms >= REFILL_MS
        else:
            self._flowing = complete or self._jitter.may_start(part.arrival, now, queued_ms)
        if self._flowing:
            self._waits_since_s = None
        return self._flowing

    def _fill(self, block: Samples, filled: int, now: float, latency_s: float) -> None:
        while filled < len(block):
            part = self._head(now)
            if part is None or not part.blocks:
                self._flowing = False
                self._waits_since_s = now if self._queued() else None
                if part and part.starved_since_s is None:
                    part.starved_since_s = now + filled / RATE_HZ
                return
            if self._stream and (wait := self._keep_pace(part, len(block) - filled)):
                filled += wait
                continue
            audible_at_s = now + latency_s + filled / RATE_HZ
            self._count_gap(part, now + filled / RATE_HZ)
            start = part.pulled
            count = part.copy_to(block, filled)
            self._spans.append(PlaybackSpan(audible_at_s, part, start, count))
            filled += count

    def _keep_pace(self, part: _QueuedPart, room: int) -> int:
        """In silence, skip what is too much; returns how many zeros to give where the queue has too little.

        What is skipped counts as heard: positions stay those of the stream.
        """
        assert self._stream
        queued_ms = self._queued() / SAMPLES_PER_MS
        if MIN_STREAM_MS <= queued_ms <= self._stream.max_ms:
            return 0
        ahead = part.blocks[0][part.offset : part.offset + STREAM_STEP]
        if ahead.any() and dbfs(ahead) > STREAM_SILENCE_DBFS:
            return 0
        if queued_ms > self._stream.max_ms and len(ahead) < self._queued():
            part.copy_to(np.empty(len(ahead), np.int16), 0)
            self._stream.skipped_ms += len(ahead) / SAMPLES_PER_MS
        elif queued_ms < MIN_STREAM_MS:
            added = min(room, STREAM_STEP)
            self._stream.added_ms += added / SAMPLES_PER_MS
            return added
        return 0

    def _count_gap(self, part: _QueuedPart, now: float) -> None:
        """Only now is it known that the part was not over when it starved."""
        if part.starved_since_s is not None:
            self.underruns += 1
            self.gap_ms += 1000 * (now - part.starved_since_s)
            part.starved_since_s = None

    def _take_fade(self, block: Samples) -> int:
        count = min(len(block), len(self._fade))
        if count:
            block[:count] = self._fade[:count]
            self._fade = self._fade[count:]
        return count

    # -- under the lock -----------------------------------------------------------------------

    def _find(self, key: PartKey) -> _QueuedPart | None:
        return next((part for part in self._parts if part.key == key), None)

    def _begin(self, key: PartKey, now: float) -> _QueuedPart:
        self._parts = [part for part in self._parts if not part.reported]
        part = _QueuedPart(key, ArrivalTracker(now))
        self._parts.append(part)
        return part

    def _head(self, now: float) -> _QueuedPart | None:
        """The part whose turn it is: the first with sound, or one before it that is still waited for."""
        for part in self._parts:
            waited_for = not part.ended and (
                part is self._parts[-1]
                or part.starved_since_s is None
                or now - part.starved_since_s < STARVATION_TIMEOUT_S
            )
            if part.blocks or waited_for:
                return part
        return None

    def _queued(self) -> int:
        return sum(part.pushed - part.pulled for part in self._parts)

    def _settle(self, now: float) -> None:
        """Move what has become audible from the spans to their parts."""
        while self._spans:
            span = self._spans[0]
            heard = span.heard_by(now)
            span.part.heard = max(span.part.heard, span.start + heard)
            if heard < span.length:
                return
            self._spans.popleft()

    def _report(self, now: float) -> tuple[HeardItem, ...]:
        self._settle(now)
        for part in self._parts:
            part.reported = part.reported or part.finished
        return tuple(
            HeardItem(*part.key, heard_ms=part.heard / SAMPLES_PER_MS, finished=part.finished)
            for part in self._parts
        )

    def _fading_out(self) -> Samples:
        """What would have come next, faded to nothing; nothing if nothing was sounding."""
        part = next((part for part in self._parts if part.blocks), None)
        if not self._flowing or part is None:
            return silence(0)
        next_up = part.blocks[0][part.offset : part.offset + FADE_SAMPLES]
        ramp = np.linspace(1, 0, len(next_up), endpoint=False, dtype=np.float32)
        return (next_up * ramp).astype(np.int16)

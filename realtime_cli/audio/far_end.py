"""What was given to the loudspeaker, in step with the microphone, for the echo canceller.

It must not slip: a slip of 20 ms each second costs 15 dB. So each microphone frame takes exactly its
length of reference; sound that comes late is thrown away as late as it came; and where one clock has
lost time for good, both are aligned anew once, which the canceller needs about a second to learn. Until
the first sound nothing is lost by aligning, so it is done with every frame: devices start in bursts.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples, silence

MAX_REFERENCE_BLOCKS = 500
MISSED_TO_REALIGN = 3 * FRAME_SAMPLES
FORGIVEN = 1 / 50  # of what is taken
DRIFT_SAMPLES = 100 * FRAME_SAMPLES  # over which too much reference in hand counts as drift, not as jitter


class FarEnd:
    """A queue of sound: blocks of any length in, as much as a frame has samples out.

    ``ahead`` samples are kept in hand against jitter; must stay below both devices' latencies together.
    """

    def __init__(self, ahead: int = FRAME_SAMPLES) -> None:
        self._ahead = ahead
        self._blocks: deque[Samples] = deque(maxlen=MAX_REFERENCE_BLOCKS)
        self._rest = silence(0)
        self._aligned = False
        self._debt = 0
        self._lately_missed = 0.0
        self._sounded = False
        self._lowest = MAX_REFERENCE_BLOCKS * FRAME_SAMPLES
        self._watched = 0
        self.misses = 0
        self.realigned = 0

    def put(self, block: Samples) -> None:
        """On the audio thread: an append, which is atomic."""
        self._blocks.append(block)

    def take(self, count: int) -> Samples:
        """As much reference as a microphone frame has samples; zeros where there is none."""
        while self._blocks:
            self._rest = np.concatenate([self._rest, self._blocks.popleft()])
        self._pay()
        if not self._aligned and not self._align(count):
            return silence(count)
        if len(self._rest) < count:
            return self._miss(count)
        self._lately_missed = max(0.0, self._lately_missed - FORGIVEN * count)
        self._watch_drift(count)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def _align(self, count: int) -> bool:
        """Have just enough in hand; for good as soon as there is sound in it."""
        if len(self._rest) < count + self._ahead:
            return False
        self._sounded = self._sounded or bool(self._rest.any())
        self._aligned = self._sounded
        self._rest = self._rest[-count - self._ahead :]
        return True

    def _pay(self) -> None:
        """What was late has been replaced by zeros: its time is over."""
        late = min(self._debt, len(self._rest))
        self._rest = self._rest[late:]
        self._debt -= late

    def _miss(self, count: int) -> Samples:
        self.misses += 1
        self._lately_missed += count
        if self._lately_missed > MISSED_TO_REALIGN:
            self._aligned, self._debt, self._lately_missed = False, 0, 0.0
            self.realigned += 1
        else:
            self._debt += count
        return silence(count)

    def _watch_drift(self, count: int) -> None:
        """Jitter lets the store grow for a moment; only what is never used shows that a clock is ahead."""
        self._lowest = min(self._lowest, len(self._rest) - count)
        self._watched += count
        if self._watched < DRIFT_SAMPLES:
            return
        if self._lowest > 2 * self._ahead:
            self._rest = self._rest[self._lowest - self._ahead :]
            self.realigned += 1
        self._watched, self._lowest = 0, MAX_REFERENCE_BLOCKS * FRAME_SAMPLES

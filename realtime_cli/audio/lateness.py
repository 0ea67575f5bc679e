"""How late this wire can be, learned from the arrival of sound, and so how early playing may start.

For one part of an answer, let ``late`` be how far a piece of sound came behind the schedule that the
part's first piece set. Starting after the greatest ``late`` to come never runs dry; and so does
starting with as much in the queue as ``late`` ever rises from a low to a later high (the worst stall).
Neither is known beforehand, but a wire stays what it is: the worst of the last answers is used.
"""

from __future__ import annotations

from collections import deque

LONGEST_WAIT_MS = 300.0
REMEMBERED_ANSWERS = 8  # a wire that got better is trusted again after so many answers
TELLING_MS = 1000.0  # shorter answers say too little about the wire
MARGIN_MS = 10.0
SMALL_QUEUE_MS = 40.0  # with less than this in the queue the timer's own jitter would be heard
SMALL_WAIT_MS = 20.0


class Arrival:
    """The lateness of one part's pieces against its first."""

    def __init__(self, at_s: float) -> None:
        self._first_at_s = at_s
        self._received_ms = 0.0
        self._lowest_ms = 0.0
        self.late_ms = 0.0
        self.stall_ms = 0.0

    @property
    def received_ms(self) -> float:
        return self._received_ms

    def piece(self, at_s: float, duration_ms: float) -> None:
        """A piece of sound of this duration came at this time."""
        late_ms = 1000 * (at_s - self._first_at_s) - self._received_ms
        self._lowest_ms = min(self._lowest_ms, late_ms)
        self.late_ms = max(self.late_ms, late_ms)
        self.stall_ms = max(self.stall_ms, late_ms - self._lowest_ms)
        self._received_ms += duration_ms


class Lateness:
    """The worst of the last answers."""

    def __init__(self) -> None:
        self._answers: deque[Arrival] = deque(maxlen=REMEMBERED_ANSWERS)

    def remember(self, arrival: Arrival) -> None:
        """An answer is complete (or was cut)."""
        if arrival.received_ms >= TELLING_MS and arrival not in self._answers:
            self._answers.append(arrival)

    @property
    def wait_ms(self) -> float:
        """How long after the first sound of an answer playing is safe."""
        worst = max((answer.late_ms for answer in self._answers), default=0.0)
        return min(LONGEST_WAIT_MS, worst + MARGIN_MS) if worst > MARGIN_MS else 0.0

    @property
    def queue_ms(self) -> float:
        """With how much in the queue playing is safe at once."""
        worst = max((answer.stall_ms for answer in self._answers), default=0.0)
        return worst + MARGIN_MS if worst > MARGIN_MS else 0.0

    def may_start(self, waited_ms: float, queued_ms: float) -> bool:
        """Whether playing may start, so long after the first sound came and with so much in the queue."""
        if queued_ms >= max(self.queue_ms, SMALL_QUEUE_MS):
            return True
        return waited_ms >= max(self.wait_ms, SMALL_WAIT_MS)

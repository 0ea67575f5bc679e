"""Network jitter, learned from the arrival of sound, and how early playback may start because of it.

A piece of an answer is ``late`` by how far it came behind the schedule that the first piece set. Playing
that starts w ms after the first piece never starves if no piece is later than w. Earlier answers give two
bounds: the greatest lateness, and the worst stall (the greatest rise of lateness from a low to a later
high), so that no piece should be later than the lowest so far plus that. The worst of the last answers
counts; there is no wait on a wire that was never late, and little on one that now sends far ahead. Of the
first answer nothing is known: its first piece waits a little for the second.
"""

from __future__ import annotations

from collections import deque

MAX_WAIT_MS = 300.0
REMEMBERED_ANSWERS = 8  # a wire that got better is trusted again after these
MIN_ANSWER_MS = 1000.0  # shorter answers say too little about the wire
MARGIN_MS = 10.0
MARGIN_SHARE = 0.25  # of the worst lateness so far; smaller: rarer lateness is heard, more: all answers wait
FIRST_WAIT_MS = 60.0  # for a second piece, once; longer: fewer gaps where pieces are few and long
SMALL_QUEUE_MS = 40.0  # with less than this in the queue the timer's own jitter would be heard
SMALL_WAIT_MS = 20.0


class ArrivalTracker:
    """The lateness of one part's pieces against its first."""

    def __init__(self, at_s: float) -> None:
        self._first_at_s = at_s
        self._received_ms = 0.0
        self.pieces = 0
        self.lowest_ms = 0.0
        self.late_ms = 0.0
        self.stall_ms = 0.0

    def waited_ms(self, at_s: float) -> float:
        """How long the first piece has been here."""
        return 1000 * (at_s - self._first_at_s)

    @property
    def received_ms(self) -> float:
        return self._received_ms

    def piece(self, at_s: float, duration_ms: float) -> None:
        """A piece of sound of this duration came at this time."""
        late_ms = self.waited_ms(at_s) - self._received_ms
        self.lowest_ms = min(self.lowest_ms, late_ms)
        self.late_ms = max(self.late_ms, late_ms)
        self.stall_ms = max(self.stall_ms, late_ms - self.lowest_ms)
        self._received_ms += duration_ms
        self.pieces += 1


class JitterEstimator:
    """The worst of the last answers."""

    def __init__(self) -> None:
        self._answers: deque[ArrivalTracker] = deque(maxlen=REMEMBERED_ANSWERS)

    def remember(self, arrival: ArrivalTracker) -> None:
        """An answer is complete (or was cut)."""
        if arrival.received_ms >= MIN_ANSWER_MS and arrival not in self._answers:
            self._answers.append(arrival)

    @property
    def wait_ms(self) -> float:
        """How long after its first sound an answer is held back at most."""
        worst = max((answer.late_ms for answer in self._answers), default=0.0)
        return min(MAX_WAIT_MS, _with_margin(worst))

    def may_start(self, arrival: ArrivalTracker, at_s: float, queued_ms: float) -> bool:
        """Whether playing this answer may start."""
        waited_ms = arrival.waited_ms(at_s)
        unknown = not self._answers and arrival.pieces == 1 and queued_ms < MAX_WAIT_MS
        if unknown and waited_ms < FIRST_WAIT_MS:
            return False
        stall_ms = max((answer.stall_ms for answer in self._answers), default=0.0)
        safe_ms = min(self.wait_ms, arrival.lowest_ms + _with_margin(stall_ms))
        return waited_ms >= safe_ms and (queued_ms >= SMALL_QUEUE_MS or waited_ms >= SMALL_WAIT_MS)


def _with_margin(late_ms: float) -> float:
    return late_ms + max(MARGIN_MS, MARGIN_SHARE * late_ms) if late_ms > MARGIN_MS else 0.0


STREAM_CUSHION_MS = 60.0  # on a wire that was never late
MAX_STREAM_CUSHION_MS = 400.0  # a wire that is later than this stutters now and then
MIN_STREAM_MS = STREAM_CUSHION_MS / 3  # with less in the queue, silence is made longer
STREAM_WINDOW_S = 20.0  # a wire that got better is trusted again after this
STREAM_SLACK_MS = 120.0  # more than the cushion by so much is delay for nothing: one delta and a bit


class StreamClock:
    """How much of a stream in real time is to be kept in the queue, from how late its pieces came lately.

    The schedule is the earliest that pieces have come in the last seconds: so it follows a sender whose
    clock runs faster or slower than ours.
    """

    def __init__(self) -> None:
        self.skipped_ms = 0.0
        self.added_ms = 0.0
        self.cushion_ms = STREAM_CUSHION_MS
        """What has to be queued so that the latest piece of the last seconds would have been in time."""
        self._received_ms = 0.0
        self._early: deque[tuple[float, float]] = (
            deque()
        )  # (when, offset of arrival to the stream's own time)

    def arrived(self, at_s: float, duration_ms: float) -> None:
        """A piece of the stream is here."""
        self._early.append((at_s, 1000 * at_s - self._received_ms))
        self._received_ms += duration_ms
        while self._early[0][0] < at_s - STREAM_WINDOW_S:
            self._early.popleft()
        offsets = [offset for _, offset in self._early]
        self.cushion_ms = min(MAX_STREAM_CUSHION_MS, STREAM_CUSHION_MS + max(offsets) - min(offsets))

    @property
    def max_ms(self) -> float:
        return self.cushion_ms + STREAM_SLACK_MS

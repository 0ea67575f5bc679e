"""The playout of a stream in real time: drift, bursts and stalls, by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from realtime_cli.audio.pcm import SAMPLES_PER_MS, Samples
from realtime_cli.audio.playout import Playout

DELTA_MS = 100


class Line:
    """Deltas of 100 ms, pulled in blocks of 10 ms; every third second of the stream is silence."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.playout = Playout(lambda: self.now_s)
        self.playout.follow_sender()
        self.played: list[Samples] = []
        self.most_queued_ms = 0.0

    def run(self, arrivals_s: Iterable[float]) -> None:
        """Pull until a second behind the last arrival."""
        waiting = sorted(enumerate(arrivals_s), key=lambda one: one[1])
        end_s = waiting[-1][1] + 1.0
        while self.now_s < end_s:
            while waiting and waiting[0][1] <= self.now_s:
                number, _ = waiting.pop(0)
                self.playout.push("live", 0, _piece(number))
            self.played.append(self.playout.pull(10 * SAMPLES_PER_MS))
            self.most_queued_ms = max(self.most_queued_ms, self.playout.queued_ms)
            self.now_s += 0.01

    @property
    def loud_ms(self) -> float:
        """How much of the speech was played; no sample of it is zero."""
        return sum(int(np.count_nonzero(block)) for block in self.played) / SAMPLES_PER_MS


def _piece(number: int) -> Samples:
    loud = number // 10 % 3 != 2
    return np.full(DELTA_MS * SAMPLES_PER_MS, 3000 if loud else 0, np.int16)


def _speech_ms(count: int) -> float:
    return float(sum(DELTA_MS for number in range(count) if number // 10 % 3 != 2))


@pytest.mark.parametrize("ppm", [100, -100, 1000, -1000])
def test_a_sender_whose_clock_drifts_loses_no_word_and_adds_no_delay(ppm: int):
    count, line = 6000, Line()  # ten minutes
    line.run(number * 0.1 * (1 - ppm * 1e-6) for number in range(count))
    assert line.loud_ms == pytest.approx(_speech_ms(count), abs=DELTA_MS)
    assert line.playout.underruns == 0
    assert line.most_queued_ms < 400


def test_jitter_of_300_ms_is_learnt_and_loses_no_word():
    random = np.random.default_rng(3)
    count, line = 1200, Line()
    line.run(number * 0.1 + float(random.uniform(0, 0.3)) for number in range(count))
    assert line.loud_ms == pytest.approx(_speech_ms(count), abs=DELTA_MS)
    assert line.playout.underruns <= 10  # until it is learnt, in the first seconds


def test_the_delay_of_a_stall_goes_away_in_the_next_silence():
    line = Line()
    late_s = [0.0 if number < 100 or number >= 108 else (108 - number) * 0.1 for number in range(600)]
    line.run(number * 0.1 + late for number, late in enumerate(late_s))
    assert line.playout.underruns == 1
    assert line.loud_ms == pytest.approx(_speech_ms(600), abs=DELTA_MS)
    heard_ms = line.playout.heard()[0].heard_ms
    # What was skipped counts as heard: places are the stream's. The last 10 ms wait for more, as a cushion.
    assert heard_ms == 600 * DELTA_MS - 10
    assert line.playout.queued_ms == 10

"""What is left in the microphone after the agent has ended is counted, and nothing else."""

from __future__ import annotations

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples, silence
from tests.bench.blips import blips


def track(*sounds: tuple[float, float], peak: int = 3000, seconds: float = 6) -> Samples:
    """Silence with a tone from each begin to each end, in seconds."""
    made = silence(round(seconds * RATE_HZ))
    tone = (peak * np.sin(np.arange(len(made)) / 8)).astype(np.int16)
    for begin_s, end_s in sounds:
        part = slice(round(begin_s * RATE_HZ), round(end_s * RATE_HZ))
        made[part] = tone[part]
    return made


AGENT = track((1, 2))


def test_a_blip_has_its_time_its_length_and_its_level():
    ((at_s, ms, dbfs),) = blips(track((2.5, 2.53)), AGENT, [])
    assert (at_s, ms) == (2.5, 30)
    assert -25 < dbfs < -23


def test_each_run_of_loud_steps_counts():
    assert [at_s for at_s, _, _ in blips(track((2.5, 2.53), (3, 3.01)), AGENT, [])] == [2.5, 3.0]


def test_what_is_soft_does_not_count():
    assert not blips(track((2.5, 2.53), peak=100), AGENT, [])


def test_neither_the_tail_of_the_room_nor_what_comes_later_counts():
    assert not blips(track((2, 2.25), (4.1, 4.2)), AGENT, [])


def test_echo_while_the_agent_speaks_does_not_count():
    assert not blips(track((1, 5)), track((1, 5)), [])


def test_nothing_counts_before_the_agent_has_spoken():
    assert not blips(track((0.5, 0.7)), AGENT, [])


def test_the_users_words_do_not_count():
    assert [at_s for at_s, _, _ in blips(track((2.5, 3.2)), AGENT, [(2.4, 3.1)])] == [3.1]

"""An input is too slow by the CPU time it takes, not by the time that goes by."""

from __future__ import annotations

import time

import pytest

from tests.fuzz.cpu_limit import TooSlow, within_cpu_time


def spin() -> None:
    while True:
        pass


def spin_whatever_is_raised() -> None:
    try:
        spin()
    except Exception:  # as code under test may
        spin()


@pytest.mark.parametrize("run", [spin, spin_whatever_is_raised])
def test_what_never_ends_is_too_slow(run):
    with pytest.raises(TooSlow):
        within_cpu_time(0.05, run)


def test_waiting_is_not_slow():
    within_cpu_time(0.05, lambda: time.sleep(0.2))


def test_a_limit_ends_with_its_input():
    within_cpu_time(0.05, lambda: None)
    begun = time.process_time()
    while time.process_time() < begun + 0.1:
        pass

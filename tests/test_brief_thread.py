"""Rare work on a thread that does not stay."""

from __future__ import annotations

import threading

import pytest

from realtime_cli.brief_thread import BriefThread


def alive() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "rare"]


def test_calls_run_in_order_and_one_at_a_time():
    worker, gate, done = BriefThread("rare"), threading.Event(), list[int]()
    worker.submit(gate.wait)
    later = [worker.submit(done.append, number) for number in range(5)]
    assert alive() == ["rare"]
    gate.set()
    later[-1].result(5)
    assert done == [0, 1, 2, 3, 4]


def test_the_thread_ends_with_the_work_and_comes_back_for_more():
    worker = BriefThread("rare")
    for number in range(3):
        thread = worker.submit(threading.current_thread).result(5)
        thread.join(5)
        assert not alive(), number


def test_what_a_call_raises_is_its_result():
    worker = BriefThread("rare")
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 // 0).result(5)
    assert worker.submit(lambda: "works on").result(5) == "works on"


def test_a_call_that_was_cancelled_is_not_run():
    worker, gate, done = BriefThread("rare"), threading.Event(), list[int]()
    worker.submit(gate.wait)
    assert worker.submit(done.append, 1).cancel()
    gate.set()
    worker.submit(done.append, 2).result(5)
    assert done == [2]

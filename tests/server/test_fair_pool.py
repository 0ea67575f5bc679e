"""Many sessions, few threads, turns by turns."""

from __future__ import annotations

from concurrent.futures import CancelledError
from functools import partial
from threading import Event

import pytest

from realtime_cli.server.fair_pool import FairPool

GREEDY, MODEST = "greedy", "modest"


def wait_at(gate: Event, arrived: Event) -> None:
    arrived.set()
    gate.wait()


def test_a_modest_session_waits_for_one_piece_of_a_greedy_one():
    done: list[str] = []
    pool, started, gate = FairPool(1, "test"), Event(), Event()
    pool.submit(GREEDY, partial(wait_at, gate, started))
    started.wait(5)
    greedy = [pool.submit(GREEDY, partial(done.append, f"greedy {n}")) for n in range(1000)]
    modest = [pool.submit(MODEST, partial(done.append, f"modest {n}")) for n in range(2)]
    gate.set()
    for future in (*greedy, *modest):
        future.result(5)
    assert done[:5] == ["greedy 0", "modest 0", "greedy 1", "modest 1", "greedy 2"]
    assert done[-1] == "greedy 999"
    pool.close()


def test_one_thread_is_left_for_the_others():
    pool, started, gate = FairPool(2, "test"), Event(), Event()
    done: list[int] = []
    greedy = [pool.submit(GREEDY, partial(wait_at, gate, started)) for _ in range(9)]
    started.wait(5)
    for number in range(3):  # while the greedy one's first piece still runs
        pool.submit(MODEST, partial(done.append, number)).result(5)
    assert done == [0, 1, 2]
    gate.set()
    for future in greedy:
        future.result(5)
    pool.close()


def test_results_and_errors_come_back():
    pool = FairPool(2, "test")
    assert pool.submit(GREEDY, lambda: 42).result(5) == 42
    with pytest.raises(ZeroDivisionError):
        pool.submit(GREEDY, lambda: 1 / 0).result(5)
    assert pool.submit(GREEDY, lambda: "still there").result(5) == "still there"
    pool.close()


def test_what_is_cancelled_is_not_run():
    pool, started, gate, ran = FairPool(1, "test"), Event(), Event(), []
    pool.submit(GREEDY, partial(wait_at, gate, started))
    started.wait(5)
    forgotten = pool.submit(GREEDY, lambda: ran.append("forgotten"))
    kept = pool.submit(GREEDY, lambda: ran.append("kept"))
    assert forgotten.cancel()
    gate.set()
    kept.result(5)
    assert ran == ["kept"]
    with pytest.raises(CancelledError):
        forgotten.result(5)
    pool.close()


def test_a_closed_pool_takes_nothing():
    pool = FairPool(1, "test")
    pool.close()
    with pytest.raises(RuntimeError):
        pool.submit(GREEDY, lambda: None)

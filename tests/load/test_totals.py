"""What is counted beside the tables: lateness, CPU and money."""

from __future__ import annotations

from typing import Any

from realtime_cli.load.totals import Totals
from realtime_cli.load.verdict import verdict_of


def pace(cpu_s: float, sessions: int, **late: int) -> dict[str, Any]:
    return {"late": late, "cpu_s": cpu_s, "sessions": sessions, "seconds": 1.0}


def test_what_workers_count_adds_up_at_the_master() -> None:
    master = Totals()
    for _ in range(2):
        worker = Totals()
        worker.paced(pace(5.0, 0))  # what it cost to start is not the sessions'
        worker.paced(pace(5.1, 10, **{"1": 500}))
        master.add(worker.taken())
        assert worker.taken() == {"late": {}, "cpu_s": 0.0, "session_s": 0.0}
    assert round(master.cpu_ms_per_session_s, 3) == 10.0
    assert master.lateness.frames == 1000
    assert verdict_of([], master, []).reliable


def test_a_run_whose_frames_were_late_says_that_it_is_unreliable() -> None:
    tally = Totals()
    tally.paced(pace(0.0, 1, **{"1": 95, "30": 5}))
    verdict = verdict_of([], tally, [])
    assert not verdict.reliable
    assert verdict.lines[0].startswith("UNRELIABLE: the client's own frames were 30 ms late at p99")


def test_a_run_in_which_nothing_was_said_aloud_has_nothing_to_tell() -> None:
    tally = Totals()
    assert tally.sentences() == []
    assert tally.cpu_ms_per_session_s == 0.0


def test_money_is_told_with_what_nobody_could_price() -> None:
    tally = Totals()
    for usd in (0.25, None, 0.5):
        tally.paid(usd)
    assert (tally.usd, tally.unpriced) == (0.75, 1)
    assert tally.sentences() == ["Cost: $0.7500, and 1 sessions of unknown cost."]

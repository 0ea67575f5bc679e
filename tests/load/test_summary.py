"""The end of a load test as JSON."""

from __future__ import annotations

import json
from collections import Counter

from realtime_cli.load.figures import Figures
from realtime_cli.load.history import LoadMoment
from realtime_cli.load.summary import summary
from realtime_cli.load.totals import Totals
from realtime_cli.load.verdict import verdict_of


def test_rows_failures_and_what_was_counted_beside_them() -> None:
    tally = Totals(usd=0.125, unpriced=2)
    tally.paced({"late": {}, "cpu_s": 1.0, "sessions": 0, "seconds": 1.0})
    tally.paced({"late": {"1": 99, "30": 1}, "cpu_s": 1.5, "sessions": 10, "seconds": 1.0})
    rows = [Figures("open", "call", Counter({10: 8})), Figures("session", "call", Counter({900: 8}), 1)]
    moments = [LoadMoment(2.0, 4, 1, 0, 0, 3, 200, None, 1)]
    verdict = verdict_of(rows, tally, ["failures > 1%"])
    told = json.loads(summary(tally, verdict, rows, moments, [("call", "failed: contains", 1)], 1))
    assert told["late_ms"] == {"p50": 1, "p90": 1, "p95": 1, "p99": 1}
    assert (told["exit_code"], told["reliable"], told["frames"]) == (1, True, 100)
    assert "at most 1 ms late at p99" in told["why"]
    assert told["fail_if"] == [{"condition": "failures > 1%", "failed": True, "found": "12.5%"}]
    assert (told["cpu_ms_per_session_s"], told["session_s"]) == (50.0, 10.0)
    assert (told["usd"], told["sessions_of_unknown_cost"]) == (0.125, 2)
    assert told["failures"] == {"call: failed: contains": 1}
    assert told["history"][0]["p50_ms"] == 200
    assert told["rows"][0] == {
        "kind": "open",
        "name": "call",
        "count": 8,
        "failures": 0,
        "p50_ms": 10,
        "p90_ms": None,
        "p95_ms": None,
        "p99_ms": None,
    }

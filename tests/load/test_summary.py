"""The end of a load test as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from realtime_cli.load.summary import write
from realtime_cli.load.totals import Totals


class Entry:
    """A row as Locust keeps it. (Locust itself would patch this process.)"""

    num_requests, num_failures = 8, 1

    def get_response_time_percentile(self, share: float) -> float:
        return round(1000 * share)


def test_rows_failures_and_what_was_counted_beside_them(tmp_path: Path) -> None:
    tally = Totals(usd=0.125, unpriced=2)
    tally.paced({"late": {}, "cpu_s": 1.0, "sessions": 0, "seconds": 1.0})
    tally.paced({"late": {"1": 99, "30": 1}, "cpu_s": 1.5, "sessions": 10, "seconds": 1.0})
    error = SimpleNamespace(name="call", error="failed: contains", occurrences=1)
    stats: Any = SimpleNamespace(
        errors={"x": error}, entries={("call", "session"): Entry(), ("call", "open"): Entry()}
    )
    write(tmp_path / "out.json", tally, stats, 1)
    told = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert told["late_ms"] == {"p50": 1, "p90": 1, "p99": 1}
    assert (told["exit_code"], told["reliable"], told["frames"]) == (1, True, 100)
    assert (told["cpu_ms_per_session_s"], told["session_s"]) == (50.0, 10.0)
    assert (told["usd"], told["sessions_of_unknown_cost"]) == (0.125, 2)
    assert told["failures"] == {"call: failed: contains": 1}
    assert [(row["kind"], row["name"]) for row in told["rows"]] == [("open", "call"), ("session", "call")]
    assert told["rows"][0] == {
        "kind": "open",
        "name": "call",
        "count": 8,
        "failures": 1,
        "p50_ms": 500,
        "p90_ms": 900,
        "p99_ms": 990,
    }

"""The end of a load test as JSON, for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime_cli.load.totals import Totals

if TYPE_CHECKING:
    from locust.stats import RequestStats

PERCENTILES = (50, 90, 99)


def write(path: Path, tally: Totals, stats: RequestStats, exit_code: int) -> None:
    """All rows, all failures by kind, and what was counted beside them."""
    whole = {
        "exit_code": exit_code,
        "reliable": tally.lateness.reliable,
        "frames": tally.lateness.frames,
        "late_ms": {f"p{p}": tally.lateness.percentile_ms(p / 100) for p in PERCENTILES},
        "cpu_ms_per_session_s": round(tally.cpu_ms_per_session_s, 2),
        "session_s": round(tally.session_s, 1),
        "usd": round(tally.usd, 6),
        "sessions_of_unknown_cost": tally.unpriced,
        "failures": {f"{error.name}: {error.error}": error.occurrences for error in stats.errors.values()},
        "rows": [_row(kind, name, entry) for (name, kind), entry in sorted(stats.entries.items())],
    }
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _row(kind: str, name: str, entry: Any) -> dict[str, Any]:
    times = {f"p{p}_ms": entry.get_response_time_percentile(p / 100) for p in PERCENTILES}
    return {"kind": kind, "name": name, "count": entry.num_requests, "failures": entry.num_failures, **times}

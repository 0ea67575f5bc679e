"""The result of a load test as JSON, for other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from realtime_cli.load.figures import PERCENTILES, Figures
from realtime_cli.load.history import LoadMoment
from realtime_cli.load.totals import Totals
from realtime_cli.load.verdict import Verdict


def summary(
    tally: Totals,
    verdict: Verdict,
    rows: Sequence[Figures],
    moments: Sequence[LoadMoment],
    failures: Sequence[tuple[str, str, int]],
    exit_code: int,
) -> str:
    """All rows, all failures by kind, and what was counted beside them."""
    whole = {
        "exit_code": exit_code,
        **verdict.as_dict(),
        "frames": tally.lateness.frames,
        "late_ms": {f"p{p}": tally.lateness.percentile_ms(p / 100) for p in PERCENTILES},
        "cpu_ms_per_session_s": round(tally.cpu_ms_per_session_s, 2),
        "session_s": round(tally.session_s, 1),
        "usd": round(tally.usd, 6),
        "sessions_of_unknown_cost": tally.unpriced,
        "failures": {f"{name}: {failure}": count for name, failure, count in failures},
        "rows": [
            {
                "kind": row.kind,
                "name": row.name,
                "count": row.count,
                "failures": row.failures,
                **{f"p{percent}_ms": row.percentile_ms(percent) for percent in PERCENTILES},
            }
            for row in rows
        ],
        "history": [asdict(moment) for moment in moments],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"

"""The figures of a load test as text: for a terminal, for a log, and as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from realtime_cli.load.figures import PERCENTILES, Figures
from realtime_cli.load.history import LoadMoment
from realtime_cli.load.verdict import Verdict

HEADS = ("kind", "name", "count", "failed", *(f"p{percent}" for percent in PERCENTILES))


def table(rows: Sequence[Figures]) -> str:
    """All rows, with columns as wide as their names; ``-`` where there are too few samples."""
    cells = [HEADS, *(tuple(_cells(row)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(row: Figures) -> Iterable[str]:
    yield from (row.kind, row.name, str(row.count), str(row.failures))
    for percent in PERCENTILES:
        ms = row.percentile_ms(percent)
        yield "-" if ms is None else f"{ms} ms"


def line_of(moment: LoadMoment) -> str:
    """One moment in one line."""
    audio = f"p50 {_ms(moment.p50_ms)}, p95 {_ms(moment.p95_ms)}"
    return (
        f"{moment.at_s:.0f} s: {moment.users} users, {moment.sessions} sessions done, "
        f"{moment.failures} failed, "
        f"{moment.turns} answers heard, first audio {audio}, own lateness p99 {moment.late_ms} ms"
    )


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"


def stats_csv(rows: Iterable[Figures]) -> str:
    heads = ("kind", "name", "count", "failures", *(f"p{percent}_ms" for percent in PERCENTILES))
    cells = [
        (row.kind, row.name, row.count, row.failures, *map(row.percentile_ms, PERCENTILES)) for row in rows
    ]
    return _csv(heads, cells)


def history_csv(moments: Iterable[LoadMoment]) -> str:
    heads = tuple(LoadMoment.__dataclass_fields__)
    return _csv(heads, [tuple(getattr(moment, head) for head in heads) for moment in moments])


def verdict_csv(verdict: Verdict) -> str:
    whole = ("the figures are reliable", "" if verdict.reliable else "no", verdict.why)
    cells = [(text, "failed" if failed else "", found) for text, failed, found in verdict.conditions]
    return _csv(("condition", "failed", "found"), [whole, *cells])


def failures_csv(failures: Iterable[tuple[str, str, int]]) -> str:
    return _csv(("name", "failure", "count"), failures)


def _csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()

"""The report of a load test: one HTML page with its verdict, charts over time and all rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from realtime_cli.load.figures import PERCENTILES, Figures
from realtime_cli.load.history import WINDOW_S, LoadMoment
from realtime_cli.load.verdict import Verdict
from realtime_cli.recording.export.template import as_text

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 200, 64, 24
COLOURS = ("#1f6feb", "#d9480f", "#6f42c1")
STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #8884;font-variant-numeric:tabular-nums}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
.verdict{padding:.6rem .9rem;border-left:.3rem solid #2f9e44;margin:.4rem 0}
.verdict.bad{border-color:#e03131}
svg{width:100%;height:auto}svg text{fill:currentColor;font-size:12px}
.grid{stroke:#8884}.scroll{overflow-x:auto}
"""


def page(
    title: str,
    verdict: Verdict,
    rows: Sequence[Figures],
    moments: Sequence[LoadMoment],
    failures: Iterable[tuple[str, str, int]],
    notes: Iterable[str],
) -> str:
    """The whole page; it needs no network."""
    bad = [not verdict.reliable, *(failed for _, failed, _ in verdict.conditions)]
    told = "".join(
        f'<p class="verdict{" bad" if one else ""}">{as_text(line)}</p>'
        for one, line in zip(bad, verdict.lines, strict=True)
    )
    charts = "".join(
        chart(moments, name, unit, lines)
        for name, unit, lines in (
            ("Sessions held", "", (("users", [float(m.users) for m in moments]),)),
            (
                f"First audio, of the last {WINDOW_S:g} s",
                "ms",
                (
                    ("p50", [_number(m.p50_ms) for m in moments]),
                    ("p95", [_number(m.p95_ms) for m in moments]),
                ),
            ),
            ("Failed sessions, in all", "", (("failed", [float(m.failures) for m in moments]),)),
            ("Own lateness, p99", "ms", (("late", [float(m.late_ms) for m in moments]),)),
        )
    )
    wrong = "".join(
        f"<tr><td>{as_text(name)}</td><td>{as_text(kind)}</td><td>{count}</td></tr>"
        for name, kind, count in failures
    )
    listed = f"<h2>Failures</h2><table><tr><th>name<th>failure<th>count</tr>{wrong}</table>" if wrong else ""
    said = "".join(f"<li>{as_text(note)}</li>" for note in notes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{as_text(title)}</title><style>{STYLE}</style>'
        f'<h1>{as_text(title)}</h1>{told}<ul>{said}</ul>{charts}<h2>Figures</h2><div class="scroll">'
        f"{_table(rows)}</div>{listed}</html>\n"
    )


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _table(rows: Sequence[Figures]) -> str:
    heads = "".join(
        f"<th>{head}" for head in ("kind", "name", "count", "failed", *(f"p{p}" for p in PERCENTILES))
    )
    lines = []
    for row in rows:
        times = (row.percentile_ms(percent) for percent in PERCENTILES)
        cells = (
            row.kind,
            row.name,
            row.count,
            row.failures,
            *("–" if t is None else f"{t} ms" for t in times),
        )
        lines.append("<tr>" + "".join(f"<td>{as_text(cell)}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{heads}</tr>{''.join(lines)}</table>"


def chart(
    moments: Sequence[LoadMoment], title: str, unit: str, lines: Sequence[tuple[str, Sequence[float | None]]]
) -> str:
    """One chart over time; where nothing was measured its line has a gap."""
    top = max((value for _, values in lines for value in values if value is not None), default=0.0)
    until = max((moment.at_s for moment in moments), default=0.0)
    top, until = top or 1.0, until or 1.0

    def x(at_s: float) -> float:
        return LEFT + at_s / until * (WIDTH - LEFT - 8)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - 12)

    drawn = [f'<path class="grid" d="M{LEFT} {y(part * top):.1f}H{WIDTH - 8}"/>' for part in (0, 0.5, 1)]
    drawn += [
        f'<text x="{LEFT - 6}" y="{y(part * top) + 4:.1f}" text-anchor="end">{part * top:g} {unit}</text>'
        for part in ((0, 1) if top <= 1 else (0, 0.5, 1))
    ]
    drawn += [
        f'<text x="{x(part * until):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{part * until:.0f} s</text>'
        for part, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    ]
    for number, (name, values) in enumerate(lines):
        steps, pen = [], "M"
        for moment, value in zip(moments, values, strict=True):
            if value is None:
                pen = "M"
                continue
            steps.append(f"{pen}{x(moment.at_s):.1f} {y(value):.1f}")
            pen = "L"
        path = " ".join(steps)
        drawn += [
            f'<circle cx="{x(moment.at_s):.1f}" cy="{y(value):.1f}" r="2" fill="{COLOURS[number]}"/>'
            for moment, value in zip(moments, values, strict=True)
            if value is not None
        ]
        drawn.append(f'<path d="{path}" fill="none" stroke="{COLOURS[number]}" stroke-width="2"/>')
        if len(lines) > 1:
            drawn.append(
                f'<text x="{WIDTH - 12 - 40 * number}" y="12" text-anchor="end" '
                f'style="fill:{COLOURS[number]}">{as_text(name)}</text>'
            )
    return (
        f'<h2>{as_text(title)}</h2><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{as_text(title)} over time">{"".join(drawn)}</svg>'
    )

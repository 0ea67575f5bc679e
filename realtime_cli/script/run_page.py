"""One HTML page for a run: verdicts of scripts x repeats, latency charts, what got worse. No requests.

Plain HTML and SVG without a script: every chart has its figures in a table beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime_cli.recording.export.template import as_text, filled
from realtime_cli.safe_text import safe
from realtime_cli.script.baseline import Samples, Worse, samples_of
from realtime_cli.script.explanation import explain
from realtime_cli.script.repeats import SHOWN, Group, groups, spread_text
from realtime_cli.script.result import CaseResult

WIDTH, ROW = 640, 26  # of a chart, in pixels
MARKS = {"passed": "✓", "failed": "✗", "unreliable": "?"}


def run_page(
    results: Sequence[CaseResult],
    headline: str,
    started: str,
    worse: Sequence[Worse] = (),
    baseline: Mapping[str, Any] | None = None,
    sessions: Mapping[str, str] | None = None,
) -> str:
    """The page. ``sessions``: recording -> address of its own page, relative to this one."""
    found = groups(results)
    before = samples_of((baseline or {}).get("results", []))
    parts = [
        f"<p class=quiet>{_text(started)}{_about(results)}</p>",
        _worse(worse) if baseline is not None else "",
        _matrix(found, sessions or {}),
        _figures(found),
        *(_chart(found, figure, words, before) for figure, words in SHOWN),
        _failures(results, sessions or {}),
    ]
    return filled(__package__, "run_page.html", headline, body="\n".join(parts))


def _text(value: object) -> str:
    """Data in a page: no tag, and nothing that turns the direction of what stands behind it."""
    return as_text(safe(str(value)))


def _about(results: Sequence[CaseResult]) -> str:
    """What all runs have in common."""
    told = [result.about for result in results]
    common = {
        key: value
        for key, value in (told[0] if told else {}).items()
        if all(one.get(key) == value for one in told)
    }
    return "".join(f" · {_text(key)} {_text(value)}" for key, value in common.items())


def _worse(worse: Sequence[Worse]) -> str:
    if not worse:
        return "<section><h2>Since the baseline</h2><p>Nothing got worse.</p></section>"
    lines = ""
    for one in worse:
        kind, words = ("failed", "worse") if one.sure else ("unreliable", "perhaps worse")
        lines += f"<li class={kind}>{words}: {_text(one.text)}</li>"
    return f"<section><h2>Since the baseline</h2><ul>{lines}</ul></section>"


def _matrix(found: Sequence[Group], sessions: Mapping[str, str]) -> str:
    most = max((len(group.results) for group in found), default=0)
    head = "".join(f"<th scope=col>{n}</th>" for n in range(1, most + 1))
    rows = "".join(
        f"<tr><th scope=row>{_text(group.name)}</th>"
        + "".join(_cell(result, sessions) for result in group.results)
        + "<td></td>" * (most - len(group.results))
        + "</tr>"
        for group in found
    )
    return _table("Verdicts", f"<tr><th scope=col>script</th>{head}</tr>", rows, "Each script by its runs")


def _cell(result: CaseResult, sessions: Mapping[str, str]) -> str:
    told = f"{MARKS[result.status]} {result.status}"
    page = sessions.get(result.recording)
    if page:
        label = f'aria-label="{_text(result.case.title)}: {result.status}, its session"'
        told = f'<a href="{_text(page)}" {label}>{told}</a>'
    return f"<td class={result.status}>{told}</td>"


def _figures(found: Sequence[Group]) -> str:
    ks = sorted({k for group in found for k in group.pass_powers})
    heads = [
        "script",
        "runs",
        "pass@1",
        *(f"pass^{k}" for k in ks),
        *(words for _, words in SHOWN),
        "failures",
    ]
    rows = ""
    for group in found:
        powers = [f"{group.pass_powers[k]:.0%}" if k in group.pass_powers else "" for k in ks]
        times = [spread_text(group.samples(figure)) for figure, _ in SHOWN]
        kinds = ", ".join(f"{count} x {kind}" for kind, count in group.kinds.items())
        cells = [str(len(group.results)), f"{group.pass_rate:.0%}", *powers, *times, kinds]
        told = "".join(f"<td>{_text(cell)}</td>" for cell in cells)
        rows += f"<tr><th scope=row>{_text(group.name)}</th>{told}</tr>"
    head = "".join(f"<th scope=col>{_text(name)}</th>" for name in heads)
    return _table("Figures", f"<tr>{head}</tr>", rows, "Times: min / median / p95 over all turns")


def _table(title: str, head: str, rows: str, caption: str) -> str:
    return (
        f'<section><h2>{title}</h2><div class=wide tabindex=0 role=region aria-label="{title}"><table>'
        f"<caption>{caption}</caption><thead>{head}</thead><tbody>{rows}</tbody></table></div></section>"
    )


def _chart(found: Sequence[Group], figure: str, words: str, before: Mapping[str, Samples]) -> str:
    """A dot for each turn, a bar at the median; hollow dots are the baseline's."""
    shown = [(group, group.samples(figure)) for group in found if group.samples(figure)]
    if not shown:
        return ""
    old = {group.name: _of_turns(before.get(group.name, {}), figure) for group, _ in shown}
    top = max(max(now + old[group.name]) for group, now in shown) or 1.0
    marks = ""
    for place, (group, now) in enumerate(shown):
        y = place * ROW + ROW / 2
        marks += f"<text x=0 y={y + 4:g}>{_text(group.name[:30])}</text>"
        marks += _dots(old[group.name], top, y + 5, "before") + _dots(now, top, y - 3, "now")
    foot = len(shown) * ROW + 14
    ends = f"<text x=220 y={foot}>0</text><text x={WIDTH} y={foot} text-anchor=end>{top:.0f} ms</text>"
    label = f"{words} of each turn in milliseconds; the figures are in the table above"
    hollow = " Hollow: the baseline." if any(old.values()) else ""
    size = f'viewBox="0 0 {WIDTH + 8} {foot + 6}"'
    return (
        f"<section><h2>{words[0].upper()}{words[1:]}</h2>"
        f"<p class=quiet>A dot for each turn, a bar at the median.{hollow}</p>"
        f'<svg {size} role=img aria-label="{label}">{marks}{ends}</svg></section>'
    )


def _dots(samples: Sequence[float], top: float, y: float, kind: str) -> str:
    if not samples:
        return ""
    at = [220 + (WIDTH - 220) * ms / top for ms in sorted(samples)]
    middle = (at[(len(at) - 1) // 2] + at[len(at) // 2]) / 2
    dots = "".join(f"<circle class={kind} cx={x:.1f} cy={y:g} r=3 />" for x in at)
    return f'{dots}<path class={kind} d="M{middle:.1f} {y - 5:g}v10" />'


def _of_turns(case: Samples, figure: str) -> list[float]:
    return [value for name, values in case.items() if name.endswith(f" {figure}") for value in values]


def _failures(results: Sequence[CaseResult], sessions: Mapping[str, str]) -> str:
    told = ""
    for result in results:
        if result.status != "passed":
            page = sessions.get(result.recording)
            link = f' <a href="{_text(page)}">its session</a>' if page else ""
            lines = _text("\n".join(explain(result)))
            title = _text(result.case.title)
            region = f'tabindex=0 role=region aria-label="{title}"'
            told += f"<h3>{title}: {result.status}{link}</h3><pre {region}>{lines}</pre>"
    return f"<section><h2>What went wrong</h2>{told}</section>" if told else ""

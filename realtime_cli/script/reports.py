"""The results of a suite for people and for machines: table, JUnit, JSON, Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from realtime_cli import __version__
from realtime_cli.safe_text import in_markdown, safe
from realtime_cli.script.baseline import Worse
from realtime_cli.script.comparison import comparison
from realtime_cli.script.explanation import explain, replay_command
from realtime_cli.script.failure_kind import kind_of
from realtime_cli.script.repeats import group_lines, groups
from realtime_cli.script.result import CaseResult

FORMAT = "realtime-cli run"
VERSION = 1
_STYLES = {"passed": "green", "failed": "red", "unreliable": "yellow"}


def summary(results: Sequence[CaseResult], seconds: float) -> dict[str, Any]:
    """The counts."""
    counts = {status: sum(result.status == status for result in results) for status in _STYLES}
    prices = [result.usd for result in results]
    usd = None if None in prices else sum(price for price in prices if price is not None)
    tokens = sum(result.tokens for result in results)
    return {"total": len(results), **counts, "seconds": round(seconds, 2), "tokens": tokens, "usd": usd}


def headline(results: Sequence[CaseResult], seconds: float) -> str:
    """The counts in words."""
    counts = summary(results, seconds)
    parts = [f"{counts[status]} {status}" for status in _STYLES if counts[status] or status == "passed"]
    cost = "" if not counts["usd"] else f", ${counts['usd']:.4f}"
    return f"{', '.join(parts)} of {counts['total']} in {seconds:.1f} s{cost}"


# -- for people -----------------------------------------------------------------------------------


def print_table(
    results: Sequence[CaseResult], seconds: float, console: Console, newest: str | None = None
) -> None:
    """One row a case, then what went wrong and how to look at it.

    ``newest``: the recording that ``replay LAST`` would show.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "script", "turns", "first sound", "response", "time"):
        table.add_column(column, justify="left" if column in ("", "script") else "right")
    harmless = safe if console.file.isatty() else str
    for result in results:
        table.add_row(*_row(result, harmless(result.case.title)))
    console.print(table)
    head, rows = comparison(results)
    if rows:
        side_by_side = Table(box=None, pad_edge=False, header_style="bold")
        for place, column in enumerate(head):
            side_by_side.add_column(column, justify="right" if place else "left")
        for row in rows:
            side_by_side.add_row(*map(escape, map(harmless, row)))
        console.print()
        console.print(side_by_side)
    for result in results:
        if result.status != "passed":
            recording = "LAST" if result.recording == newest else None
            console.print(
                harmless(_failure_text(result, recording)), markup=False, highlight=False, soft_wrap=True
            )
    console.print(f"\n{headline(results, seconds)}", highlight=False)


def _row(result: CaseResult, title: str) -> list[str]:
    style, seconds = _STYLES[result.status], f"{result.seconds:.1f} s"
    timings = [_worst(result, "within_ms"), _worst(result, "done_ms")]
    return [
        f"[{style}]{result.status}[/]",
        escape(title),
        str(len(result.turns)),
        *timings,
        seconds,
    ]


def _worst(result: CaseResult, figure: str) -> str:
    values = [turn.figures[figure] for turn in result.turns]
    known = [value for value in values if value is not None]
    return f"{max(known):.0f} ms" if known else "-"


def _failure_text(result: CaseResult, recording: str | None) -> str:
    return "\n".join([f"\n{result.case.title}: {result.status}", *explain(result, recording)])


def markdown(results: Sequence[CaseResult], seconds: float) -> str:
    """A summary for a pull request or a job's page."""
    lines = [f"**{headline(results, seconds)}**", "", "| | Script | First sound | Response | Time |"]
    lines.append("|---|---|---:|---:|---:|")
    for result in results:
        cells = (_worst(result, "within_ms"), _worst(result, "done_ms"), f"{result.seconds:.1f} s")
        lines.append(f"| {result.status} | {in_markdown(result.case.title)} | {' | '.join(cells)} |")
    head, rows = comparison(results)
    if rows:
        lines += ["", f"| {' | '.join(map(in_markdown, head))} |", f"|---{'|---:' * (len(head) - 1)}|"]
        lines += [f"| {' | '.join(map(in_markdown, row))} |" for row in rows]
    if repeated := group_lines(groups(results)):
        lines += ["", *(f"- {in_markdown(line)}" for line in repeated)]
    for result in results:
        if result.status != "passed":
            lines += ["", f"### {in_markdown(result.case.title)}", ""]
            told = safe("\n".join(explain(result)))
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", told)), default=0))
            lines += [f"{fence}text", told, fence]
    return "\n".join(lines) + "\n"


# -- for machines ---------------------------------------------------------------------------------


def to_json(
    results: Sequence[CaseResult], seconds: float, worse: Iterable[Worse] = (), shard: str = "1/1"
) -> str:
    """Everything; what ``--baseline`` and ``--merge`` read. ``shard``: which part of the whole, i/n."""
    found = list(worse)
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "tool": f"realtime-cli {__version__}",
        "shard": shard,
        "summary": summary(results, seconds),
        "regressions": [one.text for one in found if one.sure],
        "perhaps_worse": [one.text for one in found if not one.sure],
        "scripts": [group.to_dict() for group in groups(results)],
        "results": [result.to_dict() for result in results],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def junit(results: Sequence[CaseResult], seconds: float, started: str = "") -> str:
    """JUnit XML as CI systems read it (the schema of Jenkins' xUnit plugin, junit-10).

    A test case for each run, in a suite for each agent, model, server and seed: the schema has properties for
    suites only. ``started``: ISO 8601.
    """
    suites: dict[tuple[tuple[str, str], ...], list[CaseResult]] = {}
    for result in results:
        suites.setdefault(tuple(result.about.items()), []).append(result)
    root = ElementTree.Element("testsuites", _counted(results, seconds))
    for about, own in (suites or {(): []}).items():
        took = seconds if len(suites) < 2 else sum(result.seconds for result in own)
        which = [value for _, value in about] if len(suites) > 1 else []
        named = _xml_text(", ".join(["realtime-cli", *which]))
        attributes = {"name": named, **_counted(own, took), **({"timestamp": started} if started else {})}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        if about:
            properties = ElementTree.SubElement(suite, "properties")
            for name, value in about:
                ElementTree.SubElement(properties, "property", {"name": name, "value": _xml_text(value)})
        suite.extend(map(_junit_case, own))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counted(results: Sequence[CaseResult], seconds: float) -> dict[str, str]:
    counts = summary(results, seconds)
    errors = sum(bool(result.error) for result in results)
    failures = counts["failed"] + counts["unreliable"] - errors
    found = {"tests": counts["total"], "failures": failures, "errors": errors, "time": counts["seconds"]}
    return {name: str(value) for name, value in found.items()}


def _junit_case(result: CaseResult) -> ElementTree.Element:
    attributes = {
        "classname": _xml_text(str(result.case.script.path.with_suffix("")).replace("/", ".").lstrip(".")),
        "name": _xml_text(result.case.title),
        "time": f"{result.seconds:.3f}",
    }
    case = ElementTree.Element("testcase", attributes)
    if result.status != "passed":
        first = result.error or str(next(iter(result.bad), ""))
        kind = "error" if result.error else "failure"
        found = ElementTree.SubElement(case, kind, {"message": _xml_text(first), "type": kind_of(result)})
        found.text = _xml_text("\n".join(explain(result)))
    if command := replay_command(result):
        ElementTree.SubElement(case, "system-out").text = _xml_text(command)
    return case


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml_text(text: str) -> str:
    """Harmless text; what XML 1.0 has no place for (half surrogate pairs) becomes a question mark."""
    return _NOT_IN_XML.sub("?", safe(text))

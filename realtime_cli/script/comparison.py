"""The variants of a matrix side by side: what the user waits for, and how the two get along.

A figure is the median of the turns that have it, in ms; counts, talk-over and cost are sums.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from realtime_cli.script.result import CaseResult, TurnResult

Variant = tuple[tuple[str, Any], ...]


def comparison(results: Sequence[CaseResult]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table; both are empty without several variants."""
    by_variant: dict[Variant, list[CaseResult]] = {}
    for result in results:
        by_variant.setdefault(result.case.variant, []).append(result)
    if len(by_variant) < 2:
        return [], []
    columns = [_figures(found) for found in by_variant.values()]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    rows = [row for row in rows if any(cell != "-" for cell in row[1:])]
    return ["", *map(_label, by_variant)], rows


def _label(variant: Variant) -> str:
    return ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in variant) or "as written"


def _figures(results: Sequence[CaseResult]) -> dict[str, str]:
    turns = [turn for result in results for turn in result.turns]
    with_tools = [turn for turn in turns if turn.details.get("calls")]

    def detail(name: str) -> Callable[[TurnResult], float | None]:
        return lambda turn: turn.details.get(name)

    def figure(name: str) -> Callable[[TurnResult], float | None]:
        return lambda turn: turn.figures.get(name)

    prices = [result.usd for result in results]
    interruptions = sum(bool(turn.details.get("interrupted")) for turn in turns)
    usd = sum(price for price in prices if price is not None)
    return {
        "passed": f"{sum(result.status == 'passed' for result in results)} of {len(results)}",
        "first sound": _median(map(figure("within_ms"), turns)),
        "  noticing the end": _median(map(detail("end_pointing_ms"), turns)),
        "  server": _median(map(detail("server_ms"), turns)),
        "  tools": _median(map(detail("tool_ms"), with_tools)),
        "  loudspeaker": _median(map(detail("playout_ms"), turns)),
        "whole answer": _median(map(figure("done_ms"), turns)),
        "silence with tools": _median(map(figure("dead_air_ms"), with_tools)),
        "interruptions": str(interruptions),
        "talk-over": _ms(sum(turn.details.get("talk_over_ms") or 0.0 for turn in turns)),
        "cost": "-" if None in prices or not usd else f"${usd:.4f}",
    }


def _median(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return _ms(statistics.median(known)) if known else "-"


def _ms(value: float) -> str:
    return f"{value:.0f} ms"

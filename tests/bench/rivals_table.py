"""What was measured of the clients as one table: figures, and how many times the floor's they are."""

from __future__ import annotations

import math
from typing import Any

FLOOR, OURS = "floor", "ours, canceller"
ROWS: dict[str, tuple[str | int, ...]] = {
    "start, ms": ("start_ms",),
    "listening, CPU s/min": ("listening", "cpu_s_per_min"),
    "mouth to wire, ms": ("mouth", "median"),
    "wire to ear, ms": ("ear", "median"),
    "barge-in to silence, ms": ("interruptions", "silent_ms", "median"),
    "truncation off by, ms": ("interruptions", "truncated_off_ms", "median"),
    "full duplex, CPU s/min": ("cost", "cpu_s_per_min"),
    "memory, MiB": ("cost", "most_mib"),
    "late wire, silent ms/min": ("late", "silent_ms_per_min", 0),
    "the same later": ("late", "silent_ms_per_min", 1),
    "late wire, delay ms": ("late", "delay_ms", "median"),
    "busy machine, gaps/min": ("busy", "gaps_per_min"),
}
"""The smaller, the better: where each figure stands in what was found of a client."""


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """A line for each measure that was taken, a column for each client, and ours over the best rival."""
    rivals = [name for name in found if name != FLOOR and not name.startswith("ours")]
    lines = [["", *found, "ours / best rival"]]
    for label, place in ROWS.items():
        figures = {name: _figure(of, place) for name, of in found.items()}
        if all(map(math.isnan, figures.values())):
            continue
        floor = figures.get(FLOOR, math.nan)
        cells = [_cell(figure, math.nan if name == FLOOR else floor) for name, figure in figures.items()]
        best = min(rivals, key=lambda name: (math.isnan(figures[name]), figures[name]), default=None)
        ratio = _ratio(figures.get(OURS, math.nan), figures[best]) if best else ""
        lines.append([label, *cells, f"{ratio} {best}" if ratio else ""])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def _figure(found: Any, place: tuple[str | int, ...]) -> float:
    """nan where it was not measured."""
    try:
        for key in place:
            found = found[key]
    except (KeyError, IndexError):
        return math.nan
    return float(found)


def _cell(figure: float, floor: float) -> str:
    if math.isnan(figure):
        return "-"
    return (
        f"{figure:.0f} {_ratio(figure, floor)}" if figure >= 100 else f"{figure:.1f} {_ratio(figure, floor)}"
    )


def _ratio(figure: float, other: float) -> str:
    """Nothing where there is none."""
    return f"{figure / other:.2f}×" if other > 0 and not math.isnan(figure) else ""

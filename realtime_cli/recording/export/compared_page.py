"""Two sessions side by side on one page: their figures, their turns, and the page of each."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import zip_longest

from realtime_cli.conversation.timeline import Timeline
from realtime_cli.recording.export import text
from realtime_cli.recording.export.template import as_text, filled
from realtime_cli.recording.format import Header

MIN_DIFFERENCE_MS = 0.5
CLOCK_TOLERANCE_S = 0.01


@dataclass(frozen=True, slots=True)
class PagedSession:
    """A session with its own page (HTML)."""

    timeline: Timeline
    header: Header
    page: str


def compared_page(first: PagedSession, second: PagedSession) -> str:
    """One page without requests; the pages of both are inside it, and each turn is found in both at once."""
    return filled(
        __package__,
        "compared.html",
        f"Two conversations: {_started(first)} and {_started(second)}",
        figures=_figures(first, second),
        turns=_turns(first.timeline, second.timeline),
        first=_attribute(first.page),
        second=_attribute(second.page),
    )


def _started(session: PagedSession) -> str:
    return session.header.started[:16].replace("T", " ") or "at an unknown time"


def _attribute(page: str) -> str:
    """A page as the value of ``srcdoc``; only these two end or change it (HTML, 4.8.5)."""
    return page.replace("&", "&amp;").replace('"', "&quot;")


def _figures(first: PagedSession, second: PagedSession) -> str:
    rows = [
        ("model", *(one.timeline.cost.model or "unknown" for one in (first, second)), ""),
        *(
            (name, text.ms(one), text.ms(other), _difference(one, other))
            for name, one, other in (
                ("median wait", first.timeline.latency.median_ms, second.timeline.latency.median_ms),
                ("p95", first.timeline.latency.p95_ms, second.timeline.latency.p95_ms),
            )
        ),
        *(
            (name, *map(str, counts), f"{counts[1] - counts[0]:+d}" if counts[1] != counts[0] else "")
            for name, *counts in zip(_COUNTED, _counts(first.timeline), _counts(second.timeline), strict=True)
        ),
        ("cost", text.cost(first.timeline, first.header), text.cost(second.timeline, second.header), ""),
    ]
    return "\n".join(
        f"<tr><th scope=row>{name}</th><td>{as_text(one)}</td><td>{as_text(other)}</td>"
        f"<td>{difference}</td></tr>"
        for name, one, other, difference in rows
    )


_COUNTED = ("seconds", "turns", "interruptions", "tool calls", "gaps in the sound")


def _counts(timeline: Timeline) -> list[int]:
    """In the order of ``_COUNTED``."""
    return [
        round(timeline.seconds),
        len(timeline.turns),
        sum(turn.interrupted_ms is not None for turn in timeline.turns),
        len(timeline.tools),
        sum(gap.count for gap in timeline.gaps),
    ]


def _difference(first: float | None, second: float | None) -> str:
    if first is None or second is None or abs(second - first) < MIN_DIFFERENCE_MS:
        return ""
    return f'<span class="{"more" if second > first else "less"}">{second - first:+.0f} ms</span>'


def _turns(first: Timeline, second: Timeline) -> str:
    """Row by row the turns that have the same number."""
    words = (_words(first), _words(second))
    rows = []
    for place, turns in enumerate(zip_longest(first.turns, second.turns)):
        begins = "".join(
            f' data-{side}="{turn.began_at:.3f}"'
            for side, turn in zip(("first", "second"), turns, strict=True)
            if turn is not None
        )
        waits = [turn.latency_ms if turn is not None else None for turn in turns]
        said = "".join(f"<td class=words>{one[place] if place < len(one) else '–'}</td>" for one in words)
        rows.append(
            f'<tr><td><button aria-label="Turn {place + 1}"{begins}>{place + 1}</button></td>{said}'
            f"<td class=wait>{text.ms(waits[0])}</td><td class=wait>{text.ms(waits[1])}</td>"
            f"<td class=wait>{_difference(*waits)}</td></tr>"
        )
    return "\n".join(rows)


def _words(timeline: Timeline) -> list[str]:
    """What was said in each turn: from its beginning to that of the next."""
    begins = [turn.began_at - CLOCK_TOLERANCE_S for turn in timeline.turns]
    said: list[str] = [""] * len(begins)
    for one in text.in_order(timeline):
        if begins:
            place = max(0, bisect_right(begins, one.begin_s) - 1)
            speaker = f"<b>{text.SPEAKER[one.speaker]}</b>"
            said[place] += f'<div dir="auto">{speaker} {as_text(text.one_line(one.text))}</div>'
    return said

"""How long the user waits for an answer, and for what: the row under the meters, the panel behind ``l``.

Everything is in milliseconds. The time that a tool waited for the user (``you``) is not part of the latency.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from rich.text import Text

from realtime_cli.conversation.turns import MIN_FOR_P95, LatencyParts, percentile
from realtime_cli.tui.amounts import clock, plural
from realtime_cli.tui.cell_width import cells
from realtime_cli.tui.stats import SessionStats
from realtime_cli.tui.theme import DIM, PRETTY, Theme

PARTS = (
    ("end-pointing", "end", "end_pointing_ms", "until the server saw your turn end"),
    ("server", "server", "server_ms", "until its first sound, without tools"),
    ("tool", "tool", "tool_ms", "while a tool ran"),
    ("you", "you", "waiting_ms", "a tool waited for you; does not count"),
    ("buffer", "buffer", "playout_ms", "until the first sound was played"),
)
CAUSES = {
    "server_vad": "your voice",
    "key": "a key",
    "typed": "typed text",
    "policy": "speech that lasted",
    "tool": "a tool",
    "voice": "your voice",
}
ECHO_NAMES = {"aec": "canceller", "half_duplex": "half duplex", "off": "off"}


def latency_figures(stats: SessionStats, width: int, theme: Theme = PRETTY) -> str:
    """The last answer in parts, then median and 95th percentile, as much as fits into ``width``."""
    return next((words for words in _variants(stats, theme) if cells(words) <= width), "")


def _variants(stats: SessionStats, theme: Theme) -> Iterator[str]:
    """The variants, from the most detailed to the latency alone."""
    last, median = stats.last_ms, stats.median_ms
    if last is None or median is None:
        return
    total, middle = f"latency {last:.0f} ms", f"median {median:.0f}"
    p95 = f"p95 {stats.p95_ms:.0f}" if stats.p95_ms is not None else ""
    whole = theme.dot.join(filter(None, (middle, p95)))
    if parts := stats.last_parts:
        long, short = (_in_parts(parts, theme, place) for place in (0, 1))
        brief = _in_parts(parts, theme, 1, zeros=False)
        yield f"{total}: {long}{theme.dot}{whole}"
        yield f"{total}: {short}{theme.dot}{whole}"
        yield f"{total}: {brief}{theme.dot}{whole}"
        yield f"{last:.0f} ms: {brief}{theme.dot}{middle}"
    yield f"{total}{theme.dot}{whole}"
    yield total


def _in_parts(parts: LatencyParts, theme: Theme, name_at: int, *, zeros: bool = True) -> str:
    """``end-pointing 480 · server 610 · tool 0 · you 0 · buffer 130``."""
    values = [(row[name_at], getattr(parts, row[2])) for row in PARTS]
    return theme.dot.join(f"{name} {ms:.0f}" for name, ms in values if ms is not None and (zeros or ms >= 1))


def latency_lines(stats: SessionStats, width: int, theme: Theme = PRETTY) -> list[Text]:
    """The panel: each part's last, median and 95th percentile, then why the agent stopped, then the sound."""
    head = f"{'ms':<14}{'last':>8}{'median':>8}{'p95':>8}"
    waits_ms, all_parts = stats.waits_ms, stats.parts
    lines = [Text(head, DIM), _row("latency", waits_ms, "", width)]
    for name, _, field, meaning in PARTS:
        samples = [getattr(parts, field) for parts in all_parts]
        lines.append(_row(name, [ms for ms in samples if ms is not None], meaning, width))
    count = len(waits_ms)
    over = f"over {plural(count, 'answer')}" if count else "no answer was measured yet"
    best = f", best {min(waits_ms):.0f}, worst {max(waits_ms):.0f}" if count else ""
    few = f"; p95 from {MIN_FOR_P95} answers on" if stats.p95_ms is None else ""
    lines.append(Text(f"{over}{best}{few}", DIM))
    return [*lines, *map(Text, (*_why_it_stopped(stats), *_sound(stats)))]


def _row(name: str, samples: list[float], meaning: str, width: int) -> Text:
    figures = (
        samples[-1] if samples else None,
        statistics.median(samples) if samples else None,
        percentile(samples, 95, min_count=MIN_FOR_P95),
    )
    row = Text(f"{name:<14}" + "".join(f"{'-' if ms is None else format(ms, '.0f'):>8}" for ms in figures))
    if meaning and row.cell_len + 2 + cells(meaning) <= width:
        row.append(f"  {meaning}", DIM)
    return row


def _why_it_stopped(stats: SessionStats) -> list[str]:
    stop, hold = stats.last_stop, stats.last_hold
    held = [f"{clock(hold.at)} {hold.text}"] if hold else []
    if stop is None:
        return held
    cause = f" by {CAUSES[stop.cause]}" if stop.cause else ""
    text = f"interrupted at {clock(stop.at)}{cause} after {stop.heard_ms / 1000:.1f} s"
    if stop.near_dbfs is not None:
        text += f", you {stop.near_dbfs:.0f} dBFS"
    if stop.residual_dbfs is not None:
        text += f", echo {stop.residual_dbfs:.0f}"
    return [text, *held]


def _sound(stats: SessionStats) -> list[str]:
    sound = stats.sound
    if sound is None:
        return []
    text = f"echo {ECHO_NAMES.get(sound.echo, sound.echo)}"
    if sound.residual_dbfs is not None:
        text += f", {sound.residual_dbfs:.0f} dBFS left"
    return [f"{text}, {plural(sound.underruns, 'gap')}" if sound.underruns else text]

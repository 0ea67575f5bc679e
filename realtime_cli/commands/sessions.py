"""``realtime-cli sessions``: list, show, search, prune and delete what was recorded."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from realtime_cli import private_file
from realtime_cli.app.console import echo, out
from realtime_cli.app.progress import progress
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording import file
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import read
from realtime_cli.recording.stored import Stored, delete_recording, find, stored
from realtime_cli.recording.timeline import timeline
from realtime_cli.safe_text import one_line
from realtime_cli.tui.amounts import clock, money
from realtime_cli.tui.cell_width import cells

DAY_S = 86_400


COLUMNS = ("when", "agent", "server", "length", "turns", "latency", "cost", "ended", "name")
RIGHT = ("length", "turns", "latency", "cost")
# What a narrow terminal can do without, first to last; a name begins with the time.
DISPENSABLE = ("server", "when", "turns", "cost", "agent")
LONGEST = {"agent": 16, "server": 24, "ended": 24}  # cells of what may be cut short
WIDTH_OF_FILES = 200  # columns of a table that goes into a file or a pipe


def list_sessions(folder: Path | None = None, *, as_json: bool = False) -> ExitCode:
    """One line per recording, the newest last, where people look first: see ``COLUMNS``."""
    folder = folder or file.folder()
    found = list(reversed(stored(folder)))
    with progress("Reading recordings", len(found)) as step:
        rows = [step(_row(one)) for one in found]
    if as_json:
        for row in rows:
            out(json.dumps(row, ensure_ascii=False))
        return ExitCode.OK
    if rows:
        _print_table(rows)
    echo(f"Recordings are in {folder}.")
    return ExitCode.OK


def _row(one: Stored) -> dict[str, object]:
    row: dict[str, object] = {"name": one.name, "path": str(one.path), "bytes": one.size}
    try:
        recording = read(one.path)
        made = timeline(recording)
    except ConfigError as error:
        return {**row, "unreadable": error.message}
    first = next((said.text for said in made.said if said.speaker == "user"), "")
    running = recording.end.crashed and private_file.is_locked(one.path)
    header = recording.header
    return {
        **row,
        "started": header.started,
        "agent": header.agent,
        "server": _server(header.config.get("connection")),
        "seconds": round(made.seconds, 1),
        "turns": len(made.turns),
        "median_latency_ms": made.latency.median_ms,
        "model": made.cost.model,
        "cost_usd": made.cost.total_usd,
        "exit_code": recording.end.exit_code,
        "reason": recording.end.reason,
        "crashed": recording.end.crashed and not running,
        "running": running,
        "first": first,
    }


def _server(connection: object) -> str:
    """The provider's name, or the host of a custom address."""
    known = connection if isinstance(connection, dict) else {}
    provider = str(known.get("provider") or "")
    host = urlsplit(str(known.get("base_url") or "")).hostname or ""
    return host if provider in ("", "custom") and host else provider


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else WIDTH_OF_FILES
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    lines = [dict(zip(COLUMNS, map(one_line, _cells(row)), strict=True)) for row in rows]
    shown = _fitting(lines, console.width)
    for column in shown:
        align: Literal["left", "right"] = "right" if column in RIGHT else "left"
        table.add_column(column, justify=align, no_wrap=column not in LONGEST)
    for line in lines:
        table.add_row(*(line[column] for column in shown))
    console.print(table)


def _fitting(lines: list[dict[str, str]], width: int) -> list[str]:
    """The columns for which there is room beside the whole names."""
    shown = list(COLUMNS)
    size = {
        column: max(len(column), *(min(cells(line[column]), LONGEST.get(column, width)) for line in lines))
        for column in COLUMNS
    }
    for column in DISPENSABLE:
        if sum(size[one] + 2 for one in shown) - 2 <= width:
            break
        shown.remove(column)
    return shown


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if "unreadable" in row:
        return ("", "", "", "", "", "", "", f"unreadable: {row['unreadable']}", row["name"])
    started = row["started"][:16].replace("T", " ")
    latency_ms, usd = row["median_latency_ms"], row["cost_usd"]
    return (
        started,
        row["agent"].removesuffix(".toml") or "-",
        row["server"] or "-",
        clock(row["seconds"]),
        str(row["turns"]),
        "-" if latency_ms is None else f"{latency_ms:.0f} ms",
        "local" if row["server"] == "local" else "-" if usd is None else money(usd),
        _ended(row),
        row["name"],
    )


def _ended(row: dict[str, Any]) -> str:
    if row["running"] or row["crashed"]:
        return "still running" if row["running"] else "crashed"
    return "ok" if row["exit_code"] == ExitCode.OK else row["reason"] or f"exit code {row['exit_code']}"


def show(name: str, folder: Path | None = None) -> ExitCode:
    """One recording: facts, conversation, figures, as Markdown on stdout."""
    recording = read(find(name, folder))
    made = timeline(recording)
    out(text.markdown(made, recording.header))
    echo(str(recording.path))
    return ExitCode.OK


def search(words: str, folder: Path | None = None) -> ExitCode:
    """Messages and tool calls that contain ``words`` (any case); exit 1 when there is none."""
    found = 0
    known = stored(folder or file.folder())
    with progress("Searching recordings", len(known)) as step:
        for one in known:
            try:
                made = timeline(read(one.path))
            except ConfigError:
                step(None)
                continue
            for at_s, line in _matches(step(made), words.casefold()):
                out(f"{one.name}  {at_s:7.1f} s  {line}")
                found += 1
    return ExitCode.OK if found else ExitCode.EXPECTATION_FAILED


def _matches(made: Timeline, words: str) -> Iterator[tuple[float, str]]:
    for said in made.said:
        if words in said.text.casefold():
            yield said.begin_s, f"{text.SPEAKER[said.speaker]}: {' '.join(said.text.split())}"
    for _, run in made.tools:
        line = f"{run.name}({run.arguments}) → {run.output}"
        if words in line.casefold():
            yield run.called_at, f"Tool: {' '.join(line.split())}"


def prune(days: float, folder: Path | None = None, *, dry_run: bool = False) -> ExitCode:
    """Delete recordings older than ``days`` days."""
    if days < 0:
        raise ConfigError(f"Invalid age: {days} days.", "Give a number of days from 0 up.")
    old = [one for one in stored(folder or file.folder()) if one.modified < time.time() - days * DAY_S]
    for one in old:
        if not dry_run:
            delete_recording(one.path)
        out(one.name)
    size = sum(one.size for one in old) / 1e6
    echo(
        f"{len(old)} recording{'' if len(old) == 1 else 's'}{' would be' if dry_run else ''} deleted "
        f"({size:.1f} MB)."
    )
    return ExitCode.OK


def delete(names: list[str], folder: Path | None = None) -> ExitCode:
    """Delete recordings with their sidecars; all names are looked up before the first one goes."""
    for path in [find(name, folder) for name in names]:
        delete_recording(path)
        echo(f"{path} deleted.")
    return ExitCode.OK

"""``realtime-cli sessions``: list, show, search, prune and delete what was recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from realtime_cli import private_file
from realtime_cli.app.console import echo, out
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording import file
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import read
from realtime_cli.recording.stored import Stored, delete_recording, find, stored
from realtime_cli.recording.timeline import timeline

DAY_S = 86_400


def list_sessions(folder: Path | None = None, *, as_json: bool = False) -> ExitCode:
    """A line a recording, the newest first: name, length, turns, first words."""
    folder = folder or file.folder()
    for one in stored(folder):
        row = _row(one)
        out(json.dumps(row, ensure_ascii=False) if as_json else _in_words(row))
    if not as_json:
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
    return {
        **row,
        "seconds": round(made.seconds, 1),
        "turns": len(made.turns),
        "model": made.cost.model,
        "cost_usd": made.cost.total_usd,
        "crashed": recording.end.crashed and not running,
        "running": running,
        "first": first,
    }


def _in_words(row: dict[str, object]) -> str:
    if "unreadable" in row:
        return f"{row['name']}  unreadable: {row['unreadable']}"
    state = " (running)" if row["running"] else " (crashed)" if row["crashed"] else ""
    first = " ".join(str(row["first"]).split())
    counted = f"{row['turns']} turn{'' if row['turns'] == 1 else 's'}"
    return f"{row['name']}  {row['seconds']:>7} s  {counted:>9}{state}  {first[:60]}"


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
    for one in stored(folder or file.folder()):
        try:
            made = timeline(read(one.path))
        except ConfigError:
            continue
        for at_s, line in _matches(made, words.casefold()):
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

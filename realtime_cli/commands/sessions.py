"""``realtime-cli sessions``: list, show, search, prune and delete what was recorded."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime_cli.app.console import echo
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.recording import file
from realtime_cli.recording.export import text
from realtime_cli.recording.reader import read
from realtime_cli.recording.sidecar import sidecars
from realtime_cli.recording.timeline import Timeline, timeline

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Stored:
    """One recording in the folder; ``size`` in bytes with all its sidecars."""

    path: Path
    modified: float
    size: int

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(".gz").removesuffix(".jsonl")


def stored(folder: Path) -> list[Stored]:
    """All recordings of a folder, the newest first."""
    found = []
    for path in [*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]:
        state = path.stat()
        found.append(Stored(path, state.st_mtime, sum(_size(part) for part in _parts(path))))
    return sorted(found, key=lambda one: one.modified, reverse=True)


def _parts(path: Path) -> tuple[Path, ...]:
    return (path, *sidecars(path))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(part) for part in path.iterdir())
    return path.stat().st_size if path.exists() else 0


def list_sessions(folder: Path | None = None, *, as_json: bool = False) -> ExitCode:
    """A line a recording, the newest first: name, length, turns, first words."""
    folder = folder or file.folder()
    for one in stored(folder):
        row = _row(one)
        print(json.dumps(row, ensure_ascii=False) if as_json else _in_words(row))
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
    return {
        **row, "seconds": round(made.seconds, 1), "turns": len(made.turns), "model": made.cost.model,
        "cost_usd": made.cost.total_usd, "crashed": recording.end.crashed, "first": first,
    }  # fmt: skip


def _in_words(row: dict[str, object]) -> str:
    if "unreadable" in row:
        return f"{row['name']}  unreadable: {row['unreadable']}"
    crashed = " (crashed)" if row["crashed"] else ""
    first = " ".join(str(row["first"]).split())
    return f"{row['name']}  {row['seconds']:>7} s  {row['turns']:>3} turns{crashed}  {first[:60]}"


def show(name: str, folder: Path | None = None) -> ExitCode:
    """One recording: facts, conversation, figures, as Markdown on stdout."""
    recording = read(find(name, folder))
    made = timeline(recording)
    print(text.markdown(made, recording.header))
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
            print(f"{one.name}  {at_s:7.1f} s  {line}")
            found += 1
    return ExitCode.OK if found else ExitCode.EXPECTATION_FAILED


def _matches(made: Timeline, words: str) -> Iterator[tuple[float, str]]:
    for said in made.said:
        if words in said.text.casefold():
            yield said.begin_s, f"{text.SPEAKER[said.speaker]}: {' '.join(said.text.split())}"
    for _, run in made.tools:
        line = f"{run.name}({run.arguments}) → {run.output}"
        if words in line.casefold():
            yield run.began_at or 0.0, f"Tool: {' '.join(line.split())}"


def prune(days: float, folder: Path | None = None, *, dry_run: bool = False) -> ExitCode:
    """Delete recordings older than ``days`` days."""
    if days < 0:
        raise ConfigError(f"An age of {days} days makes no sense.", "Give a number of days from 0 up.")
    old = [one for one in stored(folder or file.folder()) if one.modified < time.time() - days * DAY_S]
    for one in old:
        if not dry_run:
            _delete(one.path)
        print(one.name)
    size = sum(one.size for one in old) / 1e6
    echo(f"{len(old)} recordings{' would be' if dry_run else ''} deleted ({size:.1f} MB).")
    return ExitCode.OK


def delete(names: list[str], folder: Path | None = None) -> ExitCode:
    """Delete recordings with their sidecars; all names are looked up before the first one goes."""
    for path in [find(name, folder) for name in names]:
        _delete(path)
        echo(f"{path} deleted.")
    return ExitCode.OK


def _delete(path: Path) -> None:
    try:
        for part in _parts(path):
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be deleted: {error.strerror}.") from None


def find_or_path(name: str, folder: Path | None = None) -> Path:
    """A path that exists, or else what ``find`` finds; what looks like a path but is none is left to the
    reader to complain about."""
    looks_like_path = "/" in name or name.endswith((".jsonl", ".gz", ".json", ".log", ".txt"))
    return Path(name) if looks_like_path or Path(name).is_file() else find(name, folder)


def find(name: str, folder: Path | None = None) -> Path:
    """The recording of that path, name, beginning of a name, or ``last``.

    Raises ConfigError when there is none, or more than one.
    """
    if name.endswith((".jsonl", ".gz")) and Path(name).is_file():
        return Path(name)
    known = stored(folder or file.folder())
    if name == "last" and known:
        return known[0].path
    exact = [one for one in known if one.name == name]
    matching = exact or [one for one in known if one.name.startswith(name)]
    if len(matching) == 1:
        return matching[0].path
    what = "There is no recording" if not matching else f"{len(matching)} recordings"
    raise ConfigError(f"{what} named {name!r}.", "See `realtime-cli sessions list`.")

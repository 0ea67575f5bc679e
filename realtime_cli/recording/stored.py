"""The folder of recordings: what is in it, found by name, and deleted with all that belongs to it."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from realtime_cli.errors import ConfigError
from realtime_cli.recording import file
from realtime_cli.recording.sidecar import sidecars


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
    if not folder.is_dir():
        if folder != file.folder():
            raise ConfigError(f"There is no folder {folder}.", "Name one with recordings in it.")
        return []
    for path in [*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]:
        try:
            state = path.stat()
        except OSError:
            continue  # deleted just now, or a broken link
        if not stat.S_ISREG(state.st_mode):
            continue
        found.append(Stored(path, state.st_mtime, sum(_size(part) for part in _parts(path))))
    return sorted(found, key=lambda one: one.modified, reverse=True)


def _parts(path: Path) -> tuple[Path, ...]:
    return (path, *sidecars(path))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(part) for part in path.iterdir())
    return path.stat().st_size if path.exists() else 0


def delete_recording(path: Path) -> None:
    try:
        for part in _parts(path):
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be deleted: {error.strerror}.") from None


def find_or_path(name: str, folder: Path | None = None) -> Path:
    """A path that exists, or else what ``find`` finds.

    What looks like a path but is none is left to the reader to complain about.
    """
    looks_like_path = "/" in name or name.endswith((".jsonl", ".gz", ".json", ".log", ".txt"))
    return Path(name) if looks_like_path or Path(name).is_file() else find(name, folder)


def find(name: str, folder: Path | None = None) -> Path:
    """The recording of that path, name, part of a name, or ``last``.

    Raises ConfigError when there is none, or more than one.
    """
    if name.endswith((".jsonl", ".gz")) and Path(name).is_file():
        return Path(name)
    known = stored(folder or file.folder())
    if name.casefold() == "last" and known:
        return known[0].path
    exact = [one for one in known if one.name == name]
    begun = exact or [one for one in known if one.name.startswith(name)]
    matching = begun or [one for one in known if name in one.name]
    if len(matching) == 1:
        return matching[0].path
    if not matching:
        raise ConfigError(f"There is no recording named {name!r}.", "See `realtime-cli sessions list`.")
    names = ", ".join(one.name for one in matching[:5])
    raise ConfigError(f"{len(matching)} recordings have {name!r} in their names.", f"Choose one: {names}.")

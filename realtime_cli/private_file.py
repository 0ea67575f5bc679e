"""Files that only their owner may read, and that hold the bytes they are given, on every system."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TextIO

import platformdirs

try:
    fcntl: Any = importlib.import_module("fcntl")
except ImportError:  # Windows
    fcntl = None

_euid: Any = getattr(os, "geteuid", None)  # Windows has other rights
_BINARY = getattr(os, "O_BINARY", 0)  # without it Windows writes two bytes for every line feed


def open_private(path: Path, flags: int) -> int:
    """A descriptor that children do not inherit; a file that is made by it is its owner's. Raises OSError."""
    return os.open(path, flags | _BINARY, 0o600)


def read_at(file: int, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes; one thread only, for Windows has no ``os.pread``."""
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, size)


def write_at(file: int, offset: int, data: bytes) -> None:
    """All of ``data``: the system may take less at once, just before a disk is full. One thread only."""
    os.lseek(file, offset, os.SEEK_SET)
    while data:
        data = data[os.write(file, data) :]


def make_folder(folder: Path) -> None:
    """A folder that is missing, with those above it: only its owner may enter, whatever the umask is."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def state_folder() -> Path:
    """Where the program keeps what it knows; one that others could enter until now is closed to them."""
    folder = platformdirs.user_state_path("realtime-cli")
    with suppress(OSError):
        found = folder.stat()
        if _euid and found.st_uid == _euid() and found.st_mode & 0o077:
            folder.chmod(0o700)
    return folder


def is_ours(path: Path) -> bool:
    """Whether a file is there that nobody else can have written, by its own rights and its folder's."""
    try:
        found = path.stat(), path.parent.stat()
    except OSError:
        return False
    if not _euid:
        return True
    owners = (_euid(), 0)
    return all(each.st_uid in owners and not each.st_mode & 0o022 for each in found)


def open_text(path: Path, mode: Literal["w", "a"]) -> TextIO:
    """A text file of the program's state; one that others could read until now is closed to them."""
    make_folder(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if mode == "w" else os.O_APPEND)
    opened = os.fdopen(open_private(path, flags), mode, encoding="utf-8")
    if hasattr(os, "fchmod"):
        os.fchmod(opened.fileno(), 0o600)
    return opened


def lock(file: int) -> None:
    """Hold this open file until it is closed or the process ends; does nothing where flock(2) is missing."""
    if fcntl:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Whether a process holds the file at ``path`` by ``lock``."""
    if not fcntl:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

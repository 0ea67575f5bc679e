"""Files that only their owner may read, and that hold the bytes they are given, on every system."""

from __future__ import annotations

import os
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # without it Windows makes two bytes of every line feed


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

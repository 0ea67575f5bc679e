"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path


def user_path(written: str | Path, folder: Path = Path()) -> Path:
    """The path; ``~`` is the user's home, and what is relative is so to ``folder``.

    A ``~name`` that is nobody's home is a name like any other.
    """
    try:
        return folder / Path(written).expanduser()
    except RuntimeError:
        return folder / written

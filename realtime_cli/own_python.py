"""Our own interpreter for child processes: it takes no module from the folder that the user stands in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE, _BY_US = "PYTHONSAFEPATH", "by realtime-cli"


def own_python(*words: str) -> list[str]:
    """A command line. Without -P, ``-m`` and ``-c`` look for every module in the current folder first."""
    return [sys.executable, "-P", *words]


@contextmanager
def safe_path() -> Iterator[None]:
    """The same for children that a library starts; each then calls :func:`end_safe_path`."""
    os.environ.setdefault(_VARIABLE, _BY_US)
    try:
        yield
    finally:
        end_safe_path()


def end_safe_path() -> None:
    """Let programs that this process starts find their own modules again."""
    if os.environ.get(_VARIABLE) == _BY_US:
        del os.environ[_VARIABLE]

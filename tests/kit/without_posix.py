"""Runs a Python program as on Windows, as far as that can be had here: without what only POSIX has.

    python -m tests.kit.without_posix -m realtime_cli talk ...
    python -m tests.kit.without_posix script.py

The modules and names are those that the library reference marks "Availability: Unix" and that Windows
Python lacks; event loops know no signals and no readers, as Windows' proactor loop does not.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import sys
from typing import NoReturn

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
SIGNALS = ("ALRM", "CONT", "HUP", "KILL", "PIPE", "QUIT", "STOP", "TSTP", "USR1", "USR2", "WINCH")
OS_NAMES = (
    "O_CLOEXEC",
    "fchmod",
    "fork",
    "getpgid",
    "killpg",
    "mkfifo",
    "openpty",
    "pread",
    "pwrite",
    "setsid",
)


def _no(*arguments: object) -> NoReturn:
    raise NotImplementedError


def strip() -> None:
    """Take away what Windows has not."""
    for module in MODULES:
        sys.modules[module] = None  # type: ignore[assignment]  # this is how an import is told to fail
    for name in SIGNALS:
        delattr(signal, f"SIG{name}")
    for name in OS_NAMES:
        delattr(os, name)
    for name in ("add_signal_handler", "remove_signal_handler", "add_reader", "remove_reader"):
        setattr(asyncio.SelectorEventLoop, name, _no)


def main() -> None:
    words = sys.argv[1:]
    strip()
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main()

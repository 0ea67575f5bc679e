"""The command line, or pytest, many times over, each in a process that need not import anything."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from multiprocessing import connection
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.kit.preloaded"])
# Starting a process also reads the exit codes of those that have ended; if two threads read the same one,
# one of them gets 255: https://github.com/python/cpython/issues/130895
_READS_EXIT_CODES = threading.Lock()


class Hangs(Exception):
    """It had not ended in time; the text is what it had said."""


def _realtime_cli(arguments: list[str]) -> None:
    from realtime_cli import cli

    sys.argv = ["realtime-cli", *arguments]
    cli.main()


def _pytest(arguments: list[str]) -> None:
    import pytest

    sys.exit(pytest.main(arguments))


def _main(
    program: Callable[[list[str]], None],
    arguments: list[str],
    folders: tuple[str, str],
    environ: dict[str, str],
    trouble: Callable[[], None] | None,
) -> None:
    folder, cwd = folders
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  the fork server closed its own
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    if trouble:
        trouble()
    try:
        program(arguments)
    finally:
        sys.stdout.flush()


def run_forked(
    *arguments: str | Path, timeout_s: float, trouble: Callable[[], None] | None = None
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr. ``trouble``: a function of a module, called in the process at first.

    Raises :class:`Hangs`.
    """
    return _forked(_realtime_cli, arguments, Path.cwd(), timeout_s, trouble)


def run_pytest_forked(*arguments: str | Path, cwd: Path, timeout_s: float) -> tuple[int, str, str]:
    """The same of pytest, as in a project whose folder is ``cwd``."""
    return _forked(_pytest, arguments, cwd, timeout_s, None)


def _forked(
    program: Callable[[list[str]], None],
    arguments: Iterable[str | Path],
    cwd: Path,
    timeout_s: float,
    trouble: Callable[[], None] | None,
) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        given = (program, [*map(str, arguments)], (folder, str(cwd)), dict(os.environ), trouble)
        process = _FORKS.Process(target=_main, args=given)
        with _READS_EXIT_CODES:
            process.start()
        connection.wait([process.sentinel], timeout_s)
        with _READS_EXIT_CODES:
            exit_code = process.exitcode
        said = [path.read_text() if (path := Path(folder, name)).exists() else "" for name in ("out", "err")]
        if exit_code is None:
            process.kill()
            connection.wait([process.sentinel])
            raise Hangs("\n".join(said))
        return exit_code, said[0], said[1]

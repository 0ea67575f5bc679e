"""The command line many times over, each in a process of its own that need not import anything."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["realtime_cli.commands.text", "realtime_cli.commands.talk", "realtime_cli.cli"]
)


class Hangs(Exception):
    """It had not ended in time; the text is what it had said."""


def _main(
    arguments: list[str], folder: str, environ: dict[str, str], trouble: Callable[[], None] | None
) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  the fork server closed its own
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    sys.argv = ["realtime-cli", *arguments]
    if trouble:
        trouble()
    from realtime_cli import cli

    try:
        cli.main()
    finally:
        sys.stdout.flush()


def run_forked(
    *arguments: str | Path, timeout_s: float, trouble: Callable[[], None] | None = None
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr. ``trouble``: a function of a module, called in the process at first.

    Raises :class:`Hangs`.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = ([*map(str, arguments)], folder, dict(os.environ), trouble)
        process = _FORKS.Process(target=_main, args=given)
        process.start()
        process.join(timeout_s)
        said = [path.read_text() if (path := Path(folder, name)).exists() else "" for name in ("out", "err")]
        if process.exitcode is None:
            process.kill()
            process.join()
            raise Hangs("\n".join(said))
        return process.exitcode, said[0], said[1]

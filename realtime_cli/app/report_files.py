"""The reports of a run. Each is written for itself, so that a bad path loses no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from realtime_cli.app.console import out
from realtime_cli.errors import ConfigError

STDOUT = Path("-")


def write_reports(reports: Iterable[tuple[Path, Callable[[], str]]]) -> None:
    """Write each text to its path; ``-`` is stdout.

    Raises ConfigError, once all are tried, that names each path which cannot be written.
    """
    wrong: list[str] = []
    for path, text in reports:
        try:
            if path == STDOUT:
                with suppress(BrokenPipeError):  # nobody reads it any more
                    out(text(), end="")
            else:
                path.write_text(text(), encoding="utf-8")
        except OSError as error:
            where = "stdout" if path == STDOUT else error.filename or path
            wrong.append(f"{where} cannot be written: {error.strerror}.")
    if wrong:
        raise ConfigError("\n  ".join(wrong))

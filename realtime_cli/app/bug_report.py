"""Unexpected errors: write a file with all that a bug report needs, and name it in one sentence."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from pathlib import Path

from realtime_cli import __version__
from realtime_cli.app.console import echo
from realtime_cli.config.redaction import known
from realtime_cli.errors import ExitCode
from realtime_cli.recording.redactor import Redactor


def write(error: BaseException) -> int:
    """Write the report (owner-only) and return the exit code of a bug.

    Local variables are left out on purpose, since they may hold keys. Error messages may hold keys, too.
    """
    lines = [
        f"realtime-cli {__version__}, Python {platform.python_version()}, {platform.platform()}",
        "",
        *traceback.format_exception(error),
    ]
    where = (
        f"The details are in {path}." if (path := _kept("\n".join(lines))) else "No file could be written."
    )
    echo(f"realtime-cli: This is a bug: {type(error).__name__}. {where}")
    return ExitCode.BUG


def _kept(report: str) -> Path | None:
    """Where it was written; None where no temporary folder takes it."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="realtime-cli-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(Redactor(known(os.environ)).scrub(report))
    except OSError:
        return None
    return Path(file.name)

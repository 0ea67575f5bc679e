"""The command line as a user runs it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_cli(
    *arguments: str | Path,
    stdin: str = "",
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run ``realtime-cli`` with text on stdin; returns exit code, stdout and stderr."""
    return subprocess.run(
        [sys.executable, "-m", "realtime_cli", *map(str, arguments)],
        input=stdin,
        env={**os.environ, **(environ or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )

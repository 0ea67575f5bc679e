"""A command whose stdout and stderr are a terminal, as one sees it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def on_a_terminal(
    *arguments: str | Path, cwd: Path | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """What ``realtime-cli`` writes to a terminal, stdout and stderr."""
    terminal, inner = pty.openpty()
    command = [sys.executable, "-m", "realtime_cli", *map(str, arguments)]
    environ = {**environment, "COLUMNS": "200"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=inner, stderr=inner, cwd=cwd, env=environ
    ) as ended:
        os.close(inner)
        written = b""
        try:
            while part := os.read(terminal, 65536):
                written += part
        except OSError:
            pass  # nobody is at the other end any more
    os.close(terminal)
    assert ended.returncode != 70
    return written.decode()

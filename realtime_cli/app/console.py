"""The one voice of the program: all talk to the user goes to stderr, so that stdout is free for data."""

from __future__ import annotations

import sys

from realtime_cli.errors import RealtimeCliError


def echo(text: str) -> None:
    """One sentence to the user."""
    print(text, file=sys.stderr, flush=True)


def echo_error(error: RealtimeCliError) -> None:
    """What is wrong, then what to do about it."""
    echo(f"realtime-cli: {error.message}")
    if error.remedy:
        echo(f"  {error.remedy}")

"""The one voice of the program: all talk to the user goes to stderr, so that stdout is free for data."""

from __future__ import annotations

import sys

from realtime_cli.errors import RealtimeCliError


def say(text: str) -> None:
    """One sentence to the user."""
    print(text, file=sys.stderr, flush=True)


def say_error(error: RealtimeCliError) -> None:
    """What is wrong, then what to do about it."""
    say(f"realtime-cli: {error.message}")
    if error.remedy:
        say(f"  {error.remedy}")

"""The only way to print: messages go to stderr, so that stdout is free for data.

Text from servers, files and recordings is made harmless here before a terminal can obey it. Files and pipes
get it unchanged.
"""

from __future__ import annotations

import sys
from typing import TextIO

from realtime_cli.errors import RealtimeCliError
from realtime_cli.safe_text import safe


def for_stream(text: str, stream: TextIO | None) -> str:
    """The text as it may go to this stream."""
    return safe(text) if stream is not None and stream.isatty() else text


def out(text: str, end: str = "\n") -> None:
    """Data to stdout."""
    print(for_stream(text, sys.stdout), end=end, flush=True)


def echo(text: str) -> None:
    """One sentence to the user."""
    print(for_stream(text, sys.stderr), file=sys.stderr, flush=True)


def echo_error(error: RealtimeCliError) -> None:
    """What is wrong, then what to do about it."""
    echo(f"realtime-cli: {error.message}")
    if error.remedy:
        echo(f"  {error.remedy}")

"""The program: ``realtime-cli``, or ``python -m realtime_cli``."""

from __future__ import annotations

import sys
from typing import NoReturn

from realtime_cli.app.interrupts import catch_signals, interrupted, release_signals
from realtime_cli.errors import ExitCode


def main() -> NoReturn:
    """Run the command line; Ctrl+C ends it also while it is still being imported."""
    catch_signals()
    try:
        from realtime_cli import cli
    except BaseException:
        if not interrupted():
            raise
        release_signals()
        sys.exit(ExitCode.INTERRUPTED)
    cli.main()


if __name__ == "__main__":
    main()

"""What only the caller of a frontend knows at the end."""

from __future__ import annotations

from realtime_cli.errors import ExitCode
from realtime_cli.value import value


@value
class EndSummary:
    """What only the caller knows at the end: the outcome, where the recording is, how to replay it."""

    exit_code: ExitCode = ExitCode.OK
    reason: str = ""
    remedy: str = ""
    recording: str = ""
    replay: str = ""
    tells_reason: bool = False
    """Whether the caller tells the reason by itself, behind all that the frontend shows."""
    connected: bool = True
    """Whether there ever was a connection; without one there is no conversation to sum up."""

"""Every error that a user can meet, and the exit code it ends with.

::

    RealtimeCliError            70  a bug, unless a subclass says otherwise
    ├── ConfigError              2  the agent file, an option or an input file is wrong
    ├── ConnectionFailed         3  no usable connection
    │   └── AuthenticationFailed 3  the key is missing or refused
    ├── AudioDeviceError         4  a device cannot be found, opened or kept
    └── SessionFailed            5  the server or the protocol ended the session
        └── LimitReached         6  a budget of money, minutes or rounds is used up

An error is one sentence that says what is wrong and one, the remedy, that says what to do next.
Foreign errors become these at the edge where the foreign library is called; above it nobody knows
that library.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller (documented in ``--help``)."""

    OK = 0
    EXPECTATION_FAILED = 1
    USAGE = 2
    CONNECTION = 3
    AUDIO_DEVICE = 4
    SESSION = 5
    LIMIT = 6
    BUG = 70
    INTERRUPTED = 130


class RealtimeCliError(Exception):
    """What is wrong, in one sentence, and the remedy in another."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigError(RealtimeCliError):
    """Something that a person wrote is wrong: agent file, option, script, input file."""

    exit_code = ExitCode.USAGE


class ConnectionFailed(RealtimeCliError):
    """The server cannot be reached, or what answers is not a Realtime server."""

    exit_code = ExitCode.CONNECTION


class AuthenticationFailed(ConnectionFailed):
    """The key is missing or refused."""


class AudioDeviceError(RealtimeCliError):
    """A microphone or speaker cannot be found, opened or kept."""

    exit_code = ExitCode.AUDIO_DEVICE


class SessionFailed(RealtimeCliError):
    """The server or the protocol ended the session."""

    exit_code = ExitCode.SESSION


class LimitReached(SessionFailed):
    """A limit that the user set is used up, and that ended the session."""

    exit_code = ExitCode.LIMIT

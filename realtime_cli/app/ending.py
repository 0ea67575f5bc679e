"""How the program ends: every error becomes a sentence and an exit code, and no traceback reaches a user."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import NoReturn

from realtime_cli.errors import ConfigError, ExitCode, RealtimeCliError

# What a machine may refuse to any program: no bug of ours.
_REFUSED_BY_THE_MACHINE = {
    getattr(errno, name, None)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "ENAMETOOLONG", "EMFILE", "ENFILE", "ENOMEM", "EIO")
} - {None}


NOT_COMPLETE = "What was to be written is not complete."


class NoStdout(io.TextIOBase):
    """Stands in for a stdout that the caller has closed: writing raises OSError."""

    def write(self, text: str) -> NoReturn:
        raise OSError(errno.EIO, "There is no stdout")


def prepare_streams() -> None:
    """Open what the caller has closed (``<&-``): the next file or socket would become it.

    There is nothing to read then; what is written to stdout fails, as on a full disk, and messages are gone.
    What the encoding of stdout cannot write is a question mark there.
    """
    if sys.stdin is None:
        sys.stdin = open(_null(os.O_RDONLY), encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        _null(os.O_RDONLY)
        sys.stdout = NoStdout()
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if sys.stderr is None:
        sys.stderr = open(_null(os.O_WRONLY), "w", encoding="utf-8")  # noqa: SIM115


def _null(flags: int) -> int:
    """The null device as the lowest free descriptor; programs that are started have it, too."""
    descriptor = os.open(os.devnull, flags)
    os.set_inheritable(descriptor, True)
    return descriptor


def flush_stdout() -> None:
    """Write what is left, or let it go: Python would complain at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def exit_code_of(error: BaseException) -> int:
    """Explain an error: a full disk, a limit on files or no memory; a usage error; anything else is a bug."""
    if _is_out_of_memory(error):
        what, remedy = "There is not enough memory", NOT_COMPLETE
    elif isinstance(error, OSError) and error.errno in _REFUSED_BY_THE_MACHINE:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        what, remedy = f"{where}{error.strerror}", NOT_COMPLETE
    elif isinstance(error, FileNotFoundError) and error.filename is None:
        if "temporary" in str(error.strerror):  # of tempfile: it could write to none of its folders
            what, remedy = str(error.strerror), "Make room on the disk, or name one with TMPDIR."
        else:  # of os.getcwd
            what, remedy = "The current folder has been deleted", "Change to another one."
    else:
        return _usage_or_bug(error)
    return explain(ConfigError(f"{what}.", remedy))


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether the error, or a cause of it, means that memory ran out.

    Python raises MemoryError; threads and libraries only use certain words.
    """
    if error is None:
        return False
    words = ("can't start new thread", "Cannot allocate memory", "failed to map segment", "std::bad_alloc")
    is_out = isinstance(error, MemoryError) or any(each in str(error) for each in words)
    return is_out or _is_out_of_memory(error.__cause__ or error.__context__)


def explain(error: RealtimeCliError) -> int:
    from realtime_cli.app.console import echo_error

    echo_error(error)
    return error.exit_code


def drop_stdout() -> int:
    """Nobody reads our stdout any more (``| head -1``): that is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return ExitCode.OK


def _usage_or_bug(error: BaseException) -> int:
    show = getattr(error, "show", None)
    if show is not None and hasattr(error, "exit_code"):  # a usage error of the command line's parser
        show()
        return ExitCode.USAGE
    from realtime_cli.app import bug_report

    return bug_report.write(error)

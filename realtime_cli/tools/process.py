"""Child processes: their environment, and how they end with everything that they started."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from realtime_cli.user_path import user_path

ALWAYS_SEEN = ("PATH", "HOME", "LANG")


def seen(environ: Mapping[str, str], names: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a child: PATH, HOME, LANG and ``names``.

    Programs that are installed beside this one are found too, also where its environment is not active.
    """
    kept = {name: environ[name] for name in (*ALWAYS_SEEN, *names) if name in environ}
    kept["PATH"] = os.pathsep.join([kept.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return kept


def found(program: str, folder: Path, path: str) -> str | None:
    """Where a program is: on the path, or in the folder if its name has a slash."""
    if os.sep in program:
        program = str(user_path(program, Path.cwd() / folder))
    return shutil.which(program, path=path)


def tied(words: Sequence[str]) -> list[str]:
    """A command line whose process the kernel kills when this program ends, even by SIGKILL.

    Linux with util-linux (prctl(2), PR_SET_PDEATHSIG); elsewhere the command line as it is.
    """
    tie = _setpriv()
    return [tie, "--pdeathsig", "KILL", *words] if tie else list(words)


@cache
def _setpriv() -> str | None:
    return shutil.which("setpriv") if sys.platform == "linux" else None


async def started(*words: str, **options: Any) -> asyncio.subprocess.Process:
    """A child in a session of its own. Raises OSError.

    Who is cancelled while it starts leaves none behind: by itself asyncio would kill the child, but not what
    that has started, and would wait for those to let go of the pipes.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(*words, **options, start_new_session=True)
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError):
            await end(await starting)
        raise


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that leads its session, with everything in it, and wait until it is gone."""
    kill_group(process.pid)
    while process.returncode is None:
        with suppress(asyncio.CancelledError):  # a killed process ends at once: finish this wait
            await process.wait()
    transport = getattr(process, "_transport", None)  # a grandchild in a session of its own may hold a pipe
    if transport:
        transport.close()


def kill_group(pid: int) -> None:
    """Kill whatever is in the process group of this leader; the group may be gone."""
    if sys.platform == "win32" or not hasattr(os, "killpg"):  # Windows knows trees of processes instead
        with suppress(OSError):
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def how_it_ended(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"

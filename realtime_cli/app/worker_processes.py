"""Processes that each do a part of the work; none outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import Any

from realtime_cli.app.console import echo_error
from realtime_cli.app.interrupts import catch_signals
from realtime_cli.app.parent_watchdog import end_soon
from realtime_cli.errors import ExitCode, RealtimeCliError
from realtime_cli.own_python import end_safe_path, safe_path

END_S = 4.0
Work = Callable[[Any], None]


def side_by_side(work: Work, parts: Sequence[Any]) -> list[int]:
    """Run ``work(part)`` for each part in a process of its own; the exit codes, in order.

    ``work`` is a function at the top of a module.

    KeyboardInterrupt (see ``interrupts``) ends all of them within ``END_S`` seconds.
    """
    fresh = multiprocessing.get_context("spawn")
    processes = [fresh.Process(target=_part, args=(work, part), daemon=True) for part in parts]
    try:
        for process in processes:
            with safe_path():
                process.start()
        for process in processes:
            process.join()
        return [process.exitcode or 0 for process in processes]
    finally:
        _end([process for process in processes if process.pid is not None])


def _end(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    end_at = time.monotonic() + END_S
    for process in processes:
        process.join(max(0.0, end_at - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join()


def _part(work: Work, part: Any) -> None:
    """Runs in the worker process; errors end here as in the command line."""
    end_safe_path()
    catch_signals()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        work(part)
    except RealtimeCliError as error:
        echo_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _end_with_parent() -> None:
    """End with the parent, however it ended: nobody wants the results any more."""
    if parent := multiprocessing.parent_process():
        parent.join()
        end_soon(ExitCode.INTERRUPTED)
        os.kill(os.getpid(), signal.SIGTERM)

"""A person's own check of a recording: ``file.py:function``.

It runs in a thread beside the event loop: other conversations go on, and one that never returns is left
behind. What holds the interpreter itself (a search by ``re``, say) cannot be left.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import sys
import threading
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from realtime_cli.brief_thread import BriefThread
from realtime_cli.errors import ConfigError
from realtime_cli.tools.function import own_place, raised_at

CHECK_LIMIT_S = 60.0


class CheckRunner:
    """Awaited like ``run_check``: one check after the other, none for longer than ``limit_s``."""

    def __init__(self, limit_s: float = CHECK_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._thread = BriefThread("check")
        self._ident = 0

    async def __call__(self, check: str, folder: Path, recording: Path, turn: int) -> str:
        async with self._turn:
            running = self._thread.submit(self._run, check, folder, recording, turn)
            try:
                return await asyncio.wait_for(asyncio.wrap_future(running), self._limit_s)
            except TimeoutError:
                self._thread = BriefThread("check")
                place = self._where(folder)
                return f"it took longer than {self._limit_s:g} s{f' ({place})' if place else ''}"

    def _run(self, check: str, folder: Path, recording: Path, turn: int) -> str:
        self._ident = threading.get_ident()
        return run_check(check, folder, recording, turn)

    def _where(self, folder: Path) -> str:
        """The line of the user's own code that the check is in."""
        frame = sys._current_frames().get(self._ident)
        return own_place(traceback.extract_stack(frame), folder) if frame else ""


def run_check(check: str, folder: Path, recording: Path, turn: int) -> str:
    """What the function finds wrong with the recording; empty when nothing.

    It is given the recording's :class:`~realtime_cli.conversation.timeline.Timeline`, and the turn's number
    if it takes a second argument. Wrong is: text, False, or an exception.
    """
    from realtime_cli.recording.reader import read
    from realtime_cli.recording.timeline import timeline

    try:
        function = _function(check, folder)
        given: tuple[Any, ...] = (timeline(read(recording)), turn)
        found = function(*given[: len(inspect.signature(function).parameters)])
        if inspect.iscoroutine(found):
            found = asyncio.run(found)
    except (Exception, SystemExit) as error:  # user code: whatever it raises is its verdict
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        place = raised_at(error, folder)
        return f"{said} ({place})" if place else said
    if found is False:
        return "it says no"
    return "" if found is None or found is True else str(found)


def _function(check: str, folder: Path) -> Callable[..., object]:
    module, _, name = check.rpartition(":")
    loaded = _from_file(folder / module) if module.endswith(".py") else importlib.import_module(module)
    try:
        return getattr(loaded, name)  # type: ignore[no-any-return]
    except AttributeError:
        raise ConfigError(f"{module} has no function {name}.") from None


@cache
def _from_file(path: Path) -> Any:
    name = f"realtime_cli_check_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

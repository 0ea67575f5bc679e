"""A person's own check of a recording: ``file.py:function``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.tools.function import raised_at


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
    except Exception as error:  # user code: whatever it raises is its verdict
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

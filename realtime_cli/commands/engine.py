"""``engine``: sessions of scripts for another program, by JSON lines on stdin and stdout.

    in    {"begin": "id", "script": "name"}   one session; without "script" the scripts take turns
          {"begin": 20}                       this many, with generated ids
          {"stop": "id"}   {"end": true}      the end of stdin is the end, too
    out   {"event": "ready", "scripts": [...], "pid": 4711}, then what ``script.pool`` tells,
          {"event": "mistake", "error": "..."} for a line that says none of this, {"event": "ended"}

It ends with its parent: at the end of stdin, at SIGTERM, and on Linux when the parent is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.parent_watchdog import end_soon, end_with_parent
from realtime_cli.app.targets import Target
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.script.checks import CheckRunner
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.load import load_scripts, script_files
from realtime_cli.script.opening import CaseOpener, agents_of
from realtime_cli.script.result import Case
from realtime_cli.script.runner import RunContext
from realtime_cli.script.session_pool import SessionPool
from realtime_cli.script.suite import ScriptOptions, Selection, plan
from realtime_cli.tools.trust import Trust
from realtime_cli.untrusted_json import parse_json
from realtime_cli.value import value


@value
class EngineOptions(ScriptOptions):
    """What the command line says; ``record`` keeps a recording of every session there."""

    record: Path | None = None


def engine(options: EngineOptions) -> ExitCode:
    """Serve the pipe until it ends. Raises ConfigError for scripts and agents that are wrong."""
    end_with_parent()
    cases = plan(load_scripts(script_files(options.scripts)), Selection(text=options.text))
    target = Target(
        options.config, options.sets, options.against, approve=options.approve, trust=Trust(options.trust)
    )
    agents_of(cases, target)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_serve(cases, target, options.record))
    return ExitCode.OK


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a session costs a third less CPU: 8.5 ms a second, not 12.4."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def emit(event: Mapping[str, Any]) -> None:
    """One line on stdout. A reader that has gone is the end, which stdin tells as well."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


async def _serve(cases: Sequence[Case], target: Target, record: Path | None) -> None:
    servers = LocalServers(connections=1000, warm=not all(case.text for case in cases))
    opener = CaseOpener(target, servers, "kept" if record else "none", record)
    pool = SessionPool(cases, RunContext(opener.open, LocalSpeechSource(), None, CheckRunner()), emit)
    lines = _lines()
    try:
        await pool.prepare()
        gc.collect()
        gc.freeze()  # what is loaded now stays; no collection needs to look at it again
        emit({"event": "ready", "scripts": [case.name for case in cases], "pid": os.getpid()})
        pace = asyncio.create_task(pool.pace(), name="pace")
        await _obey(pool, lines)
        pace.cancel()
    finally:
        end_soon(ExitCode.OK)
        await pool.end()
        pool.report_pace()
        await opener.close()
        emit({"event": "ended"})


def _lines() -> asyncio.Queue[str]:
    """Lines of stdin, read by a thread; an empty one is the end. Signals end it likewise."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        for line in sys.stdin:
            put(line)
        put("")

    threading.Thread(target=read, name="stdin", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, lines.put_nowait, "")
    return lines


async def _obey(pool: SessionPool, lines: asyncio.Queue[str]) -> None:
    ids = (f"s{number}" for number in itertools.count(1))
    while line := await lines.get():
        try:
            if not _do(pool, line, ids):
                return
        except ConfigError as error:
            emit({"event": "mistake", "error": str(error)})


def _do(pool: SessionPool, line: str, ids: Iterator[str]) -> bool:
    """Carry out one line; False after the last."""
    try:
        asked = parse_json(line) if line.strip() else {"begin": 0}
    except ValueError:
        asked = None
    match asked:
        case {"begin": str(name), **more}:
            pool.begin(name, _script(more))
        case {"begin": int(count), **more} if 0 <= count <= 10_000:
            for _ in range(count):
                pool.begin(next(ids), _script(more))
        case {"stop": str(name)}:
            pool.stop(name)
        case {"end": _}:
            return False
        case _:
            raise ConfigError(
                f"{line.strip()[:80]!r} is not an engine command.",
                'It takes {"begin": "id"}, {"begin": 5}, {"stop": "id"} and {"end": true}.',
            )
    return True


def _script(asked: Mapping[Any, Any]) -> str | None:
    """Raises ConfigError when it is no name."""
    match asked.get("script"):
        case str() | None as script:
            return script
        case other:
            raise ConfigError(
                f"{other!r} is not a valid script name.", "Write it in quotes, or leave it out."
            )

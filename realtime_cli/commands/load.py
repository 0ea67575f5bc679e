"""``load``: everything is checked here, then this process becomes Locust's."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import NoReturn

from realtime_cli import load as load_room
from realtime_cli.app.targets import Target
from realtime_cli.config.time_span import seconds_of
from realtime_cli.errors import ConfigError
from realtime_cli.install_hint import install_extra
from realtime_cli.load.plan import LoadPlan
from realtime_cli.load.shapes import LoadStage, read_stages, soak, spike
from realtime_cli.load.thresholds import threshold_of
from realtime_cli.own_python import own_python
from realtime_cli.script.audible_words import asks_to_listen
from realtime_cli.script.budget import Budget
from realtime_cli.script.load import load_scripts, script_files
from realtime_cli.script.opening import agents_of
from realtime_cli.script.result import Case
from realtime_cli.script.suite import ScriptOptions, Selection, plan
from realtime_cli.tools.trust import Trust
from realtime_cli.value import value

LOCUSTFILE = Path(load_room.__file__ or "").with_name("locustfile.py")
SHAPES = ("ramp", "spike", "soak")


@value
class LoadOptions(ScriptOptions):
    """What the command line says. ``users``: a number or auto; ``ramp``: 10/s; ``duration``: 1h30m, 90s.

    ``fail_if``: such as "first audio p95 > 800ms".
    """

    users: str = "10"
    ramp: str = "10/s"
    duration: str | None = None
    shape: str = "ramp"
    max_cost: float | None = None
    worker: bool = False
    master: bool = False
    master_host: str = "127.0.0.1"
    master_port: int = 5557
    bind: str = "127.0.0.1"
    expect_workers: int | None = None
    processes: int | None = None
    web: bool = False
    web_port: int = 8089
    csv: Path | None = None
    html: Path | None = None
    json: Path | None = None
    finish: str = "0s"
    fail_if: tuple[str, ...] = ()


def load(options: LoadOptions) -> NoReturn:
    """Replace this process by Locust. Raises ConfigError for mistakes, before anything runs."""
    if importlib.util.find_spec("locust") is None:
        raise ConfigError(
            "Load tests run on Locust, which is not installed.",
            f"Install it: {install_extra('load')}",
        )
    _check(options)
    plan_, arguments = load_plan(options), list(locust_arguments(options))
    environ = {**os.environ, **plan_.to_environ()}
    command = own_python("-m", "realtime_cli.load.locust_command", *arguments)
    if os.name == "nt":  # its execv returns to the shell at once
        raise SystemExit(subprocess.call(command, env=environ))
    _keep_stdin()
    os.execve(sys.executable, command, environ)


def _keep_stdin() -> None:
    """Locust reads keys from stdin: replace a closed stdin by an empty one."""
    try:
        stays = os.get_inheritable(0)
    except OSError:
        stays = False
    if not stays:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.set_inheritable(0, True)


def _check(options: LoadOptions) -> None:
    cases = plan(load_scripts(script_files(options.scripts)), Selection(text=options.text))
    target = Target(
        options.config, options.sets, options.against, approve=options.approve, trust=Trust(options.trust)
    )
    for case in cases:
        _can_be_many(case)
    agents = agents_of(cases, target)
    Budget(options.max_cost, cases, agents)
    if options.users == "auto" and all(case.text for case in cases):
        raise ConfigError("--users auto needs a spoken script.", "It measures how late audio frames are.")
    if options.worker and options.master:
        raise ConfigError("A process is --worker or --master, not both.")
    if options.master and options.processes is not None:
        raise ConfigError("--processes starts its own master.", "Leave --master out.")


def _can_be_many(case: Case) -> None:
    script = case.script.script
    goal = [script.caller.wanted] if script.caller else []
    for expect in (script.expect, *goal, *(turn.expect for turn in script.turns)):
        if expect.check or expect.judged or asks_to_listen(expect):
            raise ConfigError(
                f"{case.script.path}: what needs a recording, a judge or a recogniser cannot be expected in "
                "load tests: check, judge, trajectory, audible_text, audible_wer.",
                "Use them with run.",
            )


def load_plan(options: LoadOptions) -> LoadPlan:
    """What Locust's processes get. Raises ConfigError."""
    return LoadPlan(
        engine=tuple(_engine_arguments(options)),
        host=options.against or "",
        stages=_stages(options),
        duration_s=_duration_s(options),
        auto=options.users == "auto",
        max_usd=options.max_cost,
        finish_s=seconds_of(options.finish, "--finish"),
        summary=str(options.json) if options.json else None,
        page=str(options.html) if options.html else None,
        tables=str(options.csv) if options.csv else None,
        fail_if=tuple(threshold_of(text).text for text in options.fail_if),
    )


def _engine_arguments(options: LoadOptions) -> Iterator[str]:
    yield from map(str, options.scripts)
    if options.config:
        yield from ("--config", str(options.config))
    for setting in options.sets:
        yield from ("--set", setting)
    if options.against:
        yield from ("--against", options.against)
    for each in options.approve:
        yield from ("--approve", each)
    for each in options.trust:
        yield from ("--trust", each)
    if options.text:
        yield "--text"


def _stages(options: LoadOptions) -> tuple[LoadStage, ...]:
    if options.users == "auto" or not _shaped(options):
        return ()
    if options.shape not in SHAPES:
        return read_stages(Path(options.shape))
    if options.duration is None:
        raise ConfigError(f"--shape {options.shape} needs a --duration.", "For example --duration 10m")
    make = spike if options.shape == "spike" else soak
    return make(_users(options), rate_of(options.ramp), seconds_of(options.duration, "--duration"))


def _shaped(options: LoadOptions) -> bool:
    return options.users == "auto" or options.shape != "ramp"


def _duration_s(options: LoadOptions) -> float | None:
    if options.duration is None or options.web or _shaped(options):
        return None
    return seconds_of(options.duration, "--duration")


def locust_arguments(options: LoadOptions) -> Iterator[str]:
    """Locust's command line. Raises ConfigError."""
    yield from ("--locustfile", str(LOCUSTFILE), "--loglevel", "WARNING")
    if options.worker:
        yield from (
            "--worker",
            "--master-host",
            options.master_host,
            "--master-port",
            str(options.master_port),
        )
    elif options.master:
        yield from (
            "--master",
            "--master-bind-host",
            options.bind,
            "--master-bind-port",
            str(options.master_port),
        )
        yield from ("--expect-workers", str(options.expect_workers or 1))
    elif options.processes is not None:
        port = str(_free_port())
        yield from ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)
    if options.processes is not None:
        yield from ("--processes", str(options.processes))
    if not options.worker:
        yield from _run_arguments(options)


def _free_port() -> int:
    """A free port for a master and workers of our own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _run_arguments(options: LoadOptions) -> Iterator[str]:
    if not _shaped(options):
        yield from ("--users", str(_users(options)), "--spawn-rate", f"{rate_of(options.ramp):g}")
        if options.duration and options.web:  # where the page begins it
            yield from ("--run-time", f"{ceil(seconds_of(options.duration, '--duration'))}s")
    if options.web:
        yield from ("--web-host", options.bind, "--web-port", str(options.web_port))
    else:
        yield from ("--headless", "--only-summary")


def _users(options: LoadOptions) -> int:
    if options.users.isdecimal() and int(options.users):
        return int(options.users)
    raise ConfigError(
        f"--users {options.users} is not a valid number of users.", "Write for example 500, or auto."
    )


def rate_of(text: str) -> float:
    """``10/s``, ``90/m`` or a plain number a second. Raises ConfigError."""
    number, _, unit = text.partition("/")
    try:
        rate = float(number) / {"": 1, "s": 1, "m": 60}[unit]
    except (ValueError, KeyError):
        rate = 0.0
    if not 0 < rate < 1e6:
        raise ConfigError(f"--ramp {text} is not a valid rate.", "Write for example 10/s or 30/m.")
    return rate

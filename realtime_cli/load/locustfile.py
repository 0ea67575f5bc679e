"""What Locust runs: a user is one scripted session after the other, held by the engine beside this process.

Nothing is measured here, under gevent: the engine reports its figures, and we pass them on. Workers tell
the master of refusals and costs, and the master slows and stops all of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import User, constant, events, runners, task
from locust.env import Environment
from locust.stats import RequestStats

from realtime_cli.app.console import echo, echo_error
from realtime_cli.app.parent_watchdog import end_with_parent
from realtime_cli.app.report_files import write_reports
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.load import graceful_stop
from realtime_cli.load.engine_process import EngineChild
from realtime_cli.load.figures import rows_of
from realtime_cli.load.live_table import LiveTable
from realtime_cli.load.locust_shapes import Auto, Stages
from realtime_cli.load.page import page
from realtime_cli.load.plan import from_environ
from realtime_cli.load.samples import Sample, samples, turn_samples
from realtime_cli.load.shutdown import end_on_signals, end_workers_at_exit, exit_codes
from realtime_cli.load.summary import summary
from realtime_cli.load.tables import failures_csv, history_csv, stats_csv, table, verdict_csv
from realtime_cli.load.totals import Totals
from realtime_cli.load.verdict import Verdict, verdict_of
from realtime_cli.script.throttle import Throttle

PLAN = from_environ()
AFTER_FAILURE_S = 1.0
runners.HEARTBEAT_LIVENESS = 10  # s; a worker on a busy machine is not lost at the third second of silence
runners.MASTER_HEARTBEAT_TIMEOUT = 30  # a worker elsewhere whose master was killed ends then

tally = Totals()
throttle = Throttle()


class Failure(Exception):
    """A kind of failure, in a few words."""


class LoadUser(User):
    """A user: one scripted session after the other."""

    wait_time = constant(0)
    host = PLAN.host or "the servers of the agents"

    @task
    def hold(self) -> None:
        """Wait for a place, hold a session, report its figures."""
        gevent.sleep(throttle.wait_s(time.monotonic()))
        graceful_stop.may_begin()
        over = _engines[0].hold()
        if over["event"] == "gone":
            gevent.sleep(AFTER_FAILURE_S)
            return
        if over["kind"]:
            _explain(over)
            gevent.sleep(AFTER_FAILURE_S)


# -- the engine beside each process that has users ------------------------------------------------

_engines: list[EngineChild] = []
_explained: set[str] = set()
_tables: list[LiveTable] = []
_began = Event()
_waited_ms: list[float] = []  # of sessions that were stopped before they had a connection


def _explain(over: Mapping[str, Any]) -> None:
    """The first failure of every kind, in full."""
    if over["kind"] not in _explained:
        _explained.add(over["kind"])
        echo(f"{over['script']}: {over['kind']}: {over['error']}")


@events.init.add_listener
def _begin(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    assert runner is not None
    is_child = bool(environment.parsed_options and environment.parsed_options.processes)
    end_on_signals(
        partial(_quit, environment), is_child=is_child and isinstance(runner, runners.WorkerRunner)
    )
    graceful_stop.install(environment, PLAN.finish_s, lambda: sum(engine.held for engine in _engines))
    if not isinstance(runner, runners.WorkerRunner):
        runner.register_message("refused", _refused)
        runner.register_message("paid", _paid)
        runner.register_message("prepared", _prepared)
        _look_on(environment, runner)
    if isinstance(runner, runners.MasterRunner):
        end_workers_at_exit()
        return
    if is_child:
        end_with_parent()  # the master that forked us; a worker started by hand may outlive its shell
    runner.register_message("slow", _slow)
    _engines.append(EngineChild(PLAN.engine, partial(_notified, environment), partial(_died, environment)))


def _count(environment: Environment, counted: Iterable[Sample]) -> None:
    for sample in counted:
        environment.events.request.fire(
            request_type=sample.kind,
            name=sample.name,
            response_time=sample.ms,
            response_length=0,
            exception=Failure(sample.failure) if sample.failure else None,
            context={},
        )


def _notified(environment: Environment, event: Mapping[str, Any]) -> None:
    if event["event"] == "turn":
        _count(environment, turn_samples(event))
    elif event["event"] == "over":
        _count(environment, samples(event))
    match event["event"]:
        case "ready":
            _send(environment, "prepared", {})
        case "pace":
            tally.paced(event)
            if event["sessions"]:
                environment.events.request.fire(
                    request_type="pace",
                    name="client frame lateness per second, p99",
                    response_time=event["late_p99_ms"],
                    response_length=0,
                    exception=None,
                    context={},
                )
        case "refused" | "scarce" as kind:
            _send(environment, "refused", {"pause_s": event["pause_s"], "refused": kind == "refused"})
        case "spent":
            _send(environment, "paid", {"usd": event["usd"]})
        case "over" if event["status"] == "stopped":
            if event["open_ms"] is None:
                _waited_ms.append(event["session_ms"])
        case "over":
            if event.get("open_ms") is not None:
                throttle.welcomed()
            if event["usd"] is None:
                _send(environment, "paid", {"usd": None})


def _died(environment: Environment, code: int) -> None:
    echo(f"realtime-cli: the engine of this worker ended (exit code {code}), so the worker stops.")
    environment.events.request.fire(
        request_type="engine",
        name="ended",
        response_time=0,
        response_length=0,
        exception=Failure(f"the engine ended with exit code {code}"),
        context={},
    )
    environment.process_exit_code = code if code in (2, 3, 4) else ExitCode.SESSION.value
    _quit(environment)


def _send(environment: Environment, name: str, data: Mapping[str, Any]) -> None:
    with suppress(Exception):  # the runner is stopping, and closes its socket
        if environment.runner:
            environment.runner.send_message(name, dict(data))


def _quit(environment: Environment) -> None:
    if runner := environment.runner:
        gevent.spawn(runner.quit)
    if environment.web_ui:
        gevent.spawn_later(1, environment.web_ui.stop)


@events.quitting.add_listener
def _end(environment: Environment, **_: Any) -> None:
    for engine in _engines:
        engine.close()
    if isinstance(environment.runner, runners.WorkerRunner):
        return
    held = any(row.method == "session" and row.num_requests for row in environment.stats.entries.values())
    if not held:
        cut = any(row.method == "cut" for row in environment.stats.entries.values())
        echo("No session was completed: all were cut." if cut else "No session was completed.")
        if _waited_ms:
            waited_s = max(_waited_ms) / 1000
            echo(f"The run was over before the server had accepted a connection ({waited_s:.1f} s).")
    verdict = _verdict(environment.stats)
    honest = (verdict.reliable or PLAN.auto) and not verdict.failed
    if not (held and honest) and environment.process_exit_code is None:
        environment.process_exit_code = ExitCode.EXPECTATION_FAILED.value
    events.quit.add_listener(partial(_sum_up, environment.stats))


def _look_on(environment: Environment, runner: runners.Runner) -> None:
    """Our own table instead of Locust's, whose last line mixes opens, sessions and pace."""
    logging.getLogger("locust.stats_logger").disabled = True
    stats = environment.stats
    live_table = LiveTable(
        lambda: rows_of(stats.entries.values()),
        lambda: runner.user_count,
        tally.lateness,
        told=environment.web_ui is None,
    )
    _tables.append(live_table)
    environment.events.test_start.add_listener(lambda **_: live_table.begin())


def _verdict(stats: RequestStats) -> Verdict:
    return verdict_of(rows_of(stats.entries.values()), tally, PLAN.fail_if)


def _sum_up(stats: RequestStats, exit_code: int, **_: Any) -> None:
    """The table on stdout, sentences on stderr, and the files; 2 where one of them cannot be written."""
    for live_table in _tables:
        live_table.end()
    moments = _tables[0].history.moments
    rows, verdict = rows_of(stats.entries.values()), _verdict(stats)
    failures = [(error.name, str(error.error), error.occurrences) for error in stats.errors.values()]
    title = f"Load test of {PLAN.host or 'agents'}"
    reports: dict[str, Callable[[], str]] = {"-": lambda: table(rows) + "\n"}
    if PLAN.summary:
        reports[PLAN.summary] = lambda: summary(tally, verdict, rows, moments, failures, exit_code)
    if PLAN.page:
        reports[PLAN.page] = lambda: page(title, verdict, rows, moments, failures, tally.sentences())
    if PLAN.tables:
        reports |= {
            f"{PLAN.tables}_stats.csv": lambda: stats_csv(rows),
            f"{PLAN.tables}_history.csv": lambda: history_csv(moments),
            f"{PLAN.tables}_failures.csv": lambda: failures_csv(failures),
            f"{PLAN.tables}_verdict.csv": lambda: verdict_csv(verdict),
        }
    try:
        write_reports((Path(path), text) for path, text in reports.items())
    except ConfigError as error:
        exit_codes.append(error.exit_code)
        with suppress(OSError):  # stderr may be full as well
            echo_error(error)
        raise SystemExit(error.exit_code) from None
    finally:
        with suppress(OSError):
            for line in (*verdict.lines, *tally.sentences()):
                echo(line)


# -- between workers and master ---------------------------------------------------------------------


@events.report_to_master.add_listener
def _report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    data["tally"] = tally.taken()


@events.worker_report.add_listener
def _reported(client_id: str, data: dict[str, Any], **_: Any) -> None:
    if "tally" in data:
        tally.add(data["tally"])


def _refused(environment: Environment, msg: Any, **_: Any) -> None:
    """A server has refused one worker's sessions: slow down all workers."""
    _send(environment, "slow", msg.data)


def _slow(environment: Environment, msg: Any, **_: Any) -> None:
    at = time.monotonic()
    if msg.data["refused"]:
        throttle.refused(at, msg.data["pause_s"])
    else:
        throttle.hold(at, msg.data["pause_s"])


def _prepared(environment: Environment, **_: Any) -> None:
    """The duration begins with the first sessions: until now, their words were being spoken."""
    if not _began.is_set() and PLAN.duration_s is not None:
        gevent.spawn_later(PLAN.duration_s, _quit, environment)
    _began.set()


def _paid(environment: Environment, msg: Any, **_: Any) -> None:
    """Money is counted where it all comes in; ``--max-cost`` ends everything on all workers."""
    tally.paid(msg.data["usd"])
    if PLAN.max_usd is not None and tally.usd >= PLAN.max_usd and environment.process_exit_code is None:
        echo(f"realtime-cli: --max-cost is spent: ${tally.usd:.4f} of ${PLAN.max_usd:g}. All workers stop.")
        environment.process_exit_code = ExitCode.LIMIT.value
        _quit(environment)


# -- shapes -----------------------------------------------------------------------------------------

if PLAN.stages:

    class Staged(Stages):
        """The stages of the plan."""

        stages = PLAN.stages
        began = _began


if PLAN.auto:

    class Searching(Auto):
        """The search, by our lateness."""

        lateness = tally.lateness

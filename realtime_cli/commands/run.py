"""``run``: scripted conversations with expectations, for people and for CI."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from realtime_cli.app import interrupts
from realtime_cli.app.console import echo
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.app.report_files import write_reports
from realtime_cli.app.session_factory import known_secrets
from realtime_cli.app.targets import Target
from realtime_cli.app.worker_processes import side_by_side
from realtime_cli.config import LoadedAgent
from realtime_cli.config.layers import split_key, typed
from realtime_cli.errors import ConfigError, ExitCode, SessionFailed
from realtime_cli.recording.file import folder
from realtime_cli.recording.stored import stored
from realtime_cli.safe_text import safe
from realtime_cli.script import merge, reports
from realtime_cli.script.baseline import Worse, compare
from realtime_cli.script.budget import Budget
from realtime_cli.script.checks import CheckRunner
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.judge import judge
from realtime_cli.script.listening import LocalListener
from realtime_cli.script.load import load_scripts, script_files
from realtime_cli.script.opening import CaseOpener, agents_of
from realtime_cli.script.rejudge import recorded_cases, rejudged
from realtime_cli.script.repeats import group_lines, groups
from realtime_cli.script.result import Case, CaseBegan, CaseOver, CaseResult
from realtime_cli.script.runner import RunContext
from realtime_cli.script.suite import ScriptOptions, Selection, plan, run_suite
from realtime_cli.tools.trust import Trust
from realtime_cli.value import value


@value
class RunOptions(ScriptOptions):
    """What the command line says. ``matrix``: KEY=VALUE,VALUE; ``shard``: i/n.

    ``workers``: processes on this machine. With ``merge`` the scripts are reports.
    """

    jobs: int = 1
    workers: int = 1
    merge: bool = False
    repeat: int = 1
    pass_rate: float = 1.0
    shard: str = "1/1"
    tags: tuple[str, ...] = ()
    match: str = ""
    seed: int | None = None
    matrix: tuple[str, ...] = ()
    fail_fast: bool = False
    max_cost: float | None = None
    baseline: Path | None = None
    rejudge: Path | None = None
    margin: float = 0.2
    junit: Path | None = None
    json: Path | None = None
    markdown: Path | None = None
    html: Path | None = None
    record: Path | None = None
    no_record: bool = False
    quiet: bool = False
    convert: Path | None = None
    promote: Path | None = None
    output: Path | None = None


def run(options: RunOptions) -> ExitCode:
    """Run the scripts; 0 when all went as expected, 1 when not, 3 when no session could be had."""
    if options.convert or options.promote:
        from realtime_cli.commands import run_convert

        return run_convert.write(
            options.convert, options.promote, options.output, options.config, options.max_cost
        )
    if options.merge:
        whole = merge.merged(options.scripts)
        return _finish(list(whole.results), whole.seconds, options)
    if not options.scripts:
        raise ConfigError("No scripts to run.", "Name a script, or a folder: realtime-cli run scripts")
    if options.rejudge and options.no_record:
        raise ConfigError("--rejudge holds no conversation, so --no-record has no meaning.", "Leave it out.")
    cases, budget, redaction, about = _planned(options)
    _read_baseline(options.baseline)  # reports mistakes before anything runs
    began = time.monotonic()
    ended: list[CaseResult] = []
    try:
        if options.rejudge:
            interrupts.run(_rejudge(cases, options.rejudge, ended, quiet=options.quiet))
        elif options.workers > 1:
            _in_processes(cases, options, ended)
        else:
            interrupts.run(_run(cases, options, budget, ended))
    except KeyboardInterrupt:
        told = _as_told(ended, about, options, redaction)
        _report(told, time.monotonic() - began, [], None, options)
        echo(f"realtime-cli: interrupted; {len(told)} of {len(cases)} scripts had ended.")
        raise
    results = _as_told(ended, about, options, redaction)
    code = _finish(results, time.monotonic() - began, options)
    left = len(cases) - len(results)
    if code != ExitCode.CONNECTION and options.max_cost is not None and left and not options.fail_fast:
        unknown = [result.case.name for result in results if budget.usd_of(result) is None]
        why = f"the cost of {unknown[0]} is not known" if unknown else "it is used up"
        echo(f"realtime-cli: --max-cost: {why}; {left} scripts were not run.")
        return ExitCode.LIMIT
    return code


def _as_told(
    results: Sequence[CaseResult],
    about: Mapping[str, dict[str, str]],
    options: RunOptions,
    redaction: OutputRedaction,
) -> list[CaseResult]:
    told = [replace(result, about=about[result.case.name]).redacted(redaction.text) for result in results]
    if options.no_record:  # they are deleted by now
        return [replace(result, recording="") for result in told]
    return told


def _planned(options: RunOptions) -> tuple[list[Case], Budget, OutputRedaction, dict[str, dict[str, str]]]:
    """The cases, what they may cost, what must not be shown, and what they run with, by name."""
    cases = plan(load_scripts(script_files(options.scripts)), _selection(options))
    agents = agents_of(cases, _target(options))
    about = {case.name: _about(agent, options.seed) for case, agent in zip(cases, agents, strict=True)}
    redaction = OutputRedaction(known_secrets(agents))
    return cases, Budget(options.max_cost, cases, agents), redaction, about


def _about(agent: LoadedAgent, seed: int | None) -> dict[str, str]:
    connection = agent.config.connection
    server = (connection.base_url or "").partition("?")[0] or connection.effective_provider
    told = {"agent": agent.path.name if agent.path else "", "model": connection.model, "server": server}
    return {name: str(value) for name, value in {**told, "seed": seed}.items() if value not in (None, "")}


async def _rejudge(cases: Sequence[Case], folder: Path, ended: list[CaseResult], *, quiet: bool) -> None:
    """Judge the recordings in the folder by these scripts; one that cannot be read has failed."""
    check = CheckRunner()
    for case, path in recorded_cases(cases, folder):
        try:
            ended.append(await rejudged(case, path, judge, check))
        except ConfigError as error:
            ended.append(CaseResult(case, error=str(error), exit_code=error.exit_code))
        if not quiet:
            _say_line(CaseOver(ended[-1]))


def _in_processes(cases: Sequence[Case], options: RunOptions, ended: list[CaseResult]) -> None:
    """Each process runs every Nth script and writes a report. Raises SessionFailed if one does not.

    ``ended`` has the results then, also where it was interrupted.
    """
    count = min(options.workers, len(cases))
    index, of = _shard(options.shard)
    cost = None if options.max_cost is None else options.max_cost / count
    with tempfile.TemporaryDirectory(prefix="realtime-cli-") as folder:
        parts = [
            replace(
                options,
                shard=f"{index + of * part}/{of * count}",
                json=Path(folder, f"{part}.json"),
                max_cost=cost,
            )
            for part in range(count)
        ]
        try:
            codes = side_by_side(_hold_part, parts)
            if ExitCode.INTERRUPTED in codes:
                raise KeyboardInterrupt
            for number, code in enumerate(codes, 1):
                if code:
                    raise SessionFailed(f"Process {number} of {count} has ended with exit code {code}.")
        finally:
            left = [path for part in parts if (path := Path(str(part.json))).exists()]
            held = merge.in_turn(merge.read_report(path).results for path in left)
            own = {(str(case.script.path), case.name, case.repeat): case for case in cases}
            ended += [
                replace(result, case=own[str(result.case.script.path), result.case.name, result.case.repeat])
                for result in held
            ]


def _hold_part(options: RunOptions) -> None:
    """What each process does: everything but judging the whole."""
    cases, budget, *_ = _planned(options)
    ended: list[CaseResult] = []
    try:
        interrupts.run(_run(cases, options, budget, ended, bar=False))
    finally:
        write_reports([(Path(str(options.json)), lambda: reports.to_json(ended, 0.0))])


def _finish(results: list[CaseResult], seconds: float, options: RunOptions) -> ExitCode:
    """Compare with the baseline, report, judge."""
    baseline = _read_baseline(options.baseline)
    worse = compare(results, baseline, options.margin) if baseline is not None else []
    _report(results, seconds, worse, baseline, options)
    if results and all(result.exit_code == ExitCode.CONNECTION for result in results):
        return ExitCode.CONNECTION
    enough = all(group.pass_rate >= options.pass_rate for group in groups(results))
    sure = any(one.sure for one in worse)
    return ExitCode.OK if enough and not sure else ExitCode.EXPECTATION_FAILED


def _selection(options: RunOptions) -> Selection:
    return Selection(
        tags=options.tags,
        match=options.match,
        repeat=options.repeat,
        matrix=dict(map(_axis, options.matrix)),
        shard=_shard(options.shard),
        seed=options.seed,
        text=options.text,
    )


def _axis(text: str) -> tuple[str, list[Any]]:
    """``session.audio.output.voice=cedar,marin``."""
    key, equals, values = text.partition("=")
    if not equals or not values:
        raise ConfigError(f"--matrix {text!r} is not KEY=VALUE,VALUE.", "Write --matrix connection.model=a,b")
    path = split_key(key.strip(), f"--matrix {text!r}")
    return key.strip(), [typed(value.strip(), path) for value in values.split(",")]


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
        return int(index), int(count)
    raise ConfigError(f"--shard {text!r} is not i/n.", "Write for example --shard 2/4")


def _read_baseline(path: Path | None) -> dict[str, Any] | None:
    return None if path is None else merge.read_baseline(path)


def _target(options: RunOptions) -> Target:
    return Target(
        options.config, options.sets, options.against, approve=options.approve, trust=Trust(options.trust)
    )


async def _run(
    cases: Sequence[Case],
    options: RunOptions,
    budget: Budget,
    ended: list[CaseResult],
    *,
    bar: bool = True,
) -> None:
    """Run the cases; ``ended`` has their results then, also where Ctrl+C or a signal came between."""
    warm = not all(case.text for case in cases)
    opener = CaseOpener(
        _target(options),
        LocalServers(options.jobs, warm),
        "temporary" if options.no_record else "kept",
        options.record,
    )
    with _progress(len(cases), quiet=options.quiet, bar=bar) as notify:

        def keep(event: Any) -> None:
            if isinstance(event, CaseOver):
                ended.append(event.result)
            notify(event)

        context = RunContext(
            opener.open, LocalSpeechSource(), judge, CheckRunner(), keep, listen=LocalListener()
        )
        try:
            ended[:] = await run_suite(  # in the order of the scripts
                cases,
                context,
                jobs=options.jobs,
                fail_fast=options.fail_fast,
                max_usd=budget.max_usd,
                usd_of=budget.usd_of,
            )
        finally:
            await opener.close()


@contextmanager
def _progress(total: int, *, quiet: bool, bar: bool) -> Iterator[Callable[[Any], None]]:
    """A bar on stderr where that is a terminal; elsewhere one line a script."""
    console = Console(stderr=True)
    if quiet:
        yield lambda event: None
    elif not (bar and console.is_terminal):
        yield _say_line
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as shown:
            task = shown.add_task("running", total=total)

            def notify(event: Any) -> None:
                if isinstance(event, CaseBegan):
                    shown.update(task, description=escape(safe(event.case.title))[:40])
                elif isinstance(event, CaseOver):
                    shown.advance(task)

            yield notify


def _say_line(event: Any) -> None:
    if isinstance(event, CaseOver):
        echo(f"{event.result.status:<10} {event.result.case.title} ({event.result.seconds:.1f} s)")


def _report(
    results: list[CaseResult],
    seconds: float,
    worse: list[Worse],
    baseline: dict[str, Any] | None,
    options: RunOptions,
) -> None:
    started = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")

    def html() -> str:
        from realtime_cli.commands.run_html import page_with_sessions

        assert options.html
        headline = reports.headline(results, seconds)
        return page_with_sessions(options.html, results, headline, started, worse, baseline)

    written: dict[Path | None, Callable[[], str]] = {
        options.junit: lambda: reports.junit(results, seconds, started),
        options.json: lambda: reports.to_json(results, seconds, worse, options.shard),
        options.markdown: lambda: reports.markdown(results, seconds),
        options.html: html,
    }
    to_stdout = any(str(path) == "-" for path in written)
    console = Console(stderr=to_stdout, soft_wrap=False)
    newest = next((str(one.path) for one in stored(folder())), None) if options.record is None else None
    reports.print_table(results, seconds, console, newest)
    for one in worse:
        echo(f"{'regression' if one.sure else 'perhaps worse'}: {one.text}")
    for line in group_lines(groups(results)):
        echo(line)
    write_reports((path, text) for path, text in written.items() if path is not None)

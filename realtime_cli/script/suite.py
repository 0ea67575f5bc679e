"""Many scripts: which of them run, in what order, how many at a time, and whether they got worse."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.parameters import PREFIX, ROW, DataRow, labels_of
from realtime_cli.script.result import Case, CaseBegan, CaseOver, CaseResult
from realtime_cli.script.runner import RunContext, run_case
from realtime_cli.value import value


@value
class ScriptOptions:
    """The options that every command with scripts has.

    ``against``: a server other than the agent file's; ``text``: every turn is typed.
    """

    scripts: tuple[Path, ...] = ()
    config: Path | None = None
    sets: tuple[str, ...] = ()
    against: str | None = None
    approve: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    text: bool = False


@value
class Selection:
    """Which cases there are. ``matrix`` adds to each script's own; ``shard`` is (i of n), from 1."""

    tags: Sequence[str] = ()
    match: str = ""
    repeat: int = 1
    matrix: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    shard: tuple[int, int] = (1, 1)
    seed: int | None = None
    text: bool = False

    @property
    def axes(self) -> dict[str, Sequence[Any]]:
        """The matrix without its choice of rows."""
        return {key: values for key, values in self.matrix.items() if key != ROW}


def plan(scripts: Sequence[LoadedScript], selection: Selection) -> list[Case]:
    """The cases to run, in order: as given, or shuffled by the seed.

    Raises ConfigError when none is left, or one cannot be run in text.
    """
    cases = [
        case
        for script in scripts
        if _requested(script, selection)
        for axis, row in _rows(script, selection)
        for variant in _variants({**script.script.matrix, **selection.axes, **axis})
        for case in _repeats(_with_parameters(script, variant, row), variant, selection)
    ]
    index, count = selection.shard
    cases = cases[index - 1 :: count]
    if not cases:
        raise ConfigError("No script is left to run.", "See --tag, --match and --shard.")
    for case in cases:
        _can_run(case)
    if selection.seed is not None:
        random.Random(selection.seed).shuffle(cases)
    return cases


def _requested(script: LoadedScript, selection: Selection) -> bool:
    tagged = not selection.tags or bool(set(selection.tags) & set(script.script.tags))
    return tagged and selection.match.casefold() in script.name.casefold()


def _rows(
    script: LoadedScript, selection: Selection
) -> Iterator[tuple[dict[str, list[Any]], DataRow | None]]:
    """The axis of each of its rows with the row; one without an axis where it has none."""
    if not script.rows:
        yield {}, None
        return
    labels = labels_of(script.rows)
    wanted = {str(label) for label in selection.matrix.get(ROW, ())}
    if gone := sorted(wanted - set(map(str, labels))):
        known = ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")
        raise ConfigError(f"{script.path}: there is no row {gone[0]!r}.", f"There are: {known}.")
    for label, row in zip(labels, script.rows, strict=True):
        if not wanted or str(label) in wanted:
            yield {ROW: [label]}, row


def _with_parameters(
    script: LoadedScript, variant: tuple[tuple[str, Any], ...], row: DataRow | None
) -> LoadedScript:
    """The script with its row, and with what the variant says of its parameters."""
    values = {key.removeprefix(PREFIX): value for key, value in variant if key.startswith(PREFIX)}
    return script.with_parameters(values, row) if values or row else script


def _variants(matrix: Mapping[str, Sequence[Any]]) -> Iterator[tuple[tuple[str, Any], ...]]:
    for values in itertools.product(*matrix.values()):
        yield tuple(zip(matrix, values, strict=True))


def _repeats(
    script: LoadedScript, variant: tuple[tuple[str, Any], ...], selection: Selection
) -> Iterator[Case]:
    text = selection.text or script.script.mode == "text" or script.script.call_id is not None
    for repeat in range(1, selection.repeat + 1):
        yield Case(script, variant, repeat, text)


def _can_run(case: Case) -> None:
    for number, turn in enumerate(case.script.script.turns, 1):
        if case.text and turn.wav is not None and turn.text is None:
            raise ConfigError(
                f"{case.script.path}: turn {number} has a sound file without its words.",
                'Add text = "..." to it, or do not run it in text.',
            )


async def run_suite(
    cases: Sequence[Case],
    context: RunContext,
    *,
    jobs: int = 1,
    fail_fast: bool = False,
    max_usd: float | None = None,
    usd_of: Callable[[CaseResult], float | None] = lambda result: result.usd,
) -> list[CaseResult]:
    """Run cases, ``jobs`` at a time in this loop; what was not begun by the end is not in the results.

    With ``max_usd`` nothing is begun once that is spent, or once the price of something is not known.
    """
    waiting = iter(enumerate(cases))
    results: dict[int, CaseResult] = {}

    def enough() -> bool:
        failed = fail_fast and any(result.status == "failed" for result in results.values())
        return failed or (max_usd is not None and not _affordable(map(usd_of, results.values()), max_usd))

    async def work() -> None:
        for place, case in waiting:
            if enough():
                return
            context.notify(CaseBegan(case))
            results[place] = await run_case(case, context)
            context.notify(CaseOver(results[place]))

    async with asyncio.TaskGroup() as group:
        for number in range(min(jobs, len(cases))):
            group.create_task(work(), name=f"session {number + 1}")
    return [results[place] for place in sorted(results)]


def _affordable(spent: Iterable[float | None], max_usd: float) -> bool:
    known = list(spent)
    return None not in known and sum(usd for usd in known if usd is not None) < max_usd

"""Which scripts run, and whether they got worse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.errors import ConfigError, ConnectionFailed
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseBegan, CaseOver
from realtime_cli.script.runner import RunContext
from realtime_cli.script.suite import Selection, plan, run_suite


def script(name: str, **more: Any) -> LoadedScript:
    values = {"turns": [{"user": "hi"}], **more}
    return LoadedScript(Script.model_validate(values), Path(f"{name}.toml"))


def names(cases: list[Case]) -> list[str]:
    return [case.title for case in cases]


def test_a_matrix_runs_every_combination_and_repeats_each() -> None:
    scripts = [script("a", matrix={"session.audio.output.voice": ["cedar", "marin"]})]
    cases = plan(scripts, Selection(repeat=2, matrix={"connection.model": ["m"]}))
    assert names(cases) == [
        "a [voice=cedar, model=m]",
        "a [voice=cedar, model=m] #2",
        "a [voice=marin, model=m]",
        "a [voice=marin, model=m] #2",
    ]


def test_tags_names_and_shards_select() -> None:
    scripts = [script("one", tags=["x"]), script("two"), script("three", tags=["x", "y"])]
    assert names(plan(scripts, Selection(tags=["x"]))) == ["one", "three"]
    assert names(plan(scripts, Selection(match="TW"))) == ["two"]
    shards = [names(plan(scripts, Selection(shard=(index, 2)))) for index in (1, 2)]
    assert shards == [["one", "three"], ["two"]]
    with pytest.raises(ConfigError, match="No script is left"):
        plan(scripts, Selection(match="four"))


def test_a_seed_always_gives_the_same_order() -> None:
    scripts = [script(str(number)) for number in range(20)]
    shuffled = names(plan(scripts, Selection(seed=7)))
    assert shuffled == names(plan(scripts, Selection(seed=7)))
    assert shuffled != names(plan(scripts, Selection()))
    assert sorted(shuffled) == sorted(names(plan(scripts, Selection())))


def test_a_sound_without_words_cannot_run_in_text() -> None:
    with pytest.raises(ConfigError, match="turn 1 has a sound file without its words"):
        plan([script("a", turns=[{"wav": "x.wav"}])], Selection(text=True))


@asynccontextmanager
async def nowhere(case: Case) -> AsyncIterator[OpenSession]:
    raise ConnectionFailed(f"There is no server for {case.name}.")
    yield


async def no_voice(text: str) -> np.ndarray[Any, np.dtype[np.int16]]:
    raise AssertionError(text)


async def test_a_case_that_cannot_be_run_is_an_error_and_the_others_go_on() -> None:
    told: list[Any] = []
    cases = plan([script("a"), script("b"), script("c")], Selection())
    results = await run_suite(cases, RunContext(nowhere, no_voice, notify=told.append), jobs=2)
    assert [(result.status, result.exit_code) for result in results] == [("failed", 3)] * 3
    assert "There is no server for b." in results[1].error
    assert sum(isinstance(event, CaseBegan) for event in told) == 3
    assert sum(isinstance(event, CaseOver) for event in told) == 3


async def test_after_the_first_failure_nothing_more_is_begun() -> None:
    cases = plan([script("a"), script("b")], Selection())
    results = await run_suite(cases, RunContext(nowhere, no_voice), fail_fast=True)
    assert [result.case.name for result in results] == ["a"]
    await asyncio.sleep(0)


@pytest.mark.parametrize(("usd", "begun"), [(0.4, ["a", "b", "c"]), (1.0, ["a"]), (None, ["a"])])
async def test_nothing_is_begun_that_the_budget_may_not_bear(usd: float | None, begun: list[str]) -> None:
    """Also what has no price counts: nobody knows how much it was."""
    cases = plan([script("a"), script("b"), script("c")], Selection())
    results = await run_suite(cases, RunContext(nowhere, no_voice), max_usd=1.0, usd_of=lambda result: usd)
    assert [result.case.name for result in results] == begun

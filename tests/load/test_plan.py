"""The plan on its way to the processes."""

from __future__ import annotations

import pytest

from realtime_cli.load.plan import LoadPlan, from_environ
from realtime_cli.load.shapes import LoadStage


@pytest.mark.parametrize(
    "plan",
    [
        LoadPlan(),
        LoadPlan(
            ("a b.toml", "--text"),
            "ws://x",
            (LoadStage(30.0, 5, 2.5), LoadStage(60.0, 0, 1.0)),
            90.0,
            True,
            1.5,
            60.0,
            "ä.json",
        ),
    ],
)
def test_it_arrives_as_it_was_sent(plan: LoadPlan) -> None:
    assert from_environ(plan.to_environ()) == plan


def test_who_was_told_nothing_has_an_empty_one() -> None:
    assert from_environ({}) == LoadPlan()

"""What a run may cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.config import LoadedAgent
from realtime_cli.errors import ConfigError
from realtime_cli.script.budget import Budget
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult
from tests.config.agents import Load, loader

PRICED = '[connection]\nmodel = "gpt-realtime-2.1"\n'
UNPRICED = '[connection]\nmodel = "my-own-model"\n'
LOCAL = '[connection]\nprovider = "local"\n'
CHATTING = LOCAL + '[local]\nchat_url = "http://127.0.0.1:1/v1"\nchat_model = "some-model"\n'


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return loader(tmp_path)


def budget(max_usd: float | None, *agents: LoadedAgent) -> tuple[Budget, list[Case]]:
    script = LoadedScript(Script.model_validate({"turns": [{"user": "hi"}]}), Path("a.toml"))
    cases = [Case(script) for _ in agents]
    return Budget(max_usd, cases, agents), cases


def test_a_model_without_a_price_is_refused_where_there_is_a_limit(load: Load) -> None:
    with pytest.raises(ConfigError, match="the price of my-own-model is not known") as refused:
        budget(1.0, load(PRICED), load(UNPRICED))
    assert "[prices." in refused.value.remedy
    budget(None, load(UNPRICED))


def test_a_price_in_the_agent_file_is_one(load: Load) -> None:
    made, _ = budget(1.0, load(UNPRICED + '[prices."my-own-model"]\ntext_in = 1.0\ntext_out = 2.0\n'))
    assert made.max_usd == 1.0


def test_sessions_with_our_own_server_are_free_unless_another_model_answers(load: Load) -> None:
    made, [local, paid] = budget(1.0, load(LOCAL), load(PRICED))
    assert made.usd_of(CaseResult(local, tokens=100, usd=None)) == 0.0
    assert made.usd_of(CaseResult(paid, tokens=100, usd=0.25)) == 0.25
    with pytest.raises(ConfigError):
        budget(1.0, load(CHATTING))


def test_what_made_no_tokens_cost_nothing_and_what_nobody_can_price_stays_unknown(load: Load) -> None:
    made, [case] = budget(None, load(UNPRICED))
    assert made.usd_of(CaseResult(case, tokens=0, usd=None)) == 0.0
    assert made.usd_of(CaseResult(case, tokens=7, usd=None)) is None

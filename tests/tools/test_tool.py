"""What the model is told of a tool, and the rules of its calls."""

from __future__ import annotations

from typing import Any

from realtime_cli.config.tools import CallRules, McpServer
from realtime_cli.tools.tool import Progress, Rules, Tool


class Nothing:
    """Does nothing."""

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        return ""


def test_the_model_is_told_name_parameters_and_what_it_is_for() -> None:
    parameters = {"type": "object", "properties": {}}
    told = Tool("clock", "The time.", parameters, Nothing()).schema
    assert told == {"type": "function", "name": "clock", "description": "The time.", "parameters": parameters}
    assert "description" not in Tool("clock", "", parameters, Nothing()).schema


def test_rules_are_those_that_are_written_and_the_kind_says_who_may_run_it_otherwise() -> None:
    silent = CallRules.model_validate({"timeout_s": 5.0})
    assert Rules.of(silent, by_kind="always") == Rules(approve="always", timeout_s=5.0)
    said = CallRules.model_validate({"approve": "never", "wait": False})
    assert Rules.of(said, by_kind="always") == Rules(approve="never", wait=False, timeout_s=said.timeout_s)


def test_a_server_of_tools_has_no_rules_for_the_talk() -> None:
    server = McpServer.model_validate({"command": ["x"], "concurrency": 2})
    rules = Rules.of(server, by_kind="always")
    assert (rules.approve, rules.concurrency, rules.respond, rules.wait) == ("ask", 2, True, True)

"""References to the environment."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.config.interpolation import referred, refers, substituted
from realtime_cli.errors import ConfigError
from tests.config.agents import Load


def test_a_reference_takes_an_environment_variable(load: Load) -> None:
    agent = load('[session]\ninstructions = "I am ${NAME}, not $${NAME}."\n', environ={"NAME": "Ada"})
    assert agent.config.session.instructions == "I am Ada, not ${NAME}."


def test_a_missing_variable_is_named_with_its_place(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"agent\.toml:2: session\.instructions: .*\bNOBODY\b is not set"):
        load('[session]\ninstructions = "${NOBODY}"\n')


def test_every_text_of_a_tree_is_filled_and_the_rest_is_as_it_was() -> None:
    tree = {"a": ["${X}/${Y}", 3, None], "b": {"c": "$${X} costs $5", "${X}": "a key is no value"}}
    filled = substituted(tree, {"X": "1", "Y": "${X}"}, lambda path, name: None)
    assert filled == {"a": ["1/${X}", 3, None], "b": {"c": "${X} costs $5", "${X}": "a key is no value"}}


def test_all_that_is_missing_is_told_with_its_place() -> None:
    told: list[tuple[Any, str]] = []
    tree = {"a": [{"b": "${X} ${Y}"}], "c": "${}"}
    substituted(tree, {"X": ""}, lambda path, name: told.append((path, name)))
    assert told == [(("a", 0, "b"), "Y"), (("c",), "")]


@pytest.mark.parametrize(
    ("value", "takes"),
    [("${X}", True), ("a${X}b", True), ("$${X}", False), ("$X", False), ("${X", False), (3, False)],
)
def test_only_a_reference_takes_something_from_the_environment(value: object, takes: bool) -> None:
    assert refers(value) is takes


def test_the_names_in_a_tree() -> None:
    assert [*referred({"a": ["${X}", {"b": "${Y}$${Z}${X}"}], "c": 3})] == ["X", "Y", "X"]

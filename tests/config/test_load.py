"""Layers, origins, references to the environment, files beside the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.config import load_agent
from realtime_cli.errors import ConfigError, ExitCode
from tests.config.agents import Load


def test_no_file_is_an_agent_of_defaults() -> None:
    agent = load_agent(None, (), {})
    assert agent.config.session_patch() == {"type": "realtime"}
    assert agent.config.connection.effective_provider == "openai"
    assert str(agent.origins.of_value(("audio", "echo"))) == "default"


def test_an_empty_session_sends_nothing_but_its_type(load: Load) -> None:
    assert load("[session]").config.session_patch() == {"type": "realtime"}


def test_instructions_come_from_a_file_beside_the_agent(load: Load, tmp_path: Path) -> None:
    (tmp_path / "who.md").write_text("You are Ada.\n", encoding="utf-8")
    agent = load('[session]\ninstructions = { file = "who.md" }\n')
    assert agent.config.session_patch()["instructions"] == "You are Ada.\n"
    assert agent.files == (tmp_path / "agent.toml", tmp_path / "who.md")


@pytest.mark.parametrize("written", ['{ file = "gone.md" }', '{ path = "who.md" }', "{ file = 3 }"])
def test_instructions_that_cannot_be_read_are_a_mistake(load: Load, written: str) -> None:
    with pytest.raises(ConfigError, match=r"agent\.toml:2: session\.instructions"):
        load(f"[session]\ninstructions = {written}\n")


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("gone.toml", None, "There is no file"),
        ("latin.toml", b"a = '\xe9'", "is not UTF-8"),
        ("big.toml", b"#" * 4_000_001, "larger than 4 MB"),
        ("deep.toml", b"a = " + b"[" * 100_000, "nested too deeply"),
        ("nul\0.toml", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes | None, wanted: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=wanted) as refused:
        load_agent(path, (), {})
    assert refused.value.exit_code == ExitCode.USAGE


def test_a_folder_is_no_agent_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_agent(tmp_path, (), {})


@pytest.mark.parametrize(
    ("written", "greets"),
    [
        ("", False),
        ("greet = true", True),
        ('greeting = "Say hello."', True),
        ('greet = true\ngreeting = "Say hello."', True),
        ('greet = false\ngreeting = "Say hello."', False),
    ],
)
def test_a_greeting_greets_unless_it_is_turned_off(load: Load, written: str, greets: bool) -> None:
    assert load(f"[conversation]\n{written}\n").config.conversation.greets is greets

"""The few instructions that rules can follow."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.instruction_hints import exact_answer, greeting, name


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ('Say exactly "Good day."', "Good day."),
        ("Always answer with 'No comment.' whatever is asked.", "No comment."),
        ("Reply only with “Yes”.", "Yes"),
        ("Say exactly: hello world", "hello world"),
        ("You are a friendly assistant. Answer in one or two short sentences.", None),
        ("Always answer in English.", None),
        ("", None),
    ],
)
def test_exact_words(instructions: str, words: str | None) -> None:
    assert exact_answer(instructions) == words


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ('Greet the caller with "Welcome to Acme!"', "Welcome to Acme!"),
        ("Begin the conversation by saying “Ahoy”.", "Ahoy"),
        ("Greet the user warmly.", None),
    ],
)
def test_greetings(instructions: str, words: str | None) -> None:
    assert greeting(instructions) == words


@pytest.mark.parametrize(
    ("instructions", "bears"),
    [
        ("Your name is Ada.", "Ada"),
        ("You are Ada, a guide.", "Ada"),
        ("You are a friendly assistant.", None),
    ],
)
def test_names(instructions: str, bears: str | None) -> None:
    assert name(instructions) == bears

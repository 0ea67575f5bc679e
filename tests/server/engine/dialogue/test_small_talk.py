"""Answers that need no knowledge."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.small_talk import WHAT_I_AM, WHAT_I_CAN, small_talk


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("what can you do", WHAT_I_CAN),
        ("help", WHAT_I_CAN),
        ("what is your name", WHAT_I_AM),
        ("hello are you a robot", WHAT_I_AM),
        ("hi how are you", "I am well"),
        ("good night", "Goodbye"),
        ("thank you so much", "You are welcome"),
        ("can you hear me", "Yes, I can hear you."),
        ("good morning", "Hello!"),
        ("no no stop", "Okay."),
        ("yes please", "Good."),
        ("never mind", "All right."),
        ("sorry", "No harm done."),
    ],
)
def test_what_people_say_to_open_and_close(said: str, answer: str) -> None:
    told = small_talk(said)
    assert told is not None
    assert told.startswith(answer)


@pytest.mark.parametrize(
    "said", ["", "what is two plus two", "book a table", "helping hands", "the shop is shut"]
)
def test_everything_else_is_for_others(said: str) -> None:
    assert small_talk(said) is None

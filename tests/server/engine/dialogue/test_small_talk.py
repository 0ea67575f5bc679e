"""Answers that need no knowledge."""

from __future__ import annotations

from random import Random

import pytest

from realtime_cli.server.engine.dialogue.small_talk import WHAT_I_AM, WHAT_I_CAN, chance, small_talk


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


@pytest.mark.parametrize(
    ("said", "rolls", "faces"),
    [
        ("roll a die", 1, 6),
        ("roll the dice", 2, 6),
        ("throw 3 dice", 3, 6),
        ("roll a 20 sided die", 1, 20),
        ("roll 2 d 8", 0, 0),
        ("roll 2 d8", 2, 8),
        ("roll 1000 dice", 20, 6),
        ("roll a 0 sided die", 1, 2),
        ("roll 0 dice", 1, 6),
    ],
)
def test_dice_have_as_many_faces_and_are_as_many_as_was_said(said: str, rolls: int, faces: int) -> None:
    told = chance(said, Random(1))
    if not rolls:
        assert told is None
        return
    assert told is not None
    head, _, total = told.removeprefix("You rolled ").partition(":")
    shown = [int(number) for number in head.rstrip(".").replace(" and ", ", ").split(", ")]
    assert len(shown) == rolls
    assert all(1 <= number <= faces for number in shown)
    assert (str(sum(shown)) in total) == (rolls > 1)


def test_a_coin_has_two_sides_and_a_seed_decides() -> None:
    tossed = {chance("flip a coin", Random(seed)) for seed in range(20)}
    assert tossed == {"It is heads.", "It is tails."}
    assert chance("heads or tails", Random(3)) == chance("toss a coin", Random(3))
    assert chance("tell me the time", Random(1)) is None

"""Numbers as agents say and write them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from realtime_cli.script.spoken_numbers import numbers_in


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Your number is 415-555-0132.", ["4155550132"]),
        ("four one five, five five five, oh one three two", ["4155550132"]),
        ("double five 7, triple nine", ["557999"]),
        ("forty-two", ["42"]),
        ("Twenty three people at seven", ["23", "7"]),
        ("one hundred and five", ["105"]),
        ("four thousand two hundred", ["4200"]),
        ("two hundred forty two. Three", ["242", "3"]),
        ("nineteen ninety", ["1990"]),
        ("forty one fifty five", ["4155"]),
        ("$1,250.50 for room 2", ["125050", "2"]),
        ("no number, and nobody's", []),
    ],
)
def test_numbers_are_digits(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def digit_by_digit(number: str, chance: random.Random) -> str:
    zero = chance.choice(("zero", "oh"))
    groups = [number[:3], number[3:6], number[6:]]
    words = [" ".join(zero if digit == "0" else WORDS[int(digit)] for digit in group) for group in groups]
    return chance.choice((", ", " ")).join(words)


def doubled(number: str, chance: random.Random) -> str:
    said, at = [], 0
    while at < len(number):
        times = next(n for n in (3, 2, 1) if number[at : at + n] == number[at] * n)
        said.append({1: "", 2: "double ", 3: "triple "}[times] + WORDS[int(number[at])])
        at += times
    return " ".join(said)


def in_pairs(number: str, chance: random.Random) -> str:
    def pair(two: str) -> str:
        tens, ones = map(int, two)
        if tens == 0:
            return f"oh {WORDS[ones]}"
        return TEENS[ones] if tens == 1 else TENS[tens] + (f"-{WORDS[ones]}" if ones else "")

    return " ".join(pair(number[at : at + 2]) for at in range(0, len(number), 2))


def written(number: str, chance: random.Random) -> str:
    mask = chance.choice(
        ("{0}", "({1}) {2}-{3}", "{1}-{2}-{3}", "{1}.{2}.{3}", "{1} {2} {3}", "{1}, {2}, {3}")
    )
    return mask.format(number, number[:3], number[3:6], number[6:])


@pytest.mark.parametrize("say", [digit_by_digit, doubled, in_pairs, written])
def test_a_number_is_read_in_every_form_and_no_other_is_taken_for_it(
    say: Callable[[str, random.Random], str],
) -> None:
    chance = random.Random(3)
    for _ in range(500):
        number = "".join(chance.choices("0123456789", k=10))
        at = chance.randrange(10)
        other = number[:at] + str((int(number[at]) + chance.randint(1, 9)) % 10) + number[at + 1 :]
        text = f"So your number is {say(number, chance)}. Is that right?"
        assert numbers_in(text) == [number], text
        assert number not in numbers_in(f"So it is {say(other, chance)}?")

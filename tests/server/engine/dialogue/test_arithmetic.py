"""Sums as people say them and as recognisers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_cli.server.engine.dialogue.arithmetic import find_sum
from realtime_cli.server.engine.dialogue.normalise import normalise


def told(said: str) -> str:
    found = find_sum(normalise(said))
    return found.answer if found else "no sum"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("What is seventeen times twenty three?", "17 times 23 is 391."),
        ("What is 17 x 23?", "17 times 23 is 391."),
        ("what's 12x12", "12 times 12 is 144."),
        ("How much is three hundred and five minus a hundred?", "305 minus 100 is 205."),
        ("Two point five plus one", "2.5 plus 1 is 3.5."),
        ("The square root of sixteen, please", "The square root of 16 is 4."),
        ("What is 20% of 50?", "That is 10."),
        ("seven percent of two hundred", "That is 14."),
        ("Add three and five.", "3 plus 5 is 8."),
        ("Subtract three from ten", "10 minus 3 is 7."),
        ("Divide 1 by 3", "1 divided by 3 is about 0.3333."),
        ("Two to the power of ten", "2 to the power of 10 is 1024."),
        ("9 squared", "9 to the power of 2 is 81."),
        ("(3+4)*2", "That is 14."),
        ("2 + 3 * 4", "2 plus 3 times 4 is 14."),
        ("1,234 + 1", "1234 plus 1 is 1235."),
        ("Minus five plus two", "Minus 5 plus 2 is minus 3."),
        ("ten divided by zero", "I cannot work that out."),
        ("9 to the 9 to the 9 to the 9", "I cannot work that out."),
        ("square root of minus 4", "I cannot work that out."),
        ("007 plus 1", "007 plus 1 is 8."),
        ("0.1 plus 0.2", "0.1 plus 0.2 is 0.3."),
        ("3 (4)", "no sum"),
        ("one million plus one", "1000000 plus 1 is 1000001."),
        ("What time is it?", "no sum"),
        ("My order number is four seven one nine two.", "no sum"),
        ("I have 2-3 dogs", "no sum"),
        ("Call 555-1234", "no sum"),
        ("ten", "no sum"),
        ("plus minus times", "no sum"),
        ("", "no sum"),
    ],
)
def test_sums(said: str, answer: str) -> None:
    assert told(said) == answer


def test_a_program_can_read_the_expression() -> None:
    found = find_sum(normalise("the square root of 16 plus 2 squared"))
    assert found is not None
    assert found.written == "sqrt(16) + 2 ** 2"


@given(st.integers(0, 999), st.integers(0, 999))
def test_every_sum_is_right(left: int, right: int) -> None:
    found = find_sum(f"{left} + {right} * {left}")
    assert found is not None
    assert found.value == left + right * left


@given(st.text(alphabet="0123456789+-*/%^()√. xaplustime", max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    told(text)

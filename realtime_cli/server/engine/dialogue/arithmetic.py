"""Sums in a spoken question: found, written as an expression, and worked out exactly.

::

    sum     = product (("+" | "-") product)*
    product = power (("*" | "/" | "%") power)*
    power   = sign ("^" power)?
    sign    = "-" sign | "√" sign | number | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from realtime_cli.server.engine.dialogue.numbers import spoken

N = r"(-?\d+(?:\.\d+)?)"
_TURNS_OF_PHRASE = (
    (rf"\badd {N} (?:and|to) {N}", r"\1 + \2"),
    (rf"\bsubtract {N} from {N}", r"\2 - \1"),
    (rf"\b(?:take|remove) {N} (?:away )?from {N}", r"\2 - \1"),
    (rf"\bmultiply {N} (?:by|and|with) {N}", r"\1 * \2"),
    (rf"\bdivide {N} by {N}", r"\1 / \2"),
    (rf"\bsum of {N} and {N}", r"\1 + \2"),
    (rf"\bdifference (?:of|between) {N} and {N}", r"\1 - \2"),
    (rf"\bproduct of {N} and {N}", r"\1 * \2"),
    (rf"\bhalf of {N}", r"\1 / 2"),
    (rf"\b(?:double|twice) (?:of )?{N}", r"2 * \1"),
    (rf"{N} ?(?:%|percent|per cent) of {N}", r"\1 / 100 * \2"),
    (rf"{N} (?:is )?squared\b", r"\1 ^ 2"),
    (rf"{N} (?:is )?cubed\b", r"\1 ^ 3"),
    (r"\b(?:the )?square root of\b", " √ "),
    (r"\b(?:multiplied by|times|[x×])(?=\s|\d|$)|×|(?<=\d)x(?=\d)", " * "),
    (r"\b(?:divided by|over)\b|÷", " / "),
    (r"\b(?:to the power of|to the|raised to)\b|\*\*", " ^ "),
    (r"\b(?:modulo|mod)\b", " % "),
    (r"\b(?:plus|and then add)\b", " + "),
    (r"\b(?:minus|less|negative)\b|−", " - "),
)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/%^()√]")
_OTHER_WORDS = re.compile(r"(?:(?![√])[^\s\d\-+*/%^()√.]|\.(?!\d))+")
_MAX_POWER_BITS = 4096


@dataclass(frozen=True)
class Sum:
    """An expression such as "17 * 23", and its value; None where it has none, as for 1 / 0."""

    expression: str
    value: Fraction | None

    @property
    def answer(self) -> str:
        if self.value is None:
            return "I cannot work that out."
        return f"{said_aloud(self.expression)} is {spoken(self.value)}."

    @property
    def written(self) -> str:
        """The expression as programs read it."""
        return re.sub(r"√ ([\d.]+)", r"sqrt(\1)", self.expression).replace("^", "**")


def find_sum(normalised: str) -> Sum | None:
    """The longest sum in a normalised utterance; None when it has none (a bare number is none)."""
    text = normalised
    for phrase, expression in _TURNS_OF_PHRASE:
        text = re.sub(phrase, expression, text)
    runs = _OTHER_WORDS.split(text)
    for run in sorted(runs, key=len, reverse=True):
        found = _read(_TOKEN.findall(run))
        if found is not None:
            return found
    return None


def said_aloud(expression: str) -> str:
    """An expression in the words of a person; "That" where words would be ambiguous."""
    if "(" in expression or " / 100 * " in expression:
        return "That"
    names = {
        "+": "plus",
        "-": "minus",
        "*": "times",
        "/": "divided by",
        "%": "modulo",
        "^": "to the power of",
        "√": "the square root of",
    }
    words = " ".join(names.get(token, token) for token in expression.split())
    return words[:1].upper() + words[1:]


def _read(tokens: list[str]) -> Sum | None:
    if not any(token[0].isdigit() for token in tokens) or len(tokens) < 2:
        return None
    if all(token[0].isdigit() or token in "()" for token in tokens):
        return None
    expression = " ".join(tokens)
    try:
        return Sum(expression, Parser(tokens).whole())
    except SyntaxError:
        return None
    except (ZeroDivisionError, OverflowError, ValueError):
        return Sum(expression, None)


class Parser:
    """One pass over the tokens; SyntaxError when they are no sum."""

    def __init__(self, tokens: list[str]) -> None:
        self._left = list(reversed(tokens))

    def whole(self) -> Fraction:
        value = self._sum()
        if self._left:
            raise SyntaxError(f"{self._left[-1]!r} is left over")
        return value

    def _next(self, *wanted: str) -> str | None:
        return self._left.pop() if self._left and self._left[-1] in wanted else None

    def _sum(self) -> Fraction:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Fraction:
        return self._chain(self._power, "*", "/", "%")

    def _chain(self, part: Callable[[], Fraction], *operators: str) -> Fraction:
        value = part()
        while operator := self._next(*operators):
            value = _work_out(operator, value, part())
        return value

    def _power(self) -> Fraction:
        base = self._sign()
        return _power(base, self._power()) if self._next("^") else base

    def _sign(self) -> Fraction:
        if self._next("-"):
            return -self._sign()
        if self._next("√"):
            return _square_root(self._sign())
        if self._next("("):
            value = self._sum()
            if not self._next(")"):
                raise SyntaxError("a bracket is open")
            return value
        if not self._left or not self._left[-1][0].isdigit():
            raise SyntaxError("a number is missing")
        return Fraction(self._left.pop())


def _work_out(operator: str, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            return left % right


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Exact for whole exponents of a sane size; OverflowError for those beyond."""
    if exponent.denominator != 1:
        return Fraction(float(base) ** float(exponent))
    size = max(abs(base.numerator), base.denominator).bit_length()
    if size * abs(exponent) > _MAX_POWER_BITS:
        raise OverflowError
    return Fraction(base**exponent.numerator)


def _square_root(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError("no real root")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return Fraction(math.sqrt(value))

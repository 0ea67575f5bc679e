"""Sums in a spoken question: found, written as an expression, and worked out by the calculator tool."""

from __future__ import annotations

import ast
import re

from realtime_cli.server.engine.dialogue.numbers import spoken
from realtime_cli.tools.calculator import Number, calculate
from realtime_cli.value import value

N = r"(-?\d+(?:\.\d+)?)"
_PHRASES = (
    (rf"\badd {N} (?:and|to) {N}", r"\1 + \2"),
    (rf"\bsubtract {N} from {N}", r"\2 - \1"),
    (rf"\b(?:take|remove) {N} (?:away )?from {N}", r"\2 - \1"),
    (rf"\bmultiply {N} (?:by|and|with) {N}", r"\1 * \2"),
    (rf"\bdivide {N} by {N}", r"\1 / \2"),
    (rf"\bsum of {N} and {N}", r"\1 + \2"),
    (rf"\bhalf of {N}", r"\1 / 2"),
    (rf"\b(?:double|twice) (?:of )?{N}", r"2 * \1"),
    (rf"{N} ?(?:%|percent|per cent) of {N}", r"\1 / 100 * \2"),
    (rf"{N} (?:is )?squared\b", r"\1 ^ 2"),
    (r"\b(?:the )?square root of\b", " √ "),
    (r"\b(?:multiplied by|times|[x×])(?=\s|\d|$)|×|(?<=\d)x(?=\d)", " * "),
    (r"\b(?:divided by|over)\b|÷", " / "),
    (r"\b(?:to the power of|to the|raised to)\b|\*\*", " ^ "),
    (r"\bplus\b", " + "),
    (r"\b(?:minus|less|negative)\b|−", " - "),
)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/%^()√]")
_OTHER_WORDS = re.compile(r"(?:(?![√])[^\s\d\-+*/%^()√.]|\.(?!\d))+")
_SPOKEN = {
    "+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "modulo", "^": "to the power of",
    "√": "the square root of",
}  # fmt: skip


@value
class Sum:
    """An expression such as "17 * 23", and its value; None where it has none, as for 1 / 0."""

    expression: str
    value: Number | None

    @property
    def answer(self) -> str:
        """ "17 times 23 is 391."; "That is 14." where the words of the sum would be ambiguous."""
        if self.value is None:
            return "I cannot work that out."
        aloud = " ".join(_SPOKEN.get(token, token) for token in self.expression.split())
        if "(" in self.expression or " / 100 * " in self.expression:
            aloud = "that"
        return f"{aloud[:1].upper()}{aloud[1:]} is {spoken(self.value)}."

    @property
    def written(self) -> str:
        """The expression as programs read it."""
        whole = re.sub(r"(?<![\d.])0+(?=\d)", "", self.expression)
        return re.sub(r"√ ((?:- )?[\d.]+)", r"sqrt(\1)", whole).replace("√ (", "sqrt (").replace("^", "**")


def find_sum(normalised: str) -> Sum | None:
    """The longest sum in a normalised utterance; None when it has none (a bare number is none)."""
    text = normalised
    for phrase, expression in _PHRASES:
        text = re.sub(phrase, expression, text)
    runs = sorted(_OTHER_WORDS.split(text), key=len, reverse=True)
    return next((found for run in runs if (found := _read(_TOKEN.findall(run)))), None)


def _read(tokens: list[str]) -> Sum | None:
    if not any(token[0].isdigit() for token in tokens):
        return None
    if all(token[0].isdigit() or token in "()" for token in tokens):
        return None
    found = Sum(" ".join(tokens), None)
    try:
        ast.parse(found.written, mode="eval")
    except (SyntaxError, RecursionError, MemoryError):
        return None
    try:
        return Sum(found.expression, calculate(found.written))
    except ValueError:
        return found

"""promptfoo's assertions as expectations of ours. One that has no counterpart is named.

Where both look alike and differ: ``contains`` and ``equals`` mind upper and lower case there, and ours do
not; ``latency`` there counts the connection as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from realtime_cli.pattern import check_pattern
from realtime_cli.script.promptfoo_prompt import NotFilled, Vars, filled_tree
from realtime_cli.untrusted_schema import schema_problem

Tree = dict[str, Any]
OF_AN_ASSERTION = {"type", "value", "threshold", "weight", "provider", "metric", "description"}
"""``metric`` and ``description`` are names for its reports."""
RUBRICS = {
    "llm-rubric": "{}",
    "model-graded-closedqa": "{}",
    "g-eval": "{}",
    "factuality": "It agrees with the facts of this answer: {}",
    "model-graded-factuality": "It agrees with the facts of this answer: {}",
    "trajectory:goal-success": "This goal was reached: {}",
}
CASE = "contains and equals: here upper and lower case and punctuation do not matter"
_GLOB = re.compile(r"[*?]")


class Asserted:
    """What the assertions of one test come to. ``of_call``: they are about a whole conversation."""

    def __init__(
        self, values: Vars, read: Callable[[str], Any], left: list[str], where: str, *, of_call: bool = False
    ) -> None:
        self._values = values
        self._read = read
        self._left = left
        self._where = where
        self._of_call = of_call
        self._expect: Tree = {}
        self._patterns: list[str] = []
        self._rubrics: list[str] = []
        self._least: list[float] = []
        self.graders: list[Any] = []

    def add(self, assertions: Any) -> None:
        """Take them over, or name them."""
        for assertion in assertions or ():
            if not isinstance(assertion, dict):
                raise TypeError(f"an assertion is written as type: and value:; found {assertion!r}")
            kind = str(assertion.get("type", ""))
            if kind == "assert-set" and "threshold" not in assertion:
                self.add(assertion.get("assert"))
                continue
            try:
                self._one(kind, assertion)
            except NotFilled as error:
                self._name(kind, f"{error}: only {{{{NAME}}}} is filled in")

    @property
    def expect(self) -> Tree:
        """The expectations, as a script has them."""
        made = dict(self._expect)
        if "steps" in made and made.pop("no_more", False):  # of steps, no_more is about messages, too
            self._name("tool-call-f1", "that nothing else is called")
        if len(self._patterns) == 1:
            made["regex"] = self._patterns[0]
        elif self._patterns:
            made["regex"] = r"\A" + "".join(rf"(?=[\s\S]*?{pattern})" for pattern in self._patterns)
        if self._rubrics:
            listed = "; ".join(f"({number}) {each}" for number, each in enumerate(self._rubrics, 1))
            rubric = self._rubrics[0] if len(self._rubrics) == 1 else f"All of this is true: {listed}"
            judged = {"rubric": rubric, "score": max(self._least)} if self._least else rubric
            made["trajectory" if self._of_call else "judge"] = judged
        return made

    def _name(self, kind: str, why: str = "") -> None:
        self._left.append(f"{self._where}{kind}{f': {why}' if why else ''}")

    def _one(self, kind: str, assertion: Tree) -> None:
        value = self._read(assertion["value"]) if "value" in assertion else None
        value = filled_tree(value, self._values)
        negated, kind_alone = kind.startswith("not-"), kind.removeprefix("not-")
        if assertion.get("weight") == 0:
            self._name(kind, "it has no weight")
            return
        made = list(self._denied(kind_alone, value) if negated else self._taken(kind_alone, value, assertion))
        if None in made:
            shown = " ".join(str(value if value is not None else assertion.get("threshold", "")).split())
            self._name(kind, shown if len(shown) <= 60 else f"{shown[:57]}...")
            return
        for part in assertion.keys() - OF_AN_ASSERTION:
            self._name(kind, part)
        if assertion.get("weight", 1) != 1:
            self._name(kind, "weight: each expectation counts")
        if kind_alone == "trajectory:tool-sequence" and value.get("mode") == "exact":
            self._name(kind, "that nothing else is called")
        if kind_alone in ("contains", "contains-all", "contains-any", "equals"):
            self._left.append(CASE)
        for key, found in filter(None, made):
            self._put(key, found)

    def _put(self, key: str, value: Any) -> None:
        known = self._expect.get(key)
        if isinstance(value, list) and known is not None and key in ("contains", "not", "calls"):
            self._expect[key] = [*known, *(each for each in value if each not in known)]
        elif key in ("done_within_ms", "max_cost", "max_words") and known is not None:
            self._expect[key] = min(known, value)
        elif known is not None and known != value:
            self._name(key, f"a second one: {value}")
        else:
            self._expect[key] = value

    # -- each yields keys of ours with their values; None where there is no counterpart ----------------

    def _taken(self, kind: str, value: Any, assertion: Tree) -> Iterator[tuple[str, Any] | None]:
        least = assertion.get("threshold")
        if kind in ("contains", "icontains", "contains-all", "icontains-all"):
            yield "contains", _texts(value)
        elif kind in ("contains-any", "icontains-any"):
            yield "any_of", _texts(value)
        elif kind == "equals":
            yield ("equals", str(value)) if not isinstance(value, dict | list) else _json({"const": value})
        elif kind == "regex":
            yield from self._pattern(f"(?-i:{value})", str(value))
        elif kind == "starts-with":
            yield from self._pattern(rf"\A(?-i:{re.escape(str(value))})", "")
        elif kind == "is-json":
            yield _json(value) if isinstance(value, dict) else ("is_json", True)
        elif kind == "word-count" and isinstance(value, dict) and "min" not in value and "max" in value:
            yield "max_words", int(value["max"])
        elif kind == "latency" and isinstance(least, int | float):
            yield "done_within_ms", least
        elif kind == "cost" and isinstance(least, int | float):
            yield "max_cost", least
        elif kind in RUBRICS:
            yield from self._rubric(RUBRICS[kind], value, assertion)
        else:
            yield from _calls(kind, value, least)

    def _denied(self, kind: str, value: Any) -> Iterator[tuple[str, Any] | None]:
        if kind in ("contains", "icontains", "contains-any", "icontains-any"):
            yield "not", _texts(value)
        elif kind == "regex":
            yield from self._pattern(rf"\A(?![\s\S]*?(?-i:{value}))", str(value))
        elif kind == "starts-with":
            yield from self._pattern(rf"\A(?!(?-i:{re.escape(str(value))}))", "")
        elif kind == "is-json" and not isinstance(value, dict):
            yield "is_json", False
        elif kind in RUBRICS:
            yield from self._rubric(f"This is not true: {RUBRICS[kind]}", value, {})
        else:
            yield None

    def _pattern(self, pattern: str, written: str) -> Iterator[None]:
        """Kept, and joined at the end; not one that only JavaScript has, nor one that counts groups."""
        try:
            check_pattern(written)
            check_pattern(pattern)
        except ValueError:
            yield None
            return
        if re.search(r"\\[1-9]", written):
            yield None
            return
        self._patterns.append(pattern)

    def _rubric(self, words: str, value: Any, assertion: Tree) -> Iterator[None]:
        for each in _texts(value):
            self._rubrics.append(words.format(" ".join(each.split()).rstrip(".")))
        if "threshold" in assertion:
            self._least.append(float(assertion["threshold"]))
        if assertion.get("provider"):
            self.graders.append(assertion["provider"])
        yield from ()


def _texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def _json(schema: Tree) -> tuple[str, Any] | None:
    """Not one with null in it, for which TOML has no value."""
    return None if _has_null(schema) or schema_problem(schema) else ("is_json", schema)


def _has_null(tree: Any) -> bool:
    below = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return tree is None or any(map(_has_null, below))


def _calls(kind: str, value: Any, least: Any) -> Iterator[tuple[str, Any] | None]:
    """Assertions about tools. Names with * or ? have no counterpart."""
    asked = value if isinstance(value, dict) else {}
    if kind == "tool-call-f1" and least in (None, 1):
        names = re.split(r"\s*,\s*", value) if isinstance(value, str) else _texts(value)
        yield "calls", [{"name": name} for name in names]
        yield "no_more", True
    elif kind == "trajectory:tool-used" and not asked:
        yield from (_call(name) for name in _texts(value))
    elif kind == "trajectory:tool-used" and (asked.get("min"), asked.get("max")) in ((1, None), (None, None)):
        yield _call(asked.get("pattern") or asked.get("name"))
    elif kind == "trajectory:tool-used" and asked.get("min") == asked.get("max") != 0:
        yield _call(asked.get("pattern") or asked.get("name"), count=asked["min"])
    elif kind == "trajectory:tool-args-match" and asked.keys() <= {"name", "args", "arguments"}:
        yield _call(asked.get("name"), args=asked.get("args") or asked.get("arguments") or {})
    elif kind == "trajectory:tool-sequence" and (steps := asked.get("steps")):
        named = all(isinstance(step, str) and not _GLOB.search(step) for step in steps)
        yield ("steps", [{"call": step} for step in steps]) if named else None
        yield "steps_in_order", True
    else:
        yield None


def _call(name: Any, **more: Any) -> tuple[str, Any] | None:
    if not isinstance(name, str) or _GLOB.search(name):
        return None
    return "calls", [{"name": name, **{key: value for key, value in more.items() if value}}]

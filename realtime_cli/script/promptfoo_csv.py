"""promptfoo's tests in a CSV file: a column is a variable, ``__expected`` is an assertion in one line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]

_ASSERTION = re.compile(r"((?:not-)?[a-z][a-z0-9:-]*?)(?:\((\d+(?:\.\d+)?)\))?(?:\s*:\s*(.*))?", re.DOTALL)
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
KINDS = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_ALONE = ("is-json", "contains-json", "is-refusal")
_KNOWN = {
    *_LISTS,
    *_ALONE,
    *("contains", "icontains", "equals", "regex", "starts-with", "latency", "cost", "levenshtein", "similar"),
    *("llm-rubric", "model-graded-closedqa", "factuality", "g-eval"),
    *("javascript", "python", "word-count", "tool-call-f1"),
}


def tests_in(text: str, left: list[str]) -> Iterator[Tree]:
    """One test for each row. What cannot be taken over is added to ``left``. Raises csv.Error."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), skipinitialspace=True, strict=True)
    for name in rows.fieldnames or ():
        known = name in ("__description", "__metadata:conversationId") or name.startswith("__expected")
        if name.startswith("__") and not known:
            left.append(f"the column {name}")
    for row in rows:
        values = {name: value for name, value in row.items() if name and not name.startswith("__")}
        expected = [value for name, value in row.items() if name and name.startswith("__expected") and value]
        made: Tree = {"vars": values, "assert": list(map(assertion_in, expected))}
        if row.get("__description"):
            made["description"] = row["__description"]
        if row.get("__metadata:conversationId"):
            made["metadata"] = {"conversationId": row["__metadata:conversationId"]}
        yield made


def assertion_in(text: str) -> Tree:
    """``contains: noon``, ``latency(500)``, ``llm-rubric(0.8): is kind``; anything else is what it equals."""
    found = _ASSERTION.fullmatch(text.strip())
    if found:
        kind, threshold, value = KINDS.get(found[1], found[1]), found[2], found[3]
        plain = kind.removeprefix("not-")
        if plain in _ALONE or (plain in _KNOWN and (threshold or value)):
            parts = next(csv.reader([value], skipinitialspace=True)) if value and plain in _LISTS else value
            made = {
                "type": kind,
                "threshold": float(threshold) if threshold else None,
                "value": parts or None,
            }
            return {key: part for key, part in made.items() if part is not None}
    return {"type": "equals", "value": text}

"""The architecture page names only what exists, and draws the floors as they are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import realtime_cli
from tests.test_floors import FLOORS

PACKAGE = Path(realtime_cli.__file__).parent
ROOT = PACKAGE.parent
PAGE = (PACKAGE / "docs" / "architecture.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`([\w/]+\.(?:py|toml|md))`", PAGE)))
IN_A_FILE = re.findall(r"`([\w/]+\.py)`\s`([\w.]+)(?:\(\))?`", PAGE)
FUNCTIONS = sorted(set(re.findall(r"`([\w.]+)\(\)`", PAGE)))


def definitions(path: Path) -> set[str]:
    """Functions, classes, and ``Class.method``s of a module."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{method.name}" for method in methods}
    return found


def test_it_walks_through_the_code() -> None:
    assert len(IN_A_FILE) > 20
    assert len(FUNCTIONS) > 20


@pytest.mark.parametrize("path", FILES)
def test_a_file_exists(path: str) -> None:
    assert (PACKAGE / path).is_file() or (ROOT / path).is_file()


@pytest.mark.parametrize(("path", "name"), IN_A_FILE)
def test_a_name_is_defined_in_the_file_beside_it(path: str, name: str) -> None:
    assert name in definitions(PACKAGE / path)


def test_every_function_exists() -> None:
    defined = {name for path in PACKAGE.rglob("*.py") for name in definitions(path)}
    assert not [name for name in FUNCTIONS if name not in defined]


def test_the_floors_are_those_of_the_floors_test() -> None:
    block = PAGE.split("## The floors")[1].split("```")[1]
    drawn = {}
    for line in block.strip().splitlines():
        name, rooms = re.split(r"\s+", line, maxsplit=1)
        drawn[name] = tuple(re.split(r"\s{3,}", rooms)[0].split(", "))
    rooms_of = {name: tuple(room for room in rooms if room) for name, rooms in FLOORS.items()}
    assert list(drawn.items()) == list(rooms_of.items())[::-1]

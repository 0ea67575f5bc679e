"""A search for a pattern of somebody else ends, and takes what ``re`` takes."""

from __future__ import annotations

import ast

import pytest

from realtime_cli.pattern import PatternTooSlow, check_pattern, search
from tests.test_floors import MODULES, parsed

ENDLESS = "(a|aa)+$"
LONG = "a" * 80 + "b"


def test_a_search_without_end_is_given_up_once() -> None:
    with pytest.raises(PatternTooSlow, match=r"The pattern \(a\|aa\)\+\$ took longer than 0.1 s"):
        search(ENDLESS, LONG, limit_s=0.1)
    with pytest.raises(PatternTooSlow):
        search(ENDLESS, LONG, limit_s=1e9)  # it is known: nobody waits again


@pytest.mark.parametrize("pattern", [r"\d+ o.clock", "^a", r"(?i)B\b", r"(?P<x>a)(?P=x)", "(?<=x)aa", "[[a]"])
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_the_language_is_that_of_re(pattern: str) -> None:
    import re

    for text in ("at 9 O'clock", "9 o'clock", "xaa b", "B", ""):
        for ignore_case in (False, True):
            found = search(pattern, text, ignore_case=ignore_case)
            known = re.search(pattern, text, re.IGNORECASE if ignore_case else 0)
            assert (found and found[0]) == (known and known[0])


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "not a valid regular expression"),
        ("(?R)", "not a valid regular expression"),
        ("(" * 3000 + ")" * 3000, "not a valid regular expression"),
        ("a" * 20_001, "longer than 20000 characters"),
        ("(((a{500}){500}){500})", "repeats more than 1000000 times"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_pattern(pattern)
    with pytest.raises(ValueError, match=told):
        search(pattern, "a")


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"pattern"}))
def test_nothing_searches_with_a_pattern_that_is_an_attribute(module: str) -> None:
    """What stands in somebody's file or schema is reached as an attribute or a key, ours as a name."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).partition(".")[0] == "re" and node.args:
            ours = module == "protocol.rules"  # the patterns of the protocol's own fields
            assert ours or not isinstance(node.args[0], ast.Attribute | ast.Subscript), ast.unparse(node)

"""Every input that once showed a fault, and those the fuzzers begin with, do no harm now."""

from __future__ import annotations

import pytest

from tests.fuzz.corpus import beginnings, found
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_fuzzers_begin_with_is_taken(target: str):
    given = list(beginnings(target))
    assert given
    for data in given:
        TARGETS[target](data)


@pytest.mark.parametrize(
    ("target", "name"), [(target, path.name) for target in TARGETS for path in found(target)]
)
def test_an_input_that_once_showed_a_fault(target: str, name: str):
    (path,) = [path for path in found(target) if path.name == name]
    TARGETS[target](path.read_bytes())

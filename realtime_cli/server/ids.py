"""Ids as the API makes them: a prefix and 21 base-62 characters."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable

NewId = Callable[[str], str]
_LETTERS = string.ascii_letters + string.digits


def random_ids() -> NewId:
    """``item`` -> ``item_c8Yp…``, unlike any other."""
    source = random.SystemRandom()
    return lambda prefix: f"{prefix}_{''.join(source.choices(_LETTERS, k=21))}"


def counted_ids() -> NewId:
    """``item`` -> ``item_1``, ``item_2``: for tests that read as dialogues."""
    counters: dict[str, itertools.count[int]] = {}
    return lambda prefix: f"{prefix}_{next(counters.setdefault(prefix, itertools.count(1)))}"

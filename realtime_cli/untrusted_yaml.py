"""YAML that others wrote: with aliases a few lines stand for billions of values."""

from __future__ import annotations

from typing import Any

MAX_VALUES = 1_000_000


def check_size(root: Any) -> None:
    """Refuse a composed node that stands for too many values, or for itself. Raises ValueError.

    It is asked before anything is constructed: merged keys are multiplied by that already.
    """
    if _size(root, {}) > MAX_VALUES:
        raise ValueError(f"its aliases stand for more than {MAX_VALUES} values")


def _size(node: Any, known: dict[int, int]) -> int:
    """Of the node with all aliases written out; one that is in itself is beyond all bounds."""
    if node is None or isinstance(node.value, str):
        return 1
    if id(node) not in known:
        known[id(node)] = MAX_VALUES + 1  # until it is known: whoever meets it meanwhile is within it
        inner = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        known[id(node)] = 1 + sum(_size(part, known) for part in inner)
    return known[id(node)]

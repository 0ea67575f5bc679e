"""Ids that read well in dialogues."""

from __future__ import annotations

import itertools

from realtime_cli.server.event_queue import NewId


def counted_ids() -> NewId:
    """``item`` -> ``item_1``, ``item_2``, each prefix by itself."""
    counters: dict[str, itertools.count[int]] = {}
    return lambda prefix: f"{prefix}_{next(counters.setdefault(prefix, itertools.count(1)))}"

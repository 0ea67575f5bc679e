"""Scripts that tests of several commands run."""

from __future__ import annotations

GOOD = """
mode = "text"
agent = { connection = { provider = "local" } }
[[turns]]
user = "Say after me: one"
[turns.expect]
contains = "one"
"""

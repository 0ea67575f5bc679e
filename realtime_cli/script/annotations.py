"""What the runner writes into the stream of entries, so that a recording tells of its turns.

``turn``: a turn begins. ``speaking``, ``said``: first and last sound of what the user says.
``delivered``: all that the user does was given. ``late``: our own pacing was, by ``ms``. ``over``: the
turn is, with ``waited_for`` when that did not come in time.
"""

from __future__ import annotations

from typing import Any

from realtime_cli.client.entry import Entry
from realtime_cli.client.inputs import Noted

TOPIC = "script"


def read_mark(entry: Entry) -> dict[str, Any] | None:
    """The mark's data with its kind as ``mark``; None for every other entry."""
    value = entry.value
    if isinstance(value, Noted) and value.topic == TOPIC and "mark" in value.data:
        return value.data
    return None

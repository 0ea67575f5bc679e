"""The keys of a replay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from rich.text import Text

from realtime_cli.tui.key_map import BoundKeys, bound
from realtime_cli.tui.safe_text import cut_to
from realtime_cli.tui.theme import DIM

Key = Literal["pause", "step", "back", "ahead", "previous", "next", "faster", "slower", "quit"]
_KEYS: dict[str, Key] = {
    " ": "pause", ".": "step", "left": "back", "right": "ahead", "p": "previous", "n": "next",
    "+": "faster", "-": "slower", "q": "quit", "P": "previous", "N": "next", "Q": "quit",
}  # fmt: skip
_HINTS = "space pause · . step · ← → 10 s · p n turn · + - speed · q quit"


class ReplayKeyMap(BoundKeys):
    """Each key is notified at once."""

    def __init__(self, notify: Callable[[Key], None]) -> None:
        super().__init__(bound({name: partial(notify, key) for name, key in _KEYS.items()}))

    def rows(self, width: int, room: int) -> list[Text]:
        return [Text(cut_to(_HINTS, width), DIM)]

"""What was said, by whom and when: a line of a transcript, a subtitle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """Words with the stretch of the sound in which they were said, in seconds from its beginning.

    ``speaker`` is empty where nobody is named. ``final`` false: more words may come for the same ``item_id``.
    ``language``: of a translation.
    """

    speaker: str
    text: str
    begin_s: float
    end_s: float
    item_id: str = ""
    final: bool = True
    language: str = ""

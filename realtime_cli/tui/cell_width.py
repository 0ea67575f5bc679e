"""Text measured in the cells of a terminal: cut and wrapped to fit."""

from __future__ import annotations

from rich.cells import cached_cell_len, get_character_cell_size

from realtime_cli.safe_text import in_pairs

_ADDRESSES = ("http://", "https://")


def cells(text: str) -> int:
    """The width of a text in terminal cells (combining marks take none, wide characters two)."""
    return len(text) if text.isascii() else sum(get_character_cell_size(char) for char in text)


def forget_widths() -> None:
    """Of texts that were drawn: rich keeps the last 4096 with their texts, which hardly come again."""
    cached_cell_len.cache_clear()


def cut_to(text: str, width: int, ellipsis: str = "…") -> str:
    """The beginning of a text that fits into ``width`` cells, with an ellipsis if something is lost."""
    if cells(text) <= width:
        return text
    room = max(0, width - cells(ellipsis))
    kept = 0
    for end, char in enumerate(text):
        kept += get_character_cell_size(char)
        if kept > room:
            return in_pairs(text[:end].rstrip()) + ellipsis
    return text


def tail(text: str, width: int, ellipsis: str = "…") -> str:
    """The end of a text that fits into ``width`` cells, begun at a word."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    start = len(text)
    while start and cells(text[start - 1 :]) <= room:
        start -= 1
    blank = text.find(" ", start - 1)
    return ellipsis + in_pairs(text[blank + 1 if 0 <= blank < len(text) - 1 else start :])


def wrap(text: str, width: int, first: int = 0, *, whole_addresses: bool = True) -> list[tuple[int, int]]:
    """Where to break a text into lines of ``width`` cells: ``(start, end)`` of each line.

    ``first``: cells of the first line that are already used. Lines are broken at blanks and beside wide
    characters, and anywhere inside a word that is longer than a line; but a web address stays whole, however
    long its line becomes, unless the terminal does not wrap what is written there.
    """
    spans: list[tuple[int, int]] = []
    start, column, chance = 0, first, -1
    for place, char in enumerate(text):
        if char == "\n":
            spans.append((start, place))
            start, column, chance = place + 1, 0, -1
            continue
        size = get_character_cell_size(char)
        while column and column + size > width and char != " ":  # twice, if the kept part is still too wide
            if whole_addresses and chance <= start and text.startswith(_ADDRESSES, start):
                break
            end = chance if chance > start else place
            spans.append((start, end))
            start, column, chance = end, cells(text[end:place]), -1
        column += size
        if char == " " or size == 2:
            chance = place + 1
    spans.append((start, len(text)))
    return spans

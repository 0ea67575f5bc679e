"""The README's pictures show the screen as it is; ``python -m tests.tui.screenshots`` draws them again."""

from __future__ import annotations

import re

import pytest

from tests.tui.screenshots import FOLDER, lines_at, pictures


def words(svg: str) -> list[str]:
    """The text of a picture: sizes and colours may differ by rich's version."""
    return re.findall(r">([^<>]+)</text>", svg)


def test_the_pictures_are_up_to_date() -> None:
    for name, svg in pictures().items():
        assert words((FOLDER / name).read_text(encoding="utf-8")) == words(svg), name


@pytest.mark.parametrize(("at", "rows"), [(13.4, ["▶ speaking", "latency 500 ms: ", "space mute"])])
def test_four_live_rows_under_the_conversation(at: float, rows: list[str]) -> None:
    last = [line.plain for line in lines_at(at)[-3:]]
    assert [row[: len(start)] for row, start in zip(last, rows, strict=True)] == rows

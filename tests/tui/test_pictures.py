"""README's pictures are of the screen as it is; ``python -m tests.tui.pictures`` takes them again."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.text import Text

from tests.tui.pictures import CELL_X, FOLDER, ROWS, THEMES, Frame, animation, still

SVG = "{http://www.w3.org/2000/svg}"
README = (FOLDER.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_picture_is_in_the_readme_and_shows_a_talk(path: Path) -> None:
    assert f".pictures/{path.name}" in README
    assert "What time is it?" in words(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("theme", THEMES)
def test_the_question_is_asked_as_it_is_today(theme: str) -> None:
    shown = words((FOLDER / f"talk-{theme}.svg").read_text(encoding="utf-8"))
    assert "May this run?" in shown
    for choice in ("yes, this once", "always, in this session", "no, because ..."):
        assert choice in shown


def words(svg: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", svg).replace("&#x27;", "'").split())


def test_each_row_stands_as_long_as_it_was_seen() -> None:
    frames = [
        Frame(0.0, (Text("one"), Text("two"))),
        Frame(2.0, (Text("one"), Text.from_ansi("\x1b[31mred\x1b[0m  <&"))),
    ]
    drawn = ElementTree.fromstring(animation(frames, THEMES["dark"]))

    times = {"".join(group.itertext()): group.find(f"{SVG}set").attrib for group in drawn.iter(f"{SVG}g")}
    assert times["two"]["begin"] == "play.begin+0.0s"
    assert times["two"]["dur"] == "2.0s"
    assert times["red<&"]["begin"] == "play.begin+2.0s"
    assert times["one"]["dur"] == "5.0s"  # with the pause at the end
    assert len(ElementTree.fromstring(still(frames[1], THEMES["light"])).findall(f"{SVG}text")) == 2
    assert ROWS >= 24


def test_a_row_that_changes_with_every_frame_is_always_seen() -> None:
    frames = [Frame(tenth / 9, (Text(f"level {tenth}"),)) for tenth in range(20)]
    drawn = ElementTree.fromstring(animation(frames, THEMES["dark"]))
    shown = [group.find(f"{SVG}set").attrib for group in drawn.iter(f"{SVG}g")]
    begins = [float(times["begin"].removeprefix("play.begin+").removesuffix("s")) for times in shown]
    ends = [begin + float(times["dur"].removesuffix("s")) for begin, times in zip(begins, shown, strict=True)]
    assert len(shown) > 5
    assert begins[1:] == pytest.approx(ends[:-1])


def test_letters_in_reverse_have_a_ground() -> None:
    row = Text.from_ansi("ab\x1b[7mcd\x1b[0m")
    drawn = ElementTree.fromstring(still(Frame(0.0, (row,)), THEMES["dark"]))
    (ground,) = drawn.findall(f"{SVG}rect")[1:]
    assert float(ground.attrib["width"]) == pytest.approx(2 * CELL_X)
    assert ground.attrib["fill"] == THEMES["dark"].foreground_color.hex

"""Two sessions on one page: figures, turns, and both pages, which follow one click."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_cli.conversation.timeline import SpokenLine, Timeline
from realtime_cli.recording.export.compared_page import PagedSession, compared_page
from realtime_cli.recording.export.page import page
from realtime_cli.recording.export.sound import stereo
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation
from tests.recording.export.browser import DESKTOP, browser, needs_browser, violations


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conversation, and the same one half a second slower in its third turn."""
    folder = tmp_path_factory.mktemp("compared")
    recording = read(record_conversation(folder / "s.jsonl"))
    sessions = []
    for slower_s in (0.0, 0.5):
        told = timeline(recording)
        played_at = told.turns[2].first_played_at
        assert played_at is not None
        told.turns[2].first_played_at = played_at + slower_s
        made = page(told, recording.header, stereo(recording))
        sessions.append(PagedSession(told, recording.header, made))
    path = folder / "compared.html"
    path.write_text(compared_page(*sessions), encoding="utf-8")
    return path


def test_turns_stand_beside_each_other_with_what_differs(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    rows = text.split('<tbody id="turns">')[1].split("</tbody>")[0].splitlines()
    assert len(rows) == 4
    assert rows[2].count("Thank you, that is enough.") == 2
    assert '<span class="more">+500 ms</span>' in rows[2]
    assert "span" not in rows[1]
    assert rows[3].count("<b>You</b> And in Rome?") == 2


def test_what_was_said_is_text() -> None:
    told = Timeline()
    told.said = [SpokenLine("user", '"><script>alert(1)</script>', 0.0, 1.0)]
    header = Header(started='"><img>')
    one = PagedSession(told, header, page(told, header, np.zeros((0, 2), np.int16)))
    made = compared_page(one, one)
    assert "<script>alert" not in made
    assert "<img" not in made


@needs_browser
@pytest.mark.xdist_group("browser")
def test_a_click_on_a_turn_is_followed_by_both(written: Path, tmp_path: Path) -> None:
    clock = "return document.getElementById('{}').contentDocument.getElementById('clock').textContent"
    with browser(tmp_path / "profile") as window:
        window.open(written, *DESKTOP)
        window.wait_for("document.getElementById('second').contentWindow.seek")
        window.click("#turns tr:nth-child(3) button")
        for side in ("first", "second"):
            assert window.run(clock.format(side)).startswith("0:07.0")
        assert "enough" in window.run(
            "return document.getElementById('second').contentDocument.querySelector('.said.now').textContent"
        )
        assert window.run("return document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"


@needs_browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(written: Path, tmp_path: Path, dark: bool) -> None:
    assert violations(written, tmp_path / "profile", dark=dark) == {}

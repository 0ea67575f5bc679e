"""The HTML page: whole in itself, harmless whatever was said, and it does what one clicks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.conversation.timeline import SpokenLine, Timeline
from realtime_cli.recording.export.page import page
from realtime_cli.recording.export.sound import stereo
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation
from tests.recording.export import browser

needs_browser = pytest.mark.skipif(not browser.available(), reason="no chromium with chromedriver here")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    recording = read(record_conversation(folder / "s.jsonl"))
    path = folder / "s.html"
    path.write_text(page(timeline(recording), recording.header, stereo(recording)))
    return path


def test_nothing_in_it_points_outside(written: Path) -> None:
    text = written.read_text()

    assert "default-src 'none'" in text
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)""", text)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket", text)


def test_what_was_said_cannot_break_out_of_the_page() -> None:
    said = SpokenLine("user", "</script><script>alert(1)</script><!--", 0.0, 1.0)
    told = Timeline()
    told.said = [said]
    made = page(told, Header(started='<img src="x">'), np.zeros((0, 2), np.int16))

    assert "<script>alert" not in made
    assert "<!--" not in made
    assert '<img src="x">' not in made


def test_a_session_without_sound_has_a_page(written: Path) -> None:
    told = Timeline()
    told.said = [SpokenLine("user", "hi", 0.0, 1.0)]
    made = page(told, Header(), np.zeros((0, 2), np.int16))

    assert '"sound": ""' in made


@needs_browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("width", "height"), [(1200, 900), (390, 844)])
def test_one_can_seek_listen_and_read_along(written: Path, tmp_path: Path, width: int, height: int) -> None:
    with browser.browser(tmp_path / "profile") as window:
        window.open(written, width, height)
        assert window.run("return document.querySelectorAll('.said').length") == 7
        assert window.run("return document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"

        window.click("#lanes", x=4)
        assert window.run("return document.getElementById('clock').textContent").startswith("0:07.")
        assert "enough" in window.run("return document.querySelector('.said.now').textContent")

        window.click("#said .said:nth-of-type(2)")
        assert window.run("return document.getElementById('clock').textContent") == "0:03.0 / 0:14.0"
        assert "Oslo?" in window.run("return document.querySelector('.said.now').textContent")

        window.click("#said .call")
        assert window.run("return document.getElementById('clock').textContent").startswith("0:04.8")
        window.click("#said .mark.note")
        assert window.run("return document.getElementById('clock').textContent").startswith("0:08.0")
        window.click("#rows tr:nth-child(3)")
        assert window.run("return document.getElementById('clock').textContent").startswith("0:07.0")
        window.click("#said .said:nth-of-type(2)")

        window.click("#play")
        window.wait_for("document.getElementById('clock').textContent > '0:03.3'")
        assert window.run("return audio.error") is None
        window.click("#play")

        before = window.run("return getComputedStyle(document.body).backgroundColor")
        window.click("#theme")
        assert window.run("return getComputedStyle(document.body).backgroundColor") != before

        wide = "return document.getElementById('lanes').clientWidth"
        narrow = window.run(wide)
        window.click("#in")
        assert window.run(wide) == pytest.approx(2 * narrow, abs=4)
        assert (
            window.run(
                "return performance.getEntriesByType('resource').filter(r => "
                "!/^(blob|data):/.test(r.name)).length"
            )
            == 0
        )

"""The HTML page: whole in itself, harmless whatever was said, and it does what one clicks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.conversation.events import SoundMeasured
from realtime_cli.conversation.timeline import LoggedEvent, SpokenLine, Timeline, TimelineMark
from realtime_cli.recording.export.page import page
from realtime_cli.recording.export.sound import stereo
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation
from tests.recording.export import browser
from tests.recording.export.browser import ARROW_DOWN, END, ENTER, HOME, needs_browser, violations

TYPE = (
    "const field = document.getElementById('{0}'); field.value = '{1}'; "
    "field.dispatchEvent(new Event('input'))"
)


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


def test_what_would_be_obeyed_or_not_be_seen_is_shown() -> None:
    told = Timeline()
    told.said = [SpokenLine("agent", "safe\u202egnp.exe \x9b31m \U000e0041hidden", 0.0, 1.0)]
    told.events = [TimelineMark(0.5, "note", "\u2067alone")]
    made = page(told, Header(started="2026\u202e"), np.zeros((0, 2), np.int16))
    assert "safe<U+202E>gnp.exe <U+009B>31m <U+E0041>hidden" in made.replace("\\u003c", "<")
    assert not set(made) & set("\u202e\x9b\u2067\U000e0041")


def test_gaps_have_a_lane() -> None:
    told = Timeline()
    for at, count in ((1.0, 0), (7.0, 2), (8.0, 2), (9.0, 3)):
        told.observe(SoundMeasured(at, "off", underruns=count))
    told.close()
    made = page(told, Header(), np.zeros((0, 2), np.int16))
    assert '"gaps": [[6.0, 7.0, "2 gaps"], [8.0, 9.0, "1 gap"]]' in made


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


@needs_browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(written: Path, tmp_path: Path, dark: bool) -> None:
    assert violations(written, tmp_path / "profile", dark=dark) == {}


@needs_browser
@pytest.mark.xdist_group("browser")
def test_the_transcript_is_one_tab_stop_with_arrows_within(written: Path, tmp_path: Path) -> None:
    with browser.browser(tmp_path / "profile") as window:
        window.open(written, 1200, 900)
        stops = "return document.querySelectorAll('#said .entry[tabindex=\"0\"]').length"
        focused = "return document.activeElement.textContent"
        assert window.run(stops) == 1
        window.run("document.querySelector('#said .entry').focus()")
        window.keys(ARROW_DOWN)
        assert "What time is it in Oslo?" in window.run(focused)
        window.keys(ENTER)
        assert window.run("return document.getElementById('clock').textContent").startswith("0:03.0")
        window.keys(END)
        assert "The same." in window.run(focused)
        window.keys(HOME)
        assert "Hello" in window.run(focused)
        assert window.run(stops) == 1


@needs_browser
@pytest.mark.xdist_group("browser")
def test_words_are_found_events_filtered_and_a_link_opens_at_its_second(
    written: Path, tmp_path: Path
) -> None:
    with browser.browser(tmp_path / "profile") as window:
        window.open(written, 1200, 900, fragment="t=7.5")
        assert window.run("return document.getElementById('clock').textContent").startswith("0:07.5")
        assert window.run("return document.querySelector('#log .now').textContent") != ""
        window.run(TYPE.format("find", "OSLO"))
        seen = "return [...document.querySelectorAll('#said .entry:not([hidden])')].length"
        assert window.run(seen) == 3  # the question, the call, the answer
        window.run(TYPE.format("filter", "agent_interrupted"))
        assert window.run("return [...document.querySelectorAll('#log li:not([hidden])')].length") == 1
        window.click("#all")
        assert window.run("return document.getElementById('lanes').clientWidth <= innerWidth")
        window.click("#strip")
        assert window.run("return document.getElementById('clock').textContent").startswith("0:07.0")
        assert window.run("return location.hash") == "#t=7.0"
        assert window.run("return document.getElementById('save').download").endswith((".mp3", ".wav"))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half an hour with a turn every ten seconds, and ten events a second."""
    told = Timeline()
    for number in range(18_000):
        told.log.append(LoggedEvent(number / 10, "odd" if number % 2 else "even", f'{{"number": {number}}}'))
    for number in range(180):
        told.said.append(SpokenLine("user", f"Question {number}?", number * 10.0, number * 10.0 + 2))
        told.said.append(SpokenLine("agent", f"Answer {number}.", number * 10.0 + 3, number * 10.0 + 8))
    told.seconds = 1800.0
    path = tmp_path_factory.mktemp("long") / "long.html"
    path.write_text(page(told, Header(started="2026-07-14"), np.zeros((0, 2), np.int16)))
    return path


@needs_browser
@pytest.mark.xdist_group("browser")
@pytest.mark.heavy
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_on_a_long_page(long: Path, tmp_path: Path, dark: bool) -> None:
    assert violations(long, tmp_path / "profile", dark=dark) == {}


@needs_browser
@pytest.mark.xdist_group("browser")
def test_thousands_of_events_are_reached_though_few_are_built(long: Path, tmp_path: Path) -> None:
    with browser.browser(tmp_path / "profile") as window:
        window.open(long, *browser.DESKTOP, fragment="t=900.0")
        focused = "return document.activeElement.textContent"
        built = "return document.querySelectorAll('#log li').length"
        assert window.run("return document.querySelector('#log .now').textContent") == (
            '15:00.0 even {"number": 9000}'
        )
        assert window.run(built) == 200
        window.run("document.querySelector('#log .now button').focus()")
        window.keys(*[ARROW_DOWN] * 150)
        assert '"number": 9150' in window.run(focused)
        window.keys(HOME)
        assert '"number": 0' in window.run(focused)
        window.keys(END)
        assert '"number": 17999' in window.run(focused)
        window.keys(ENTER)
        assert window.run("return document.getElementById('clock').textContent").startswith("29:59.9")
        window.run(TYPE.format("filter", "odd"))
        assert window.run("return document.getElementById('count').textContent") == "9000 of 18000"
        assert window.run("return document.querySelector('#log .now').textContent").endswith("17999}")
        window.run("document.getElementById('log').scrollTop = 0")
        window.wait_for("document.querySelector('#log li').textContent.endsWith(': 17401}')")


@needs_browser
@pytest.mark.xdist_group("browser")
def test_what_was_never_heard_is_shown_behind_what_was(written: Path, tmp_path: Path) -> None:
    with browser.browser(tmp_path / "profile") as window:
        window.open(written, 1200, 900)
        assert window.run("return document.querySelectorAll('#heard .unheard').length") == 1
        assert window.run("return document.querySelectorAll('#vad .voice').length") == 2
        assert window.run("return document.querySelectorAll('#rows .parts').length") == 3
        keys = window.run("return [...document.querySelectorAll('#keys span')].map(one => one.textContent)")
        assert keys == ["end-pointing", "server", "tool", "you", "buffer"]
        assert window.run("return [...document.querySelectorAll('#bins li')].length") > 1


def test_a_local_session_costs_nothing() -> None:
    local = Header(config={"connection": {"provider": "local"}})
    made = page(Timeline(), local, np.zeros((0, 2), np.int16))
    assert "local, no cost" in made
    assert "local, no cost" not in page(Timeline(), Header(), np.zeros((0, 2), np.int16))

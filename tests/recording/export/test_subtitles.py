"""Subtitles of a conversation: what stands when, and how much of it at a time."""

from __future__ import annotations

import re
from pathlib import Path

from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.timeline import SpokenLine, Timeline
from realtime_cli.recording.export import subtitles
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation


def said(*lines: SpokenLine) -> list[Caption]:
    made = Timeline()
    made.said = list(lines)
    return subtitles.captions(made)


def cues(written: str) -> list[tuple[float, float, list[str]]]:
    """Begin, end and lines of each cue of a SubRip file."""
    found = []
    for block in written.split("\n\n"):
        _, times, *lines = block.strip("\n").split("\n")
        h, m, s, h2, m2, s2 = (float(n.replace(",", ".")) for n in re.split(r":| --> ", times))
        found.append((h * 3600 + m * 60 + s, h2 * 3600 + m2 * 60 + s2, lines))
    return found


def test_subtitles_stand_while_their_words_are_heard(tmp_path: Path) -> None:
    made = subtitles.captions(timeline(read(record_conversation(tmp_path / "s.jsonl"))))
    assert subtitles.srt(made).split("\n\n")[2] == (
        "3\n00:00:05,500 --> 00:00:07,200\nAgent: In Oslo it is five past two, and"
    )
    assert "00:00:03.000 --> 00:00:04.500\n<v You>What time is it in Oslo?</v>" in subtitles.vtt(made)


def test_markup_and_line_breaks_in_speech_stay_speech() -> None:
    odd = said(SpokenLine("agent", "a <b>\n\n2 --> 3 & {\\an8}c", 3600.0, 3601.5))

    assert (
        subtitles.vtt(odd)
        == "WEBVTT\n\n01:00:00.000 --> 01:00:01.500\n<v Agent>a &lt;b&gt; 2 --&gt; 3 &amp; {\\an8}c</v>\n"
    )
    assert subtitles.srt(odd) == "1\n01:00:00,000 --> 01:00:01,500\nAgent: a ‹b› 2 → 3 & { \\an8}c\n"


def test_a_long_answer_comes_in_cues_that_can_be_read() -> None:
    sentences = [f"This is sentence number {n} of an answer that goes on and on." for n in range(20)]
    long = SpokenLine("agent", " ".join(sentences), 10.0, 90.0)
    between = SpokenLine("user", "Hm?", 40.0, 41.0)

    made = cues(subtitles.srt(said(long, between)))

    assert all(len(lines) <= 2 and max(map(len, lines)) <= 42 for _, _, lines in made)
    assert all(0 < end - begin <= 7.001 for begin, end, _ in made)
    assert [begin for begin, _, _ in made] == sorted(begin for begin, _, _ in made)
    assert made[0][0] == 10
    assert max(end for _, end, _ in made) == 90
    of_agent = [" ".join(lines).removeprefix("Agent: ") for _, _, lines in made if lines != ["You: Hm?"]]
    assert of_agent == sentences  # each sentence fits, so none is broken


def test_words_that_no_line_holds_and_words_that_last_long() -> None:
    made = cues(
        subtitles.srt(said(SpokenLine("user", "x" * 200, 0.0, 10.0), SpokenLine("agent", "Hm", 20, 60)))
    )
    assert "".join("".join(lines).removeprefix("You: ") for _, _, lines in made[:-1]) == "x" * 200
    assert max(len(line) for _, _, lines in made for line in lines) <= 42
    assert made[-1] == (20, 27, ["Agent: Hm"])


def test_a_tag_that_two_cues_share_is_no_tag() -> None:
    long = Caption("You", f"{'word ' * 30}<img src=x {'onerror=alert ' * 12}> and on", 0.0, 20.0)
    assert "<" not in subtitles.srt([long])

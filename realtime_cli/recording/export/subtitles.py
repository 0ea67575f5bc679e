"""Subtitles at the times at which things were heard: in cues that can be read."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.recording.export.text import MIN_SHOWN_S, SPEAKER, end_s, in_order, one_line

# What broadcasters hold to, and players show whole.
MAX_LINE_LETTERS = 42
MAX_CUE_LINES = 2
MAX_CUE_S = 7.0

_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？")
_TAG = re.compile(r"<(?=[/A-Za-z])([^<>]*)>")
_OPEN_TAG = re.compile(r"<(?=[/A-Za-z])")  # its end stands in another cue


@dataclass(frozen=True, slots=True)
class Cue:
    """What stands at one time; ``lines`` have the speaker's name in front where ``named``."""

    begin_s: float
    end_s: float
    speaker: str
    lines: tuple[str, ...]


def captions(timeline: Timeline) -> list[Caption]:
    """All that was said in a conversation."""
    return [
        Caption(SPEAKER[said.speaker], said.text, said.begin_s, end_s(said)) for said in in_order(timeline)
    ]


def srt(said: Iterable[Caption]) -> str:
    """SubRip. It knows no escapes: what players would take for markup is written in look-alikes."""
    blocks = []
    for number, cue in enumerate(_cues(said, named=True), 1):
        words = "\n".join(cue.lines).replace("-->", "→").replace("{\\", "{ \\")
        words = _OPEN_TAG.sub("‹", _TAG.sub(r"‹\1›", words))
        blocks.append(f"{number}\n{_clock(cue.begin_s, ',')} --> {_clock(cue.end_s, ',')}\n{words}\n")
    return "\n".join(blocks)


def vtt(said: Iterable[Caption]) -> str:
    """WebVTT with voice tags (W3C WebVTT, 3.5 cue components)."""
    blocks = ["WEBVTT\n"]
    for cue in _cues(said, named=False):
        words = _escaped("\n".join(cue.lines))
        times = f"{_clock(cue.begin_s, '.')} --> {_clock(cue.end_s, '.')}"
        voiced = f"<v {_escaped(cue.speaker)}>{words}</v>" if cue.speaker else words
        blocks.append(f"{times}\n{voiced}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cues(said: Iterable[Caption], *, named: bool) -> list[Cue]:
    cues = [cue for caption in said for cue in _cues_of(caption, named)]
    return sorted(cues, key=lambda cue: cue.begin_s)


def _cues_of(said: Caption, named: bool) -> Iterator[Cue]:
    """A message in pieces, each as long as its share of the letters."""
    text, last_s = one_line(said.text), max(said.end_s, said.begin_s + MIN_SHOWN_S)
    name = f"{said.speaker}: " if named and said.speaker else ""
    begin_s, letter_s = said.begin_s, (last_s - said.begin_s) / len(text)
    for piece in _pieces(text, letter_s, name):
        until_s = begin_s + (len(piece) + 1) * letter_s  # with the blank behind it
        lines = textwrap.wrap(name + piece, MAX_LINE_LETTERS)
        yield Cue(begin_s, min(until_s, last_s, begin_s + MAX_CUE_S), said.speaker, tuple(lines))
        begin_s = until_s


def _pieces(text: str, letter_s: float, name: str) -> Iterator[str]:
    """Groups of words that fit into one cue; better to end with a sentence than to fill the cue."""
    piece = ""
    for word in (part for long in text.split() for part in textwrap.wrap(long, MAX_LINE_LETTERS - len(name))):
        longer = f"{piece} {word}".lstrip()
        rows = len(textwrap.wrap(name + longer, MAX_LINE_LETTERS))
        fits = rows <= MAX_CUE_LINES and len(longer) * letter_s <= MAX_CUE_S
        over = piece.endswith(_SENTENCE_END) and len(piece) > MAX_LINE_LETTERS
        if piece and (over or not fits):
            yield piece
            longer = word
        piece = longer
    yield piece


def _clock(seconds: float, point: str) -> str:
    ms = round(max(0.0, seconds) * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"

"""Sentences come out whole, whatever the pieces were."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.sentence_stream import MAX_SENTENCE, SentenceStream

TEXT = 'Dr. Smith said "Go!" to J. Doe. It costs 2.50 today. Why?\n1. One thing\nThe end'
SENTENCES = ['Dr. Smith said "Go!"', "to J. Doe.", "It costs 2.50 today.", "Why?", "1. One thing", "The end"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_pieces_do_not_matter(size: int) -> None:
    stream = SentenceStream()
    found = [each for at in range(0, len(TEXT), size) for each in stream.feed(TEXT[at : at + size])]
    assert found + stream.flush() == SENTENCES


def test_code_stays_in_one_piece() -> None:
    stream = SentenceStream()
    assert stream.feed("Look. ```\na. b. c\n") == ["Look."]
    assert stream.feed("``` Done. More") == ["```\na. b. c\n``` Done."]


def test_a_text_without_an_end_is_cut_at_a_space() -> None:
    stream = SentenceStream()
    found = stream.feed("word " * 200)
    assert len(found) >= 2
    assert all(len(each) <= MAX_SENTENCE for each in found)
    assert " ".join(found + stream.flush()) == ("word " * 200).strip()


def test_nothing_is_nothing() -> None:
    stream = SentenceStream()
    assert stream.feed("  \n \n") == []
    assert stream.flush() == []

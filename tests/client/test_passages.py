"""Fragments of a translation joined to passages: where one ends."""

from __future__ import annotations

from realtime_cli.client.passages import Passages


def test_a_sentence_that_is_over_ends_with_the_next_fragment() -> None:
    side = Passages()
    assert side.add("Good", 200, 1.0) is None
    assert side.add(" morning.", 400, 1.1) is None
    over = side.add(" How are you?", 800, 1.5)
    assert over is not None
    assert (over.text, over.begin_ms, over.end_ms) == ("Good morning.", 0.0, 400)
    assert side.current is not None
    assert (side.current.text, side.current.begin_ms) == (" How are you?", 600.0)
    assert side.current.item_id == "translation_2"


def test_a_gap_in_the_sound_ends_it_and_so_does_a_pause_on_the_clock() -> None:
    side = Passages()
    side.add("one", 200, 1.0)
    over = side.add("two", 3_000, 1.1)
    assert over is not None
    assert over.text == "one"
    assert side.settle(2.5) is None
    over = side.settle(2.7)
    assert over is not None
    assert over.text == "two"
    assert side.current is None


def test_sound_of_its_words_keeps_it_and_silence_behind_them_does_not() -> None:
    side = Passages()
    side.add("ten letters", 200, 1.0)
    for step in range(30):  # 6 s of sound, for which its words last 1.3 s at most
        side.sound(200, 1.0 + step / 10)
    assert side.current is not None
    assert side.current.at < 2.0
    assert side.settle(4.0) is not None

"""What was said, for as long as a talk lasts."""

from __future__ import annotations

from realtime_cli.client.live.spoken_log import SpokenLog


def talked_for(turns: int, log: SpokenLog) -> SpokenLog:
    for turn in range(turns):
        at_ms = 10_000 * turn
        log.add("user", f"Question {turn}.", at_ms, at_ms + 900)
        log.add("assistant", f"Answer {turn}.", at_ms + 2_000, at_ms + 2_900)
    return log


def test_a_talk_of_hours_keeps_its_newest_messages():
    log = talked_for(5_000, SpokenLog())
    assert len(log.messages) == 512
    assert log.text().startswith("User: Question 4744.")
    assert log.text().endswith("Agent: Answer 4999.")


def test_words_of_an_earlier_clock_stay_apart_when_it_forgets():
    log = talked_for(256, SpokenLog())
    log.mark()
    log.add("user", "Check the staging server.", 10, 900)
    assert log.task(1_000) == "Check the staging server."
    talked_for(300, log)
    assert log.task(10_000 * 299) == "Question 299."

"""A function's result as a sentence."""

from __future__ import annotations

import pytest

from realtime_cli.server.engine.dialogue.tool_result_text import MAX_LENGTH, outcome_sentence


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("10:31", "The result of f is 10:31."),
        ('{"result": 391}', "The result of f is 391."),
        (
            '{"time": "10:31", "week_day": "Monday", "note": null}',
            "The result of f is time 10:31, week day Monday.",
        ),
        ('{"time": "10:31"}', "It is 10:31."),
        (
            '{"time": "22:06", "date": "2026-11-24", "weekday": "Tuesday", "zone": "Asia/Tokyo"}',
            "It is 22:06 in Tokyo on Tuesday, 2026-11-24.",
        ),
        ('["a", "b"]', "The result of f is a, b."),
        ('{"ok": true}', "The result of f is yes."),
        ("It works!", "The result of f is It works!"),
        ('{"error": "no network"}', "f did not work: no network."),
        ("Error: no network", "f did not work: no network."),
        ("", "f is done and gave no result."),
        ("{}", "f is done and gave no result."),
        ("{broken", "The result of f is {broken."),
    ],
)
def test_told(output: str, told: str) -> None:
    assert outcome_sentence("f", output) == told


def test_a_long_result_is_cut_at_a_word() -> None:
    told = outcome_sentence("f", "word " * 1000)
    assert len(told) < MAX_LENGTH + 60
    assert told.endswith("word and so on.")


def test_a_long_list_is_counted() -> None:
    assert outcome_sentence("f", str(list(range(50)))).endswith("11, and 38 more.")

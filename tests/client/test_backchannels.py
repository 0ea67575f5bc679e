"""What a listener says without wanting to speak, and what interrupts."""

from __future__ import annotations

import pytest

from realtime_cli.client.backchannels import interrupts


@pytest.mark.parametrize(
    "text", ["Mm-hm.", "Uh-huh.", "Okay, right.", "I see!", "Oh, really?", "D’accord.", "Ha ha ha!", ""]
)
def test_a_listener(text: str) -> None:
    assert not interrupts(text)


@pytest.mark.parametrize(
    "text", ["Stop.", "No.", "Okay, stop.", "Wait", "Genau das nicht.", "やめてください"]
)
def test_somebody_who_has_something_to_say(text: str) -> None:
    assert interrupts(text)


@pytest.mark.parametrize("text", ["Mama.", "And?", "Tour."])
def test_a_single_word_that_nobody_interrupts_with_is_a_listeners_misheard(text: str) -> None:
    assert not interrupts(text)

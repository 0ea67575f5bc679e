"""What a listener says without wanting to speak."""

from __future__ import annotations

import pytest

from realtime_cli.client.backchannels import only_backchannels


@pytest.mark.parametrize(
    "text", ["Mm-hm.", "Uh-huh.", "Okay, right.", "I see!", "Oh, really?", "D’accord.", ""]
)
def test_a_listener(text: str) -> None:
    assert only_backchannels(text)


@pytest.mark.parametrize("text", ["Stop.", "No.", "Okay, stop.", "Wait", "Genau das nicht."])
def test_somebody_who_has_something_to_say(text: str) -> None:
    assert not only_backchannels(text)

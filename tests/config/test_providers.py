"""What providers want otherwise than the API."""

from __future__ import annotations

from realtime_cli.config.providers import for_provider
from tests.config.agents import Load


def test_xai_gets_voice_and_turn_detection_at_the_top(load: Load) -> None:
    text = """
        [session.audio.input]
        turn_detection = false
        transcription = { model = "grok-transcribe", language = "en", keywords = ["k"] }
        [session.audio.output]
        voice = "eve"
        """
    patch = load(text).config.session_patch()
    before = load(text).config.session_patch()
    assert for_provider(patch, "xai") == {
        "type": "realtime",
        "voice": "eve",
        "turn_detection": None,
        "audio": {
            "input": {"transcription": {"model": "grok-transcribe", "language_hint": "en", "keyterms": ["k"]}}
        },
    }
    assert patch == before
    assert for_provider(patch, "openai") == before


def test_xai_gets_nothing_moved_that_is_not_there(load: Load) -> None:
    assert for_provider(load("").config.session_patch(), "xai") == {"type": "realtime"}

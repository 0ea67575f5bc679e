"""What the user said: its place, its text, and why there is none."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.block_order import TRANSCRIPT_TIMEOUT_S, BlockOrder
from realtime_cli.conversation.blocks import UserTurn
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.conversation.realtime.user import NO_TRANSCRIPTION
from realtime_cli.conversation.user_turns import UserTurns
from tests.tui.scenes import local, received


class Talk:
    """Server events by name -> turns."""

    def __init__(self) -> None:
        self.order = BlockOrder()
        self.narrator = RealtimeNarrator()
        self.turns = UserTurns(self.order)

    def entry(self, entry: Entry) -> None:
        for event in self.narrator.narrate(entry):
            self.order.at = event.at
            self.turns.observe(event)

    def starts(self, at: float, item: str | None) -> None:
        self.entry(received(at, "input_audio_buffer.speech_started", item_id=item))

    def stops(self, at: float, item: str | None) -> None:
        self.entry(received(at, "input_audio_buffer.speech_stopped", item_id=item))

    def commits(self, at: float, item: str | None, after: str | None = None) -> None:
        self.entry(received(at, "input_audio_buffer.committed", item_id=item, previous_item_id=after))

    def hears(self, at: float, item: str, text: str) -> None:
        kind = "conversation.item.input_audio_transcription.completed"
        self.entry(received(at, kind, item_id=item, transcript=text))

    def hears_part(self, at: float, item: str, text: str) -> None:
        kind = "conversation.item.input_audio_transcription.delta"
        self.entry(received(at, kind, item_id=item, delta=text))

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(turn.text, turn.missing) for turn in self.order.blocks if isinstance(turn, UserTurn)]


def test_the_text_grows_until_it_is_whole() -> None:
    talk = Talk()
    talk.starts(1, "a")
    talk.stops(2, "a")
    talk.commits(2.1, "a")
    talk.hears_part(2.2, "a", "Helo ")
    talk.hears_part(2.3, "a", "there")
    assert talk.told == [("Helo there", "")]
    talk.hears(2.4, "a", " Hello there! ")
    talk.hears_part(2.5, "a", "too late")
    assert talk.told == [("Hello there!", "")]


def test_nothing_understood_and_a_transcription_that_failed_are_told() -> None:
    talk = Talk()
    talk.commits(1, "a")
    talk.hears(2, "a", "  ")
    talk.commits(3, "b", "a")
    error = {"type": "server_error", "message": "Out of ears."}
    kind = "conversation.item.input_audio_transcription.failed"
    talk.entry(received(4, kind, item_id="b", error=error))
    assert talk.told == [("", "nothing was understood"), ("", "Out of ears.")]


def test_speech_that_is_thrown_away_leaves_no_trace_and_what_was_committed_stays() -> None:
    talk = Talk()
    talk.commits(1, "a")
    talk.starts(2, "b")
    talk.entry(received(3, "input_audio_buffer.cleared"))
    assert list(talk.order.turns) == ["a"]
    assert len(talk.told) == 1


def test_a_transcript_that_comes_after_all_is_told_behind() -> None:
    talk = Talk()
    talk.commits(1, "a")
    talk.order.at = 1.1 + TRANSCRIPT_TIMEOUT_S
    talk.order.settle()
    talk.hears(13, "a", "Are you there?")
    assert talk.told == [("", "no transcript came"), ("Are you there?", "")]
    assert talk.order.blocks[1].late


@pytest.mark.parametrize(
    ("session", "missing"),
    [
        ({"audio": {"input": {"transcription": None}}}, NO_TRANSCRIPTION),
        ({"audio": {"input": {"transcription": {"model": "whisper-1"}}}}, ""),
        ({"audio": {"input": {}}}, ""),  # it does not say
        ({}, ""),
    ],
)
def test_without_transcription_nobody_waits_for_a_text(session: dict[str, Any], missing: str) -> None:
    talk = Talk()
    talk.entry(received(0, "session.updated", session={"type": "realtime", **session}))
    talk.commits(1, "a")
    assert talk.told == [("", missing)]


def test_typed_turns_are_whole_at_once() -> None:
    talk = Talk()
    talk.entry(local(inputs.Typed(1, "Look!", ("data:image/png;base64,AA==",))))
    [turn] = talk.order.blocks
    assert isinstance(turn, UserTurn)
    assert (turn.text, turn.images, turn.spoken, turn.final) == ("Look!", 1, False, True)


@pytest.mark.parametrize(
    ("part", "spoken", "final"),
    [
        ({"type": "input_text", "text": "Hello"}, False, True),
        ({"type": "input_audio"}, True, False),
        ({"type": "input_audio", "transcript": "Hello"}, True, True),
    ],
)
def test_a_message_that_the_server_told_of_first(part: dict[str, Any], spoken: bool, final: bool) -> None:
    talk = Talk()
    message = {"id": "a", "type": "message", "role": "user", "content": [part]}
    talk.entry(received(1, "conversation.item.added", item=message))
    [turn] = talk.order.blocks
    assert isinstance(turn, UserTurn)
    assert (turn.spoken, turn.final) == (spoken, final)


def test_speech_that_has_no_name_while_it_lasts_is_one_turn() -> None:
    talk = Talk()
    talk.starts(1, None)
    talk.stops(2, None)
    talk.commits(2.1, "a")
    talk.hears(2.2, "a", "Hello")
    assert talk.told == [("Hello", "")]


def test_the_last_word_of_a_transcript_stands() -> None:
    talk = Talk()
    talk.commits(1, "a")
    talk.hears(2, "a", "Hello")
    talk.hears(3, "a", "Hello there")
    assert talk.told == [("Hello there", "")]

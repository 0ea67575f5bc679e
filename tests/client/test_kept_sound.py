"""Sound that a new socket is given: in milliseconds, whatever the length of a block."""

from __future__ import annotations

import base64

import pytest

from realtime_cli.client import inputs
from realtime_cli.client.effects import Send
from realtime_cli.client.kept_sound import MAX_KEPT_MS, RECENT_MS
from realtime_cli.outbox import Outbox
from realtime_cli.protocol import codec
from realtime_cli.protocol.client_events import InputAudioBufferAppend
from tests.client.dialogue import Dialogue


class Talk(Dialogue):
    """A talk whose microphone gives blocks of ``block_ms``."""

    def __init__(self, block_ms: int, **options: object) -> None:
        super().__init__(**options)
        self.block_ms = block_ms

    def hear(self, ms: int, level: int = 1) -> None:
        for _ in range(ms // self.block_ms):
            self.give(inputs.MicrophoneFrame, bytes([level]) * (48 * self.block_ms))

    def lose(self, gap_ms: int, level: int = 2) -> list[str]:
        """The socket is gone for so long, in which the microphone goes on; what happens on the new one."""
        self.give(inputs.Disconnected, 1006)
        self.hear(gap_ms, level)
        self.sent.clear()
        self.give(inputs.Connected, "ws://x", 1)
        self.server("session.created", session={})
        session = {"type": "realtime", **self.session.requested_session}
        return self.server("session.updated", session=session)

    @property
    def appended_ms(self) -> list[tuple[int, int]]:
        """What was appended since the loss: level and length of each stretch."""
        appends = [event for event in self.sent if event["type"] == "input_audio_buffer.append"]
        sound = b"".join(base64.b64decode(event["audio"]) for event in appends)
        return [(level, sound.count(level) // 48) for level in sorted(set(sound))]


MANUAL = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


@pytest.mark.parametrize("block_ms", [10, 20])
def test_a_sentence_in_which_the_socket_is_lost_goes_whole_to_the_new_one(block_ms: int) -> None:
    t = Talk(block_ms)
    t.connect()
    t.hear(1000)
    t.server("input_audio_buffer.speech_started", item_id="U")
    t.hear(5000)
    t.lose(gap_ms=3000)
    assert t.appended_ms == [(1, 6000), (2, 3000)]


@pytest.mark.parametrize("block_ms", [10, 20])
def test_the_server_may_not_have_said_yet_that_the_user_speaks(block_ms: int) -> None:
    t = Talk(block_ms)
    t.connect()
    t.hear(10_000)
    t.lose(gap_ms=600)
    assert t.appended_ms == [(1, RECENT_MS), (2, 600)]


def test_what_became_a_turn_is_not_sent_again() -> None:
    t = Talk(20)
    t.connect()
    t.server("input_audio_buffer.speech_started", item_id="U")
    t.hear(2000)
    t.server("input_audio_buffer.committed", item_id="U")
    t.lose(gap_ms=400)
    assert t.appended_ms == [(2, 400)]


@pytest.mark.parametrize("block_ms", [10, 20])
def test_what_could_not_be_kept_is_said(block_ms: int) -> None:
    t = Talk(block_ms)
    t.connect()
    lines = t.lose(gap_ms=MAX_KEPT_MS + 5000)
    assert lines[:2] == ["note info reconnect", "note warning reconnect"]
    assert t.appended_ms == [(2, MAX_KEPT_MS)]


def test_kept_sound_goes_out_in_few_pieces() -> None:
    t = Talk(10)
    t.connect()
    t.lose(gap_ms=2500)
    assert len(t.sent) == 4  # settings, and three pieces of a second at most


def test_a_key_that_is_let_go_without_a_connection_ends_the_turn_on_the_new_one() -> None:
    t = Talk(20, push_to_talk=True, patch=MANUAL)
    t.connect()
    t.give(inputs.Pressed, "talk")
    t.hear(400)
    t.give(inputs.Disconnected, 1006)
    t.hear(200, level=2)
    assert t.give(inputs.Pressed, "release") == []
    t.sent.clear()
    t.give(inputs.Connected, "ws://x", 1)
    t.server("session.created", session={})
    lines = t.server("session.updated", session=MANUAL)
    assert lines[-2:] == ["buffer.commit", "response.create"]
    assert t.appended_ms == [(1, 400), (2, 200)]


def test_a_muted_microphone_stays_so_without_a_connection() -> None:
    t = Talk(20)
    t.connect()
    t.give(inputs.Pressed, "mute")
    t.lose(gap_ms=1000)
    assert t.appended_ms == []


def test_what_is_sent_again_is_not_dropped_by_a_line_that_cannot_take_it_at_once() -> None:
    t = Talk(20)
    t.connect()
    t.hear(1000)
    t.server("input_audio_buffer.speech_started", item_id="U")
    t.hear(12_000)
    t.give(inputs.Disconnected, 1006)
    t.give(inputs.Connected, "ws://x", 1)
    t.server("session.created", session={})
    event = {"type": "session.updated", "session": {"type": "realtime"}}
    received = inputs.Received(t.at, codec.server_event(event))
    outbox = Outbox()
    for effect in t.session.handle(received):
        if isinstance(effect, Send) and isinstance(effect.event, InputAudioBufferAppend):
            sound_ms = len(base64.b64decode(effect.event.audio)) / 48
            assert not outbox.put("", sound_ms=0.0 if effect.keep else sound_ms)
    assert len(outbox) == 13


def test_a_sentence_that_was_cut_and_became_no_turn_is_told_when_the_input_is_over() -> None:
    t = Talk(20)
    t.connect()
    t.server("input_audio_buffer.speech_started", item_id="U")
    t.hear(1000)
    t.lose(gap_ms=200)
    t.give(inputs.MicrophoneEnded)
    t.at += 3
    assert t.give(inputs.TimerFired, "quiet") == ["close OK", "note warning lost"]

"""Captions of a transcription session: their words, and where in the sound they were said."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.realtime.live_captions import LiveCaptions
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import codec

T = "conversation.item.input_audio_transcription"


class Talk:
    """A session as an observer sees it, at no particular time: captions do not go by the clock."""

    def __init__(self, speaker: str = "") -> None:
        self.told: list[Caption] = []
        self._captions = LiveCaptions(speaker, lambda: "audio/pcm", self.told.append)

    def _entry(self, kind: Any, value: Any) -> None:
        self._captions.observe(Entry(0.0, kind, value))

    def hears(self, ms: int, *, sent: bool = True) -> None:
        sound = bytes(48 * ms)
        self._entry("local", inputs.MicrophoneFrame(0.0, sound))
        if sent:
            self._entry("sent", effects.Send(c.InputAudioBufferAppend(audio=b64encode(sound).decode())))

    def commits(self) -> None:
        self._entry("sent", effects.Send(c.InputAudioBufferCommit()))

    def connects(self) -> None:
        self._entry("local", inputs.Connected(0.0, "", 1, 0.0))

    def server(self, type: str, **fields: Any) -> None:
        event = codec.server_event({"type": type, "event_id": "e", **fields})
        self._entry("received", inputs.Received(0.0, event, ""))

    def says(self, item_id: str, begin_ms: int, end_ms: int, text: str) -> None:
        self.server("input_audio_buffer.speech_started", audio_start_ms=begin_ms, item_id=item_id)
        self.server("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        self.server("input_audio_buffer.committed", item_id=item_id)
        self.server(f"{T}.completed", item_id=item_id, content_index=0, transcript=text)


def test_words_stand_where_the_server_heard_them() -> None:
    talk = Talk("Ada")
    talk.hears(5000)
    talk.says("i1", 1000, 2500, "Good morning.")
    assert talk.told == [Caption("Ada", "Good morning.", 1.0, 2.5, "i1")]


def test_unfinished_words_grow_and_the_last_word_replaces_them() -> None:
    talk = Talk()
    talk.hears(3000)
    talk.server("input_audio_buffer.speech_started", audio_start_ms=500, item_id="i1")
    for delta in ("Good", " mourning"):
        talk.server(f"{T}.delta", item_id="i1", content_index=0, delta=delta)
    talk.server(f"{T}.completed", item_id="i1", content_index=0, transcript="Good morning.")
    assert [(caption.text, caption.final) for caption in talk.told] == [
        ("Good", False),
        ("Good mourning", False),
        ("Good morning.", True),
    ]
    assert {caption.begin_s for caption in talk.told} == {0.5}


def test_turns_that_we_end_are_as_long_as_their_sound_and_silence_between_them_counts() -> None:
    talk = Talk()
    talk.hears(2000, sent=False)  # nobody spoke, so nothing was sent
    talk.hears(1000)
    talk.server(f"{T}.delta", item_id="i1", content_index=0, delta="One")  # models that write meanwhile
    talk.commits()
    talk.hears(3000, sent=False)
    talk.hears(500)
    talk.commits()
    for item_id, text in (("i1", "One."), ("i2", "Two.")):
        talk.server("input_audio_buffer.committed", item_id=item_id)
        talk.server(f"{T}.completed", item_id=item_id, content_index=0, transcript=text)
    finished = [(caption.text, caption.begin_s, caption.end_s) for caption in talk.told if caption.final]
    assert finished == [("One.", 2.0, 3.0), ("Two.", 6.0, 6.5)]


def test_a_new_connection_counts_from_nothing_and_the_captions_go_on() -> None:
    talk = Talk()
    talk.hears(60_000)
    talk.connects()
    talk.hears(4000)
    talk.says("i9", 1000, 2000, "Still here.")
    assert [(caption.begin_s, caption.end_s) for caption in talk.told] == [(61.0, 62.0)]


def test_a_model_that_tells_speakers_apart_names_them() -> None:
    talk = Talk("Left")
    talk.hears(9000)
    talk.server("input_audio_buffer.speech_started", audio_start_ms=1000, item_id="i1")
    for number, (speaker, text) in enumerate((("A", "Hello."), ("B", "Hi."))):
        talk.server(
            f"{T}.segment",
            item_id="i1",
            content_index=0,
            id=str(number),
            text=text,
            speaker=speaker,
            start=number * 2.0,
            end=number * 2.0 + 1.5,
        )
    talk.server(f"{T}.completed", item_id="i1", content_index=0, transcript="Hello. Hi.")
    assert [(c.speaker, c.text, c.begin_s, c.end_s) for c in talk.told] == [
        ("Left A", "Hello.", 1.0, 2.5),
        ("Left B", "Hi.", 3.0, 4.5),
    ]


def test_what_was_not_understood_is_no_caption() -> None:
    talk = Talk()
    talk.hears(2000)
    talk.says("i1", 0, 1000, " ")
    talk.server("input_audio_buffer.committed", item_id="i2")
    talk.server(f"{T}.failed", item_id="i2", content_index=0, error={"message": "unintelligible"})
    assert talk.told == []

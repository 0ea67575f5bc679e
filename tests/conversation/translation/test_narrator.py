"""What a reader is told of a translation session, from bare wire events as from a running one."""

from __future__ import annotations

from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.captions import Caption
from realtime_cli.conversation.translation import TranslationNarrator
from realtime_cli.conversation.translation.captions import TranslatedCaptions
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.translation import translation_server_event

SOUND = "A" * 6_400  # 100 ms


def entry(at: float, type: str, **fields: Any) -> Entry:
    event = translation_server_event({"type": type, **fields})
    return Entry(at, "received", inputs.Received(at, event))


TALK = [
    entry(0.1, "session.created", session={"type": "translation", "model": "m"}),
    entry(1.0, "session.input_transcript.delta", delta="Good morning.", elapsed_ms=1_000),
    entry(1.4, "session.output_transcript.delta", delta="Buenos", elapsed_ms=800),
    entry(1.5, "session.output_transcript.delta", delta=" días.", elapsed_ms=1_000),
    entry(1.6, "session.output_audio.delta", delta=SOUND, elapsed_ms=1_000),
    Entry(2.0, "local", inputs.Played(2.0, "translation_1", 0, 100.0, finished=True)),
    entry(2.2, "session.input_transcript.delta", delta=" How are you?", elapsed_ms=2_400),
    entry(2.6, "session.output_transcript.delta", delta="¿Cómo está?", elapsed_ms=2_400),
    entry(5.0, "session.closed"),
    Entry(5.1, "local", inputs.Disconnected(5.1, 1000, "")),
    Entry(5.1, "local", effects.Close(ExitCode.OK)),
]


def told(kind: type[Any]) -> list[Any]:
    narrator = TranslationNarrator()
    return [event for one in TALK for event in narrator.narrate(one) if isinstance(event, kind)]


def test_each_passage_of_the_source_is_a_turn_and_each_of_the_translation_its_answer() -> None:
    said = [(event.turn, event.text) for event in told(e.UserTextFinal)]
    assert said == [(1, "Good morning."), (2, "How are you?")]
    answered = [(event.turn, event.text) for event in told(e.AgentTextFinal)]
    assert answered == [(1, "Buenos días."), (2, "¿Cómo está?")]
    assert [event.status for event in told(e.AgentResponseEnded)] == ["completed", "completed"]
    assert [(event.ms, event.first) for event in told(e.AgentSoundReceived)] == [(100.0, True)]
    assert [(event.heard_ms, event.finished) for event in told(e.AgentHeard)] == [(100.0, True)]


def test_a_server_that_hangs_up_behind_its_last_event_is_no_loss() -> None:
    assert told(e.ConnectionLost) == []
    assert len(told(e.SessionEnded)) == 1


def test_captions_stand_where_it_was_said_on_the_second_socket_too() -> None:
    captions: list[Caption] = []
    observer = TranslatedCaptions(lambda: "es", captions.append)
    for one in TALK[:-2]:
        observer.observe(one)
    for at in (6.0, 9.0):
        observer.observe(Entry(at, "local", inputs.Connected(at, "")))
    final = [one for one in captions if one.final]
    assert [(one.text, one.language, one.begin_s, one.end_s) for one in final] == [
        ("Good morning.", "", 0.8, 1.0),
        ("Buenos días.", "es", 0.6, 1.0),
        ("How are you?", "", 2.2, 2.4),
        ("¿Cómo está?", "es", 2.2, 2.4),
    ]

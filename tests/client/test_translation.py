"""The client's rules of a translation session, on literals."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.translation import TranslationClientSession
from realtime_cli.errors import ExitCode
from realtime_cli.protocol.translation import translation_server_event

PATCH = {"type": "translation", "audio": {"output": {"language": "es"}}}
SOUND = base64.b64encode(bytes(4_800)).decode()


def received(at: float, type: str, **fields: Any) -> inputs.Received:
    return inputs.Received(at, translation_server_event({"type": type, "event_id": "e", **fields}))


def sent(done: list[effects.Effect]) -> list[dict[str, Any]]:
    return [
        each.event.model_dump(mode="json", exclude_unset=True) for each in done if type(each) is effects.Send
    ]


@pytest.fixture
def session() -> TranslationClientSession:
    """One that is ready."""
    running = TranslationClientSession(SessionOptions(patch=PATCH))
    running.handle(inputs.Connected(0.0, ""))
    asked = sent(running.handle(received(0.1, "session.created", session={"type": "translation"})))
    assert asked == [
        {"type": "session.update", "event_id": "c1", "session": {"audio": {"output": {"language": "es"}}}}
    ]
    assert not running.ready
    running.handle(received(0.2, "session.updated", session=PATCH))
    assert running.ready
    return running


def closing(done: list[effects.Effect]) -> effects.Close | None:
    return next((each for each in done if isinstance(each, effects.Close)), None)


def test_sound_flows_and_so_does_silence_where_there_is_none(session: TranslationClientSession) -> None:
    frame = inputs.MicrophoneFrame(0.3, bytes(960))
    assert [event["type"] for event in sent(session.handle(frame))] == ["session.input_audio_buffer.append"]
    session.handle(inputs.Pressed(0.4, "mute"))
    assert sent(session.handle(inputs.TimerFired(2.0, "clock")))


def test_a_file_that_is_over_closes_the_session_and_what_came_is_heard_first(
    session: TranslationClientSession,
) -> None:
    assert sent(session.handle(inputs.MicrophoneEnded(1.0)))[0]["type"] == "session.close"
    assert not sent(session.handle(inputs.MicrophoneFrame(1.1, bytes(960))))
    session.handle(received(1.2, "session.output_transcript.delta", delta="Hola.", elapsed_ms=200))
    played = session.handle(received(1.3, "session.output_audio.delta", delta=SOUND))
    assert [each.item_id for each in played if isinstance(each, effects.Play)] == ["translation_1"]
    ended = session.handle(received(1.4, "session.closed"))
    assert effects.PlayEnd("translation_1", 0) in ended
    assert closing(ended) is None
    assert closing(session.handle(inputs.Disconnected(1.5, 1000, ""))) is None
    done = closing(session.handle(inputs.Played(1.6, "translation_1", 0, 100.0, finished=True)))
    assert done is not None
    assert done.exit_code == ExitCode.OK


def test_a_server_that_never_closes_is_not_waited_for_longer_than_it_works(
    session: TranslationClientSession,
) -> None:
    timers = {each.name: each.at for each in session.handle(inputs.MicrophoneEnded(1.0)) if
              isinstance(each, effects.SetTimer)}  # fmt: skip
    assert timers["closed"] == 31.0
    more = session.handle(received(20.0, "session.output_transcript.delta", delta="Hola.", elapsed_ms=200))
    assert effects.SetTimer(50.0, "closed") in more
    assert closing(session.handle(inputs.TimerFired(50.0, "closed"))) is not None


def test_the_sound_of_each_passage_has_its_name(session: TranslationClientSession) -> None:
    names = []
    for number, text in enumerate(("Hola.", "Adiós.")):
        at = 1.0 + number
        session.handle(received(at, "session.output_transcript.delta", delta=text, elapsed_ms=200))
        done = session.handle(received(at + 0.1, "session.output_audio.delta", delta=SOUND))
        names += [type(each).__name__ + " " + each.item_id for each in done
                  if isinstance(each, effects.Play | effects.PlayEnd)]  # fmt: skip
    assert names == ["Play translation_1", "PlayEnd translation_1", "Play translation_2"]
    assert not session.idle
    session.handle(inputs.TimerFired(3.7, "words"))
    assert session.idle
    assert session.responses_done == 2


def test_refused_settings_end_it_at_the_start_and_are_told_later(session: TranslationClientSession) -> None:
    refused = {"type": "invalid_request_error", "code": "unknown_parameter", "message": "Unknown: 'x'."}
    told = session.handle(received(1.0, "error", error=refused))
    assert "Unknown: 'x'." in next(each.text for each in told if isinstance(each, effects.Note))
    fresh = TranslationClientSession(SessionOptions(patch=PATCH))
    fresh.handle(inputs.Connected(0.0, ""))
    fresh.handle(received(0.1, "session.created"))
    ended = closing(fresh.handle(received(0.2, "error", error=refused)))
    assert ended is not None
    assert ended.exit_code == ExitCode.SESSION


def test_what_a_translation_has_not_is_said(session: TranslationClientSession) -> None:
    for happened in (inputs.Typed(1.0, "Hello"), inputs.Pressed(1.0, "interrupt")):
        told = session.handle(happened)
        assert [type(each) for each in told] == [effects.Note]


def test_a_change_says_what_is_in_force(session: TranslationClientSession) -> None:
    change = {"type": "translation", "audio": {"output": {"language": "fr"}}}
    asked = sent(session.handle(inputs.SettingsChanged(1.0, change)))
    assert asked[0]["session"] == {"audio": {"output": {"language": "fr"}}}
    assert not session.settled
    told = session.handle(received(1.1, "session.updated", session=change))
    assert [each.text for each in told if isinstance(each, effects.Note)] == [
        'In force now: session.audio.output.language = "fr".'
    ]
    assert session.settled

"""The server's rules of a translation session, on literals; every event is the contract's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai.types.realtime.realtime_translation_server_event import RealtimeTranslationServerEvent
from pydantic import TypeAdapter

from realtime_cli.server import effects, inputs
from realtime_cli.server.translation import ServedTranslation
from tests.kit.counted_ids import counted_ids
from tests.kit.live_talk import unknown_fields

CONTRACT: TypeAdapter[Any] = TypeAdapter(RealtimeTranslationServerEvent)
WINDOW = 768 * 2  # bytes of 32 ms


class Dialogue:
    """A session whose sound is judged as told: 1.0 speech, 0.0 silence."""

    def __init__(self, **session: Any) -> None:
        self.session = ServedTranslation(new_id=counted_ids())
        self.done: list[effects.Effect] = []
        self.told: list[dict[str, Any]] = []
        self.take(inputs.ClientConnected(0.0, 1_000, "m", session=session or None))

    def take(self, happened: inputs.Input) -> None:
        done = self.session.handle(happened)
        self.done += done
        for each in done:
            if isinstance(each, effects.Emit):
                wire = each.event.model_dump(mode="json", exclude_unset=True)
                assert list(unknown_fields(CONTRACT.validate_python(wire, strict=True))) == []
                self.told.append(wire)

    def send(self, type: str, **fields: Any) -> None:
        self.take(inputs.Frame(1.0, json.dumps({"type": type, **fields})))

    def say(self, windows: int, probability: float) -> None:
        audio = base64.b64encode(bytes(WINDOW * windows)).decode()
        self.send("session.input_audio_buffer.append", audio=audio)
        self.take(inputs.VadResult(1.0, 0, (probability,) * windows))

    def find(self, kind: type[Any]) -> Any:
        return next(each for each in reversed(self.done) if type(each) is kind)

    def types(self) -> list[str]:
        return [wire["type"] for wire in self.told]


def spoken(dialogue: Dialogue, words: str) -> None:
    """A sentence, and the pause behind it."""
    dialogue.say(30, 1.0)
    dialogue.say(20, 0.0)
    dialogue.take(inputs.Transcribed(1.0, dialogue.find(effects.Transcribe).ticket, words))


def translated(dialogue: Dialogue, *texts: str) -> None:
    id = dialogue.find(effects.Generate).response_id
    for text in texts:
        dialogue.take(inputs.TextGenerated(1.0, id, text))
    dialogue.take(inputs.GenerationDone(1.0, id))
    for _ in texts:
        dialogue.take(inputs.AudioGenerated(1.0, id, bytes(4_800)))
        dialogue.take(inputs.AudioDone(1.0, id))


def test_words_are_translated_into_the_language_in_force_and_spoken() -> None:
    dialogue = Dialogue()
    dialogue.send("session.update", session={"audio": {"output": {"language": "es"}}})
    spoken(dialogue, "Good morning. How are you?")
    asked = dialogue.find(effects.Generate).request
    assert (asked.translates_into, "language es" in asked.instructions) == ("es", True)
    assert asked.items[0]["content"][0]["text"] == "Good morning. How are you?"
    translated(dialogue, "Buenos días.", "¿Cómo está?")
    told = [wire for wire in dialogue.told if wire["type"].startswith("session.output")]
    words = "".join(wire["delta"] for wire in told if "transcript" in wire["type"])
    assert words == " Buenos días. ¿Cómo está?"
    assert sum("audio" in wire["type"] for wire in told) == 2
    times = [wire["elapsed_ms"] for wire in told if "transcript" in wire["type"]]
    assert times == sorted(times)
    assert all(ms % 200 == 0 for ms in times)
    assert "session.input_transcript.delta" not in dialogue.types()


def test_the_source_is_written_down_on_request() -> None:
    dialogue = Dialogue()
    dialogue.send("session.update", session={"audio": {"input": {"transcription": {"model": "w"}}}})
    spoken(dialogue, "Good morning.")
    deltas = [wire["delta"] for wire in dialogue.told if wire["type"] == "session.input_transcript.delta"]
    assert "".join(deltas) == "Good morning."


def test_close_waits_for_all_that_was_said() -> None:
    dialogue = Dialogue()
    dialogue.say(30, 1.0)  # nobody has paused
    dialogue.send("session.close")
    assert "session.closed" not in dialogue.types()
    dialogue.send("session.input_audio_buffer.append", audio="AAAA")
    assert dialogue.told[-1]["error"]["code"] == "invalid_event"
    dialogue.take(inputs.VadResult(1.0, 0, (0.0,) * 46))
    dialogue.take(inputs.Transcribed(1.0, dialogue.find(effects.Transcribe).ticket, "Good morning."))
    assert "session.closed" not in dialogue.types()
    translated(dialogue, "Buenos días.")
    assert dialogue.types()[-1] == "session.closed"
    assert dialogue.find(effects.CloseSocket).code == 1000


def test_a_session_without_a_word_closes_at_once_and_one_at_its_limit_too() -> None:
    for end in ({"type": "session.close"}, None):
        dialogue = Dialogue()
        if end:
            dialogue.send(**end)
        else:
            dialogue.take(inputs.DeadlineReached(3_600.0, "limit"))
        dialogue.take(inputs.VadResult(1.0, 0, (0.0,) * 46))
        assert dialogue.types()[-1] == "session.closed"


def test_a_translation_that_fails_is_an_error_and_the_next_one_follows() -> None:
    dialogue = Dialogue()
    spoken(dialogue, "One.")
    dialogue.take(inputs.GenerationFailed(1.0, dialogue.find(effects.Generate).response_id, "No model."))
    assert dialogue.told[-1]["error"]["message"] == "No model."
    spoken(dialogue, "Two.")
    translated(dialogue, "Dos.")
    assert "session.output_audio.delta" in dialogue.types()


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({"type": "session.update", "session": {"model": "m"}}, "unknown_parameter", "session.model"),
        ({"type": "session.update", "session": {"type": "translation"}}, "unknown_parameter", "session.type"),
        (
            {"type": "session.update", "session": {"audio": {"output": {"voice": "alloy"}}}},
            "unknown_parameter",
            "session.audio.output.voice",
        ),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "response.create"}, "invalid_value", "type"),
        ({"type": "session.input_audio_buffer.append", "audio": "AAA="}, None, None),
        ({"type": "session.input_audio_buffer.append", "audio": "AA=="}, "invalid_value", "audio"),
        ({"type": "session.input_audio_buffer.append", "audio": "?"}, "invalid_value", "audio"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(event: dict[str, Any], code: str | None, param: str) -> None:
    dialogue = Dialogue()
    dialogue.take(inputs.Frame(1.0, json.dumps({**event, "event_id": "mine"})))
    if code is None:
        assert dialogue.types() == ["session.created"]
        return
    error = dialogue.told[-1]["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")


def test_a_client_secret_brings_its_settings() -> None:
    dialogue = Dialogue(type="translation", audio={"output": {"language": "fr"}})
    assert dialogue.told[0]["session"]["audio"]["output"] == {"language": "fr"}

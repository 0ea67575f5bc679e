"""Work that the agent hands over: to the application, to the backend, to decisions."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.kit.live_talk import LiveTalk

NESTED: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
HANDED_OVER = [EngineCall("delegate", '{"task": "weather"}')]
CLOCK = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}
BACKEND = {
    "type": "responses",
    "responses": {"model": "gpt-5.2", "instructions": "Be exact.", "tools": [CLOCK]},
}
CALL = [EngineCall("get_time", "{}")]


# -- to the application ---------------------------------------------------------------------------


def test_the_application_does_the_work_and_its_commentary_is_spoken():
    talk = LiveTalk(words=["How is the weather?"], answers=[HANDED_OVER])
    talk.start()
    talk.speak()
    (created,) = talk.of("session.delegation.created")
    assert (created["delegation"]["target"], created["offset_ms"]) == ("client", 1_000)
    assert talk.requests[0].delegates
    talk.listen(1_000)
    assert talk.transcript("output") == "One moment, please."
    work = created["delegation"]["id"]
    talk.send("session.commentary.append", content="It rains.", delegation_id=work, event_id="c1")
    talk.listen(1_000)
    (appended,) = talk.of("session.commentary.appended")
    assert appended["client_event_id"] == "c1"
    assert appended["end_ms"] - appended["start_ms"] == 200
    assert talk.transcript("output") == "One moment, please.It rains."
    assert talk.requests[0].items[-1]["content"][0]["text"] == "How is the weather?"


def test_a_result_that_is_fast_enough_cancels_the_acknowledgement():
    talk = LiveTalk(words=["How is the weather?"], answers=[HANDED_OVER])
    talk.start(delegation={"type": "client", "acknowledgement_delay_ms": 800})
    talk.speak()
    work = talk.of("session.delegation.created")[0]["delegation"]["id"]
    talk.send("session.thinking.append", content="It rains.", delegation_id=work)
    talk.listen(2_000)
    assert talk.transcript("output") == ""


def test_a_result_waits_until_the_user_has_spoken():
    talk = LiveTalk(words=["How is the weather?", "Thanks."], answers=[HANDED_OVER, [EngineText("Fine.")]])
    talk.start(delegation={"type": "client", "acknowledgement_delay_ms": 60_000})
    talk.speak()
    talk.listen(200, 8_000)
    talk.send("session.commentary.append", content="It rains.", delegation_id=None)
    talk.listen(1_000, 8_000)
    assert talk.loud_ms() == 0
    talk.listen(2_000)
    assert talk.transcript("output") == "It rains.Fine."


def test_thinking_is_known_and_not_spoken():
    talk = LiveTalk(words=["Well?"])
    talk.start()
    talk.send("session.thinking.append", content="The user is called Ann.")
    talk.listen(600)
    assert talk.kinds("session.started") == ["session.thinking.appended"]
    talk.speak()
    assert talk.requests[0].items[0]["content"][0]["text"] == "The user is called Ann."


def test_instructions_ahead_of_everything_make_a_greeting():
    talk = LiveTalk(answers=[[EngineText("Welcome!")]])
    talk.start(instructions="Be kind.")
    talk.send("session.instructions.append", content="Greet the user.")
    talk.listen(1_000)
    assert talk.transcript("output") == "Welcome!"
    assert talk.requests[0].instructions == "Be kind.\n\nGreet the user."


def test_an_instruction_is_answered_where_an_answer_is_owed():
    talk = LiveTalk(answers=[[EngineText("Five.")]])
    talk.start(input=[{"role": "user", "content": [{"text": "Two plus three?"}]}])
    talk.send("session.instructions.append", content="Answer the user's last message.")
    talk.listen(1_000)
    talk.send("session.instructions.append", content="Be brief from now on.")
    talk.send("session.instructions.append", content='The user typed, and expects no answer: "Thanks."')
    talk.listen(1_000)
    assert talk.transcript("output") == "Five."
    talk.send("session.instructions.append", content='The user typed: "Two plus two?"')
    talk.listen(1_000)
    assert talk.requests[1].items[-1]["content"][0]["text"] == "Two plus two?"
    assert len(talk.requests) == 2


def test_a_greeting_that_is_late_asks_nothing_that_is_being_answered():
    talk = LiveTalk(answers=[CALL, [EngineText("It is noon.")]])
    talk.start(delegation=BACKEND)
    talk.send("session.instructions.append", content="Greet the user.", delegation_id=None)
    question = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "What time is it?"}],
    }
    talk.send("response.item.create", item=question)
    talk.send("response.create")
    talk.listen(600)  # the instruction's place on the timeline comes while the call is open
    assert len(talk.requests) == 1


def test_appends_wait_for_the_clients_sound_and_are_given_up_at_the_end():
    talk = LiveTalk()
    talk.start()
    talk.send("session.commentary.append", content="Hello.", event_id="a")
    talk.send("session.thinking.append", content="So.", event_id="b")
    talk.pass_time(5_000)
    assert talk.kinds("session.started", "session.usage") == []
    events = talk.send("session.close")
    assert [event["type"] for event in events] == ["error", "error", "session.closed"]
    assert talk.errors() == ["context_injection_incomplete"] * 2
    assert [event["client_event_id"] for event in events[:2]] == ["a", "b"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"content": "word " * 500}, "content"),
        ({"content": "Done.", "delegation_id": "item_99"}, "delegation_id"),
    ],
)
def test_an_append_that_has_no_place_is_refused(fields: dict[str, Any], param: str):
    talk = LiveTalk()
    talk.start()
    (error,) = talk.send("session.commentary.append", **fields)
    assert (error["error"]["code"], error["error"]["param"]) == ("invalid_value", param)


# -- to the backend -------------------------------------------------------------------------------


def backend_talk(words: list[str], answers: list[list[Any]]) -> LiveTalk:
    talk = LiveTalk(words, answers)
    talk.start(delegation=BACKEND)
    return talk


def call_ids(talk: LiveTalk) -> list[str]:
    done = [event for event in talk.backend() if event["type"] == "response.output_item.done"]
    return [event["item"]["call_id"] for event in done if event["item"]["type"] == "function_call"]


def answer(talk: LiveTalk, call_id: str, output: str = "noon") -> list[dict[str, Any]]:
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return talk.send("response.item.create", item=item)


def test_a_call_goes_through_the_backend_and_its_answer_is_spoken():
    talk = backend_talk(["What time is it?"], [CALL, [EngineText("It is noon."), EngineText("Hungry?")]])
    talk.speak()
    (created,) = talk.of("session.delegation.created")
    work = created["delegation"]
    assert work["target"] == "responses"
    assert all(event["delegation_id"] == work["id"] for event in talk.of("response.event"))
    assert [event["type"].removeprefix("response.") for event in talk.backend()] == [
        "created",
        "in_progress",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert talk.backend()[0]["response"]["id"] == work["response_id"]
    (call_id,) = call_ids(talk)
    assert answer(talk, call_id) == []
    before = len(talk.backend())
    talk.send("response.create")
    kinds = [event["type"].removeprefix("response.") for event in talk.backend()[before:]]
    assert kinds == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    talk.listen(2_000)
    assert talk.transcript("output").endswith("It is noon. Hungry?")
    assert [item["type"] for item in talk.requests[1].items] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert talk.requests[1].instructions.endswith("Be exact.")


def test_every_nested_event_is_one_of_the_responses_api():
    talk = backend_talk(["What time is it?"], [[EngineText("Let me see."), *CALL], [EngineText("Noon.")]])
    talk.speak()
    answer(talk, call_ids(talk)[0])
    talk.send("response.create")
    for event in talk.backend():
        NESTED.validate_json(json.dumps(event))
    completed = [event["response"] for event in talk.backend() if event["type"] == "response.completed"]
    emptied: dict[str, Any] = {"output": [], "tools": [], "instructions": None}
    assert [each | emptied for each in completed] == completed
    assert completed[0]["usage"]["total_tokens"] > 0


def test_the_gate_is_shut_while_a_call_is_open():
    talk = backend_talk(["Both?"], [[EngineCall("get_time", "{}"), EngineCall("get_time", '{"a": 1}')]])
    talk.speak()
    first, second = call_ids(talk)
    answer(talk, first)
    (refused,) = talk.send("response.create")
    assert refused["error"]["code"] == "function_call_outputs_required"
    assert second in refused["error"]["message"]
    assert first not in refused["error"]["message"]
    answer(talk, second)
    talk.send("response.create")
    assert talk.backend()[-1]["type"] == "response.completed"


def test_what_is_said_while_a_call_is_open_is_answered_after_the_continuation():
    talk = backend_talk(
        ["What time is it?", "And the date?"],
        [CALL, [EngineText("It is noon.")], [EngineText("It is May.")]],
    )
    talk.speak()
    talk.speak()
    assert len(talk.requests) == 1
    assert talk.transcript("input") == "What time is it?And the date?"
    answer(talk, call_ids(talk)[0])
    talk.send("response.create")
    talk.listen(2_000)
    assert talk.transcript("output").endswith("It is noon.It is May.")
    assert talk.requests[2].items[-1]["type"] == "function_call_output", "the date was asked before it"


def test_a_full_buffer_refuses_an_output_and_a_placeholder_heals_it():
    talk = backend_talk(["What time is it?"], [CALL, [EngineText("Sorry.")]])
    talk.speak()
    (call_id,) = call_ids(talk)
    answer(talk, call_id, "x" * 32_768)
    talk.send("response.create")
    assert talk.errors() == ["response_input_buffer_full", "function_call_outputs_required"]
    answer(talk, call_id, "The output was too long.")
    talk.send("response.create")
    assert talk.errors()[2:] == []
    for _ in range(128):
        talk.send("response.item.create", item={"type": "message", "role": "user", "content": "Hi"})
    assert talk.errors()[2:] == []
    talk.send("response.item.create", item={"type": "message", "role": "user", "content": "Hi"})
    assert talk.errors()[2:] == ["response_input_buffer_full"]


def test_typed_words_go_to_the_backend():
    talk = backend_talk([], [[EngineText("Two.")]])
    content = [{"type": "input_text", "text": "One plus one?"}]
    talk.send("response.item.create", item={"type": "message", "role": "user", "content": content})
    talk.send("response.create")
    assert talk.of("response.event")[0].get("delegation_id") is None
    talk.listen(600)
    assert talk.transcript("output") == "Two."


def test_a_failed_response_drops_its_calls():
    talk = backend_talk(["What time is it?"], [[*CALL, RuntimeError("away")]])
    talk.speak()
    assert talk.backend()[-1]["type"] == "response.failed"
    (refused,) = answer(talk, call_ids(talk)[0])
    assert refused["error"]["param"] == "item.call_id"
    assert talk.send("response.create")[-1]["event"]["type"] == "response.completed", "the gate is open"


@pytest.mark.parametrize("type", ["response.create", "response.item.create"])
def test_only_responses_delegation_has_a_backend(type: str):
    talk = LiveTalk()
    talk.start()
    fields = {} if type == "response.create" else {"item": {"type": "message", "role": "user", "content": ""}}
    talk.send(type, **fields)
    assert talk.of("error")[0]["error"]["message"] == f"{type} requires Responses delegation."


def test_an_append_names_no_delegation_of_the_backend():
    talk = backend_talk(["What time is it?"], [CALL])
    talk.speak()
    work = talk.of("session.delegation.created")[0]["delegation"]["id"]
    talk.send("session.commentary.append", content="Noon.", delegation_id=work)
    assert talk.errors() == ["invalid_value"]


def test_the_backend_can_be_changed_and_the_rest_of_it_stays():
    talk = backend_talk(["Hello."], [])
    change = {"type": "responses", "responses": {"tools": [], "instructions": "Be brief."}}
    (updated,) = talk.send("session.update", session={"delegation": change})
    assert updated["session"]["delegation"]["responses"] == {
        "model": "gpt-5.2",
        "instructions": "Be brief.",
        "tools": [],
    }
    talk.speak()
    assert talk.requests[0].tools == ()
    assert talk.requests[0].instructions.endswith("Be brief.")


# -- to decisions ---------------------------------------------------------------------------------

MOOD = {
    "type": "choice",
    "name": "mood",
    "instructions": "Is the caller happy?",
    "choices": [{"value": "happy"}, {"value": "angry"}],
}
URGENT = {"type": "predicate", "instructions": "Is it urgent?"}


def answers(event: dict[str, Any]) -> list[Any]:
    given = event["event"]["decision"]["answers"]
    return [each.get("choice", each["type"]) for each in given]


def test_a_choice_is_made_by_words_and_the_rest_refused():
    talk = LiveTalk(words=["I am so angry."])
    talk.start(delegation={"type": "decisions", "decisions": {"model": "d", "questions": [MOOD, URGENT]}})
    talk.speak()
    (created,) = talk.of("session.delegation.created")
    assert created["delegation"]["target"] == "decisions"
    (decided,) = talk.of("decision.event")
    assert decided["delegation_id"] == created["delegation"]["id"]
    assert answers(decided) == ["angry", "refusal"]
    talk.listen(600)
    assert talk.transcript("output") == "Yes.", "the agent answers besides"


def test_decisions_on_demand_with_items():
    talk = LiveTalk()
    talk.start(delegation={"type": "decisions", "decisions": {"model": "d", "questions": [MOOD]}})
    item = {"type": "message", "role": "user", "content": "A happy customer."}
    (stored,) = talk.send("decision.item.create", item=item)
    talk.send("decision.create", event_id="d1")
    talk.send("decision.create", event_id="d1")
    talk.send("decision.item.delete", item_id=stored["item"]["id"])
    talk.send("decision.item.delete", item_id=stored["item"]["id"])
    talk.send("decision.create", event_id="d2")
    assert [answers(event) for event in talk.of("decision.event")] == [["happy"], ["refusal"]]
    assert [event["error"]["param"] for event in talk.of("error")] == ["event_id", "item_id"]


def test_a_trigger_decides_at_every_fragment_of_its_side():
    talk = LiveTalk(words=["I am happy."])
    source = "session.input_transcript.delta"
    talk.start(triggers=[{"type": "decisions", "event_type": source, "decisions": {"questions": [MOOD]}}])
    talk.speak()
    talk.listen(1_000)
    decided = talk.of("decision.event")
    assert [event["source_event_id"] for event in decided] == [each["event_id"] for each in talk.of(source)]
    assert [answers(event) for event in decided] == [["refusal"]] * (len(decided) - 1) + [["happy"]]
    talk.send("session.update", session={"triggers": []})
    talk.speak()
    assert len(talk.of("decision.event")) == len(decided)


# -- fixtures -------------------------------------------------------------------------------------


def test_a_fixture_is_played_while_the_user_is_not_heard():
    talk = LiveTalk(words=["Hello."])
    talk.start(audio={"format": {"type": "audio/pcmu", "rate": 8_000}})
    tone = base64.b64encode(b"\x88\x13" * 24_000).decode()
    (playing,) = talk.send("session.output_audio.fixture.play", audio=tone, event_id="f1")
    assert (playing["type"], playing["client_event_id"]) == ("session.output_audio.fixture.playing", "f1")
    talk.send("session.output_audio.fixture.play", audio=tone)
    talk.send("session.commentary.append", content="Hello.")
    assert talk.errors() == ["invalid_event"] * 2
    for _ in range(60):
        talk.append(b"\x00\x80" * 80)
        talk.pass_time(20)
    assert talk.kinds()[-1] == "session.output_audio.fixture.played"
    assert sum(byte not in (0xFF, 0x7F) for byte in talk.sound) == pytest.approx(8_000, abs=80)
    assert talk.transcript("input") == ""


@pytest.mark.parametrize("ms", [0, 30_001])
def test_a_fixture_has_a_length(ms: int):
    talk = LiveTalk()
    talk.start()
    talk.send("session.output_audio.fixture.play", audio=base64.b64encode(bytes(ms * 48)).decode())
    assert talk.errors() == ["invalid_value"]

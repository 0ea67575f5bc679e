"""The orders of events that the protocol has, as talks between our two sides."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import inputs
from realtime_cli.server.settings import Defaults
from tests.joined.engine import Engine, Piece
from tests.joined.pair import Pair
from tests.kit.fault_injection import Quirks

pytestmark = pytest.mark.usefixtures("each_server")
STORY = "It is a long story that nobody wants to hear. It begins in Oslo, and it ends there, too."
TRANSCRIPTION = {"model": "gpt-realtime-whisper"}


def talk(*answers: tuple[Piece, ...], quirks: Quirks | None = None, **options: Any) -> Pair:
    """A pair whose settings are in force."""
    session = options.pop("session", {})
    pair = Pair(Engine(answers), quirks=quirks, patch={"type": "realtime", **session}, **options)
    pair.settle()
    pair.since()
    return pair


def user_spoke(item: str) -> list[str]:
    return [
        f"s speech_started {item}",
        f"s speech_stopped {item}",
        f"s committed {item}",
        f"s item.added {item}",
        f"s item.done {item} completed",
    ]


def told(item: str) -> list[str]:
    """An item that the client made."""
    return [f"s item.added {item}", f"s item.done {item} completed"]


def spoken_answer(response: str, item: str, *, status: str = "completed", why: str = "") -> list[str]:
    return [
        f"s created {response}",
        *answer_begins(item),
        *answer_ends(response, item, status=status, why=why),
    ]


def answer_begins(item: str) -> list[str]:
    return [
        f"s output_item.added {item}",
        f"s item.added {item}",
        f"s content_part.added {item}",
        f"s transcript.delta {item}",
        f"s output_audio.delta {item}",
    ]


def answer_ends(response: str, item: str, *, status: str = "completed", why: str = "") -> list[str]:
    return [
        f"s output_audio.done {item}",
        f"s transcript.done {item}",
        f"s content_part.done {item}",
        f"s item.done {item} {status}",
        f"s output_item.done {item} {status}",
        f"s done {response} {status} {why}".rstrip(),
        "s rate_limits.updated",
    ]


def called(item: str, call: str) -> list[str]:
    return [
        f"s output_item.added {item}",
        f"s item.added {item}",
        f"s arguments.delta {item}",
        f"s arguments.done {item}",
        f"- call {call}",
        f"s item.done {item} completed",
        f"s output_item.done {item} completed",
    ]


def half_an_answer(pair: Pair) -> None:
    """The first sentence has come and is being heard, the second is still being made."""
    pair.type("Tell me.")
    pair.carry_all()
    for _ in range(4):
        pair.work()
        pair.carry_all()
    pair.wait(300, works=False)
    pair.since()


def test_a_spoken_turn_with_voice_detection():
    pair = talk(("It is noon.",))
    pair.say()
    assert pair.since() == [*user_spoke("item_1"), *spoken_answer("resp_1", "item_2")]
    pair.wait(500)
    assert pair.client.idle


def test_the_words_of_the_user_come_with_the_answer_or_behind_it():
    pair = talk(("It is noon.",), session={"audio": {"input": {"transcription": TRANSCRIPTION}}})
    pair.say()
    words = ["s T.delta item_1", "s T.completed item_1"]
    answer = spoken_answer("resp_1", "item_2")
    assert pair.since() == [*user_spoke("item_1"), answer[0], *words, *answer[1:]]

    late = talk(
        ("It is noon.",),
        session={"audio": {"input": {"transcription": TRANSCRIPTION}}},
        quirks=Quirks(transcription_delay_s=2.0),
    )
    late.say()
    assert late.since() == [*user_spoke("item_1"), *answer]
    late.wait(2000)
    assert late.since() == words
    assert late.client.conversation.text_of("item_1") == "Hello there."


def test_the_two_ends_of_an_item_may_swap():
    pair = talk(("It is noon.",), quirks=Quirks(output_item_done_first=True))
    pair.say()
    lines = pair.since()
    assert lines.index("s output_item.done item_2 completed") < lines.index("s item.done item_2 completed")
    pair.wait(500)
    assert pair.client.idle


def test_a_written_turn():
    pair = talk(("It is noon.",), session={"output_modalities": ["text"]})
    pair.type("What time is it?")
    pair.settle()
    assert pair.since() == [
        "c item.create user",
        "c response.create",
        *told("item_1"),
        "s created resp_1",
        "s output_item.added item_2",
        "s item.added item_2",
        "s content_part.added item_2",
        "s output_text.delta item_2",
        "s output_text.done item_2",
        "s content_part.done item_2",
        "s item.done item_2 completed",
        "s output_item.done item_2 completed",
        "s done resp_1 completed",
        "s rate_limits.updated",
    ]
    assert pair.client.conversation.text_of("item_2") == "It is noon."


def test_a_written_question_is_answered_aloud():
    pair = talk(("It is noon.",))
    pair.type("What time is it?")
    pair.settle()
    asked = ["c item.create user", "c response.create", *told("item_1")]
    assert pair.since() == [*asked, *spoken_answer("resp_1", "item_2")]


def test_a_manual_spoken_turn():
    pair = talk(("Yes.",), session={"audio": {"input": {"turn_detection": None}}}, push_to_talk=True)
    pair.press("talk")
    pair.user_talks = True
    pair.wait(500)
    pair.press("release")
    pair.settle()
    committed = ["s committed item_1", *told("item_1")]
    assert pair.since() == [
        "c buffer.clear",
        "s cleared",
        "c buffer.commit",
        "c response.create",
        *committed,
        *spoken_answer("resp_1", "item_2"),
    ]


def test_a_function_call():
    pair = talk((("get_time", '{"city": "Oslo"}'),), ("It is noon.",))
    pair.type("What time is it in Oslo?")
    pair.settle()
    ends = ["s done resp_1 completed", "s rate_limits.updated"]
    call = called("item_2", 'get_time {"city": "Oslo"}')
    asked = ["c item.create user", "c response.create", *told("item_1")]
    assert pair.since() == [*asked, "s created resp_1", *call, *ends]
    pair.finish_tool("12:00")
    pair.settle()
    answered = ["c item.create function_call_output", "c response.create", *told("item_3")]
    assert pair.since() == [*answered, *spoken_answer("resp_2", "item_4")]


def test_two_calls_are_answered_in_their_order_by_one_response():
    pair = talk((("f", "{}"), ("g", "{}")), ("Both.",))
    pair.type("Do both.")
    pair.settle()
    pair.since()
    pair.finish_tool(which=1)
    assert pair.since() == [], "g waits for f"
    pair.finish_tool()
    pair.settle()
    outputs = ["c item.create function_call_output"] * 2
    assert pair.since() == [
        *outputs,
        "c response.create",
        *told("item_4"),
        *told("item_5"),
        *spoken_answer("resp_2", "item_6"),
    ]


def test_the_user_interrupts_while_the_answer_is_being_made():
    pair = talk((STORY,))
    half_an_answer(pair)
    pair.user_talks = True
    pair.wait(200, works=False)
    ends = answer_ends("resp_1", "item_2", status="incomplete")
    assert pair.since() == [
        "s speech_started item_3",
        "- stop server_vad",
        "c item.truncate item_2 340",
        *ends[:5],
        "s done resp_1 cancelled turn_detected",
        "s rate_limits.updated",
        "s item.truncated item_2",
    ]


def test_the_user_interrupts_when_all_sound_has_come():
    pair = talk((STORY,))
    pair.say(pause_ms=1200)
    pair.since()
    pair.user_talks = True
    pair.wait(200)
    assert pair.since() == [
        "s speech_started item_3",
        "- stop server_vad",
        "c item.truncate item_2 720",
        "s item.truncated item_2",
    ]


def test_a_key_interrupts():
    pair = talk((STORY,))
    half_an_answer(pair)
    pair.press("interrupt")
    pair.carry_all()
    ends = answer_ends("resp_1", "item_2", status="incomplete")
    assert pair.since() == [
        "- stop key",
        "c response.cancel",
        "c item.truncate item_2 280",
        *ends[:5],
        "s done resp_1 cancelled client_cancelled",
        "s rate_limits.updated",
        "s item.truncated item_2",
    ]
    assert [record.audio_ms for record in pair.server.conversation] == [0, 280]


def test_nobody_says_anything():
    detection = {"type": "server_vad", "idle_timeout_ms": 5000}
    pair = talk(("Sure.",), ("Still there?",), session={"audio": {"input": {"turn_detection": detection}}})
    pair.say(pause_ms=1500)
    pair.since()
    pair.wait(5000)
    silence = ["s timeout_triggered item_3", "s committed item_3", *told("item_3")]
    assert pair.since() == [*silence, *spoken_answer("resp_2", "item_4")]


def test_tools_of_a_server_that_cannot_be_listed():
    tool = {"type": "mcp", "server_label": "docs", "server_url": "https://example.org/mcp"}
    pair = Pair(patch={"type": "realtime", "tools": [tool]})
    pair.settle()
    assert pair.since() == [
        "s session.created",
        "c session.update",
        "s session.updated",
        "s mcp_list_tools.in_progress item_1",
        "s item.added item_1",
        "s item.done item_1",
        "s mcp_list_tools.failed item_1",
        "- error tools",
    ]


def test_an_answer_aside_runs_beside_the_talk():
    pair = talk((STORY,), ("Yes.",))
    half_an_answer(pair)
    aside = {"conversation": "none", "output_modalities": ["text"], "metadata": {"for": "mood"}, "input": []}
    pair.give(inputs.RawEvent, {"type": "response.create", "response": aside})
    pair.settle()
    created = [event["response"] for event in pair.received if event["type"] == "response.created"]
    assert [response["metadata"] for response in created] == [None, {"for": "mood"}]
    assert created[1]["metadata"] == {"for": "mood"}
    known = pair.client.conversation.item_ids
    assert known == tuple(record.item_id for record in pair.server.conversation)
    assert len(known) == 2, "the question and the story"


def test_a_call_of_an_answer_aside_belongs_to_who_asked():
    pair = talk((("classify", '{"mood": "calm"}'),))
    pair.give(inputs.RawEvent, {"type": "response.create", "response": {"conversation": "none"}})
    pair.settle()
    assert pair.calls == []
    assert pair.received[-2]["response"]["output"][0]["name"] == "classify"
    assert pair.client.idle


@pytest.mark.parametrize("cause", ["clear", "manual"])
def test_the_server_forgets_what_it_was_hearing(cause: str):
    pair = talk()
    pair.user_talks = True
    pair.wait(200)
    assert pair.client.user_speaking
    if cause == "clear":
        pair.give(inputs.RawEvent, {"type": "input_audio_buffer.clear"})
    else:
        pair.give(inputs.SettingsChanged, {"audio": {"input": {"turn_detection": None}}})
    pair.settle()
    assert pair.client.idle


def test_pausing_in_the_middle_of_an_utterance_leaves_nobody_waiting():
    pair = talk(("I hear you.",), session={"audio": {"input": {"turn_detection": {"type": "server_vad"}}}})
    pair.user_talks = True
    pair.wait(600)
    pair.press("mute")
    pair.wait(1000)  # the user talks on, unheard
    assert pair.since() == [*user_spoke("item_1"), *spoken_answer("resp_1", "item_2")]
    heard_ms = next(iter(pair.server.conversation)).audio_ms
    assert 600 <= heard_ms <= 1200
    pair.wait(3000)
    sent = len(pair.asked)
    pair.wait(1000)
    assert len(pair.asked) == sent, "paused sound is dropped, and nobody waits for silence any more"
    pair.press("mute")
    pair.wait(100)
    later = [event for event in pair.asked[sent:] if event["type"] == "input_audio_buffer.append"]
    assert len(later) == 5, "what was said in the pause was not kept"


def test_a_request_that_the_servers_own_ear_overtook_waits_for_its_answer():
    pair = talk(("I hear you.",), ("And that.",))
    pair.user_talks = True
    pair.wait(500)
    pair.user_talks = False
    pair.wait(600, wire=False, works=False)  # the turn ends on the server while nothing reaches the client
    while pair.up:
        pair.carry_up()
    pair.type("And this?")
    pair.settle()
    lines = pair.since()
    refused = lines.index("s error conversation_already_has_active_response None")
    assert lines.index("s created resp_1") < refused < lines.index("s done resp_1 completed")
    assert lines[lines.index("s done resp_1 completed") + 1] == "c response.create"
    assert "s done resp_2 completed" in lines
    assert "- error" not in " ".join(lines)


def test_a_lost_socket_takes_no_words_with_it():
    pair = talk(("It is noon.",), ("It was noon.",))
    pair.type("What time is it?")
    pair.settle()
    pair.wait(1000)
    pair.type("And now?")
    pair.cut()
    pair.since()
    pair.wait(3000)
    lines = pair.since()
    assert lines[:3] == ["s session.created", "c session.update", "s session.updated"]
    words = [record.wire["content"][0].get("text") for record in pair.server.conversation]
    assert words[:3] == ["What time is it?", "It is noon.", "And now?"]
    assert "s done resp_2 completed" in lines


def test_a_socket_that_is_lost_within_an_answer_leaves_nothing_waiting_to_be_heard():
    pair = talk((STORY,))
    half_an_answer(pair)
    pair.cut()
    pair.wait(8000)
    assert not pair.client.playback.unheard
    assert pair.client.idle


@pytest.mark.parametrize("when", ["between", "within"])
def test_the_session_is_about_to_expire(when: str):
    """A new socket takes over in a pause; what was said goes with it."""
    pair = talk((STORY,), ("Yes.",), defaults=Defaults(session_limit_s=20.0))
    pair.type("Tell me.")
    pair.settle()
    if when == "within":
        pair.wait(14_000)
        pair.type("Once more.")
    pair.wait(16_000 if when == "between" else 4_000)
    assert pair.sockets == 2
    assert [event["type"] for event in pair.received].count("error") == 0
    words = [record.wire["content"][0].get("text") for record in pair.server.conversation]
    assert words[:2] == ["Tell me.", STORY]

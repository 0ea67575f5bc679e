"""The quirks, one by one: how odd servers look to a client."""

from __future__ import annotations

import pytest

from realtime_cli.server import effects
from realtime_cli.server.settings import Defaults
from tests.server.dialogue import Talk


def kinds(talk: Talk) -> list[str]:
    return [event["type"] for event in talk.events]


def test_no_event_ids():
    talk = Talk(no_event_ids=True)
    talk.write()
    assert all("event_id" not in event for event in talk.events)


def test_unknown_events():
    talk = Talk(unknown_events=True)
    talk.update()
    talk.client("response.create")
    assert kinds(talk)[::2] == ["session.created", "session.updated", "response.created"]
    assert kinds(talk)[1::2] == ["server.curiosity"] * 3


def test_status_details_as_text():
    talk = Talk(text_status_details=True)
    talk.client("response.create")
    assert "done resp_1 cancelled client_cancelled" in talk.client("response.cancel")
    assert talk.last("response.done")["response"]["status_details"] == "client_cancelled"


def test_the_other_order_of_the_two_dones():
    talk = Talk(output_item_done_first=True)
    talk.client("response.create")
    lines = talk.says()
    assert lines.index("output_item.done item_1 completed") < lines.index("item.done item_1 completed")


def test_two_messages_in_one_response():
    talk = Talk(two_messages=True)
    talk.client("response.create")
    for text in ("Well.", "It is noon.", "Lunch time."):
        talk.said(text)
        talk.spoken(100)
        talk.spoken_out()
    talk.thought_out()
    output = talk.last("response.done")["response"]["output"]
    assert [(item["phase"], item["content"][0]["transcript"]) for item in output] == [
        ("commentary", "Well."),
        ("final_answer", "It is noon. Lunch time."),
    ]
    deltas = [event for event in talk.events if event["type"] == "response.output_audio.delta"]
    assert [event["output_index"] for event in deltas] == [0, 1, 1]


def test_the_socket_is_cut():
    talk = Talk(drop_after_events=3)
    assert talk.write() == ["item.added item_1", "item.done item_1 completed", "shut 1006"]
    assert talk.write() == []


@pytest.mark.parametrize(("code", "reason"), [(1001, "maximum duration"), (4000, "invalid_request_error.")])
def test_the_session_is_closed(code: int, reason: str):
    talk = Talk(close_after_events=1, close_code=code)
    assert talk.opening == ["session.created", f"shut {code}"]
    assert reason in talk.effect(effects.CloseSocket).reason


def test_a_model_that_is_refused():
    assert Talk(refuse_model=True).opening == ["error invalid_model model", "shut 4000"]


def test_transcription_that_comes_late():
    talk = Talk(transcription_delay_s=2.0, defaults=Defaults(transcription={"model": "whisper-1"}))
    assert talk.spoken_turn("Hello")[-1] == "think resp_1"
    assert "done resp_1 completed" in talk.says()
    assert talk.wake("late transcription") == ["T.delta item_1", "T.completed item_1"]

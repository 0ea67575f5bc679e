"""What each turn's figures are, told as the dialogue from which they come."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.conversation.turns import (
    CHANGING_TURNS,
    KEPT_TURNS,
    MIN_FOR_P95,
    AnsweredTurn,
    ConversationTurn,
    LatencyParts,
    PastFigures,
    TurnLog,
    percentile,
)
from tests.conversation.telling import (
    USAGE,
    begun,
    done,
    folded,
    live,
    microphone,
    only,
    sound,
    spoken,
    told,
    transcript,
    typed,
    written,
)
from tests.recording.sample import heard, local, received, sent


def test_a_voice_turn_counts_from_when_its_last_sound_was_sent() -> None:
    """The server needed 140 ms to notice; that is part of the wait."""
    turn = only(
        microphone(2.0),
        spoken(1.5, 1360),
        begun(1.52),
        sound(1.6),
        done(2.0),
        local(i.Played(1.8, "a1", 0, 50.0)),
    )

    assert turn.by == "voice"
    assert turn.received_ms == pytest.approx(240)
    assert turn.played_ms == pytest.approx(390)  # 1.8 s less the 50 ms that had been heard by then
    assert turn.response_ms == pytest.approx(480)


def test_where_no_sound_was_appended_the_servers_word_is_all_there_is() -> None:
    turn = only(spoken(1.5, 1360), begun(1.52), sound(1.6))

    assert turn.received_ms == pytest.approx(100)
    assert turn.played_ms is None
    assert turn.latency_ms == turn.received_ms


def test_what_is_played_faster_than_sound_is_was_not_played_before_it_came() -> None:
    turn = only(
        microphone(2.0), spoken(1.5, 1360), begun(1.52), sound(1.6), local(i.Played(1.7, "a1", 0, 900.0))
    )

    assert turn.played_ms == turn.received_ms == pytest.approx(240)


def test_a_manual_turn_counts_from_its_commit() -> None:
    turn = only(
        microphone(1.0),
        sent(1.1, "input_audio_buffer.commit"),
        received(1.2, "input_audio_buffer.committed", item_id="u1"),
        begun(1.25),
        sound(1.4),
    )

    assert turn.received_ms == pytest.approx(300)


def test_a_typed_turn_counts_from_the_typing() -> None:
    turn = only(typed(1.0, "hi"), begun(1.2), sound(1.5))

    assert (turn.by, turn.received_ms) == ("text", pytest.approx(500))


def test_a_greeting_is_a_turn_but_not_a_wait() -> None:
    log = folded(begun(0.5), sound(0.9), done(1.0))

    assert [turn.by for turn in log.turns] == ["agent"]
    assert log.median_ms is None


def test_speech_with_a_pause_in_it_is_one_turn_that_ends_with_the_last_word() -> None:
    log = folded(microphone(4.0), spoken(1.5, 1400), spoken(3.0, 2900, "u2"), begun(3.1), sound(3.4))

    assert len(log.turns) == 1
    assert log.turns[0].received_ms == pytest.approx(500)
    assert log.turns[0].user_items == ["u1", "u2"]


def test_an_answer_over_a_tool_is_one_turn() -> None:
    turn = only(
        spoken(1.0, 0),
        begun(1.1),
        received(1.2, "response.function_call_arguments.done", call_id="c1", name="clock", arguments="{}"),
        local(e.CallTool("c1", "clock", "{}"), 1.2),
        local(i.ToolFinished(1.5, "c1", "noon", False, 0.3)),
        done(1.3),
        begun(1.6, "r2"),
        sound(1.9, response_id="r2"),
        done(2.5, "r2"),
    )

    assert [(run.name, run.seconds, run.output) for run in turn.tools] == [("clock", 0.3, "noon")]
    assert turn.received_ms == pytest.approx(900)
    assert turn.response_ms == pytest.approx(1400)


def test_an_interruption_counts_what_was_heard() -> None:
    turn = only(
        begun(0.1),
        sound(0.2),
        local(i.Played(0.5, "a1", 0, 200.0)),
        local(i.PlaybackStopped(1.0, "server_vad", (i.HeardItem("a1", 0, 640.0, False),))),
        sent(1.0, "conversation.item.truncate", item_id="a1", content_index=0, audio_end_ms=640),
    )

    assert turn.interrupted_ms == 640.0


def test_in_a_bare_log_the_truncation_tells_of_the_interruption() -> None:
    truncate = sent(1.0, "conversation.item.truncate", item_id="a1", content_index=0, audio_end_ms=300)

    assert only(begun(0.1), sound(0.2), truncate).interrupted_ms == 300


def test_an_out_of_band_response_is_no_part_of_the_conversation() -> None:
    ask = sent(0.1, "response.create", response={"conversation": "none"})

    assert folded(ask, begun(0.5, "r9", None), done(0.9, "r9")).turns == []


def test_null_as_the_conversation_of_every_response_means_nothing_by_itself() -> None:
    """Fault 1: three such turns were one of -9500 ms."""
    turns = [
        entry
        for n in range(3)
        for entry in (
            *spoken(10 * n + 1.0, 0, f"u{n}"),
            begun(10 * n + 1.1, f"r{n}", None),
            sound(10 * n + 1.5, response_id=f"r{n}", item_id=f"a{n}"),
            done(10 * n + 2.0, f"r{n}", conversation_id=None, usage=USAGE),
        )
    ]

    log = folded(turns)
    assert [turn.number for turn in log.turns] == [1, 2, 3]
    assert log.median_ms == pytest.approx(500)
    assert [turn.tokens.text_in for turn in log.turns] == [5, 5, 5]


def test_waiting_for_the_user_is_no_latency() -> None:
    """Fault 6: a tool that was approved after 3 s."""
    turn = only(
        live(),
        spoken(1.0, 0),
        begun(1.025),
        local(e.CallTool("c1", "pay", "{}"), 1.025),
        local(i.ApprovalAsked(1.025, "c1", "pay", "{}")),
        done(1.03),
        local(i.ApprovalAnswered(4.025, "c1", "once")),
        local(i.ToolStarted(4.025, "c1")),
        local(i.ToolFinished(4.075, "c1", "paid", False, 0.05)),
        begun(4.08, "r2"),
        sound(4.125, response_id="r2"),
        local(i.Played(4.165, "a1", 0, 10.0)),
        done(4.2, "r2"),
    )

    assert turn.received_ms == pytest.approx(125)
    assert turn.latency_ms == pytest.approx(155)
    assert turn.parts is not None
    assert astuple(turn.parts) == pytest.approx((0, 75, 50, 3000, 30))
    assert turn.tools[0].waited_ms == pytest.approx(3000)


def test_the_parts_of_a_latency_are_the_latency() -> None:
    turn = only(
        microphone(2.0),
        spoken(1.5, 1360),
        begun(1.52),
        sound(1.6),
        done(2.0),
        local(i.Played(1.8, "a1", 0, 50.0)),
    )

    parts = turn.parts
    assert parts is not None
    assert parts.end_pointing_ms == pytest.approx(140)
    assert parts.server_ms == pytest.approx(100)
    assert parts.playout_ms == pytest.approx(150)
    ours_ms = parts.end_pointing_ms + parts.server_ms + parts.tool_ms
    assert ours_ms + (parts.playout_ms or 0.0) == pytest.approx(turn.latency_ms)


def test_waiting_behind_the_question_about_another_call_is_no_latency() -> None:
    log = folded(
        live(),
        typed(1.0, "pay"),
        begun(1.02),
        local(e.CallTool("c1", "pay", "{}"), 1.025),
        local(i.ApprovalAsked(1.025, "c1", "pay", "{}")),
        done(1.03),
        typed(2.0, "the time"),
        begun(2.02, "r2"),
        local(e.CallTool("c2", "clock", "{}"), 2.025),
        done(2.03, "r2"),
        local(i.ApprovalAnswered(4.025, "c1", "no")),
        local(i.ApprovalAsked(4.025, "c2", "clock", "{}")),
        local(i.ApprovalAnswered(5.025, "c2", "once")),
        local(i.ToolStarted(5.025, "c2")),
        local(i.ToolFinished(5.075, "c2", "noon", False, 0.05)),
        begun(5.08, "r3"),
        sound(5.125, response_id="r3"),
    )

    parts = log.turns[1].parts
    assert parts is not None
    assert (parts.waiting_ms, parts.tool_ms) == (pytest.approx(3000), pytest.approx(50))


def test_waiting_behind_the_first_words_of_the_answer_holds_nobody_up() -> None:
    turn = only(
        live(),
        spoken(1.0, 0),
        begun(1.1),
        sound(1.2),
        local(e.CallTool("c1", "pay", "{}"), 1.3),
        local(i.ApprovalAsked(1.3, "c1", "pay", "{}")),
        local(i.ApprovalAnswered(4.0, "c1", "no")),
    )

    assert (turn.waiting_ms, turn.received_ms) == (0, pytest.approx(200))


def test_where_nothing_is_spoken_words_are_waited_for() -> None:
    turn = only(typed(1.0, "hi"), begun(1.2), written(1.4, "Hello"), done(1.5))

    assert turn.latency_ms == pytest.approx(400)


def test_words_do_not_count_among_sounds() -> None:
    log = folded(
        typed(1.0, "hi"),
        begun(1.2),
        written(1.4, "Hello"),
        done(1.5),
        typed(3.0, "ho"),
        begun(3.1, "r2"),
        sound(3.9, response_id="r2", item_id="a2"),
    )

    assert log.waits_ms == [pytest.approx(900)]


def test_a_message_that_waited_for_the_connection_counts_from_when_it_was_sent() -> None:
    ahead, sending = typed(0.5, "hi")
    turn = only(
        live(),
        ahead,
        sent(2.0, "conversation.item.create", item=sending.value.event.item.model_dump()),
        begun(2.1),
        written(2.4, "Hello"),
    )

    assert (turn.began_at, turn.latency_ms) == (0.5, pytest.approx(400))


def test_a_percentile_is_the_nearest_rank_and_none_of_too_few() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 95) == 3
    assert percentile(range(1, 101), 95) == 95
    assert percentile([], 95) is None
    assert percentile(range(MIN_FOR_P95 - 1), 95, min_count=MIN_FOR_P95) is None


def test_tokens_of_all_responses_of_a_turn() -> None:
    usage = {"input_tokens": 5, "input_token_details": {"text_tokens": 5}}
    turn = only(begun(0.1), done(0.2, usage=usage), begun(0.3, "r2"), done(0.4, "r2", usage=usage))

    assert turn.tokens.text_in == 10


def test_a_new_socket_counts_its_sound_from_zero() -> None:
    again = [local(i.Connected(2.0, "", 1)), *(x for n in range(50) for x in heard(2.0 + (n + 1) * 0.02, 1))]
    log = folded(microphone(1.9), again, spoken(2.9, 800), begun(3.0), sound(3.3))

    assert log.turns[0].received_ms == pytest.approx(500)


def waiting(waits: list[float]) -> list[Any]:
    """A spoken turn for each of these waits in seconds."""
    made = []
    for n, wait in enumerate(waits):
        at, ids = n * 10.0, {"response_id": f"r{n}", "item_id": f"a{n}"}
        made += [
            *spoken(at, 99, f"u{n}"),
            begun(at, f"r{n}"),
            sound(at + wait, **ids),
            done(at + 5, f"r{n}"),
        ]
    return made


def test_the_95th_percentile_is_of_enough_turns_only() -> None:
    assert folded(waiting([0.1, 0.4, 0.2])).median_ms == pytest.approx(200)
    assert folded(waiting([0.1, 0.4, 0.2])).p95_ms is None
    assert folded(waiting([n / 100 for n in range(1, 101)])).p95_ms == pytest.approx(950)


def test_the_figures_of_old_turns_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a talk of an hour would stand still for a moment at every turn."""
    log = folded(waiting([n / 100 for n in range(1, 101)]))
    waits_ms = log.waits_ms
    asked: list[int] = []
    span_ms = ConversationTurn._span_ms

    def counted(self: ConversationTurn, end: float | None) -> float | None:
        asked.append(self.number)
        return span_ms(self, end)

    monkeypatch.setattr(ConversationTurn, "_span_ms", counted)
    assert log.waits_ms == waits_ms
    assert set(asked) == set(range(101 - CHANGING_TURNS, 101))


def test_of_a_session_that_goes_on_the_old_turns_leave_their_figures() -> None:
    entries = waiting([n / 100 for n in range(1, KEPT_TURNS + 60)])
    whole, last = folded(entries), TurnLog(forgets=True)
    for event in told(entries):
        last.observe(event)
    assert last.answered == whole.answered
    assert (last.median_ms, last.p95_ms) == (whole.median_ms, whole.p95_ms)
    assert [turn.number for turn in last.turns] == list(range(60, KEPT_TURNS + 60))
    assert len(last.speech) == KEPT_TURNS
    assert last.is_users(f"u{KEPT_TURNS + 58}")


def test_figures_that_are_not_there_are_not_there_later_either() -> None:
    past = PastFigures()
    some = [
        AnsweredTurn(120.0, LatencyParts(1.0, 2.0, 3.0, 4.0, 5.0), False),
        AnsweredTurn(80.0, LatencyParts(1.0, 2.0, 3.0, 4.0, None), True),
        AnsweredTurn(90.0, None, False),
    ]
    for answered in some:
        past.add(answered)
    assert list(past) == some


DOOR = spoken(1, 200, "door")
UNDERSTOOD_NOTHING = transcript(1.2, "", "door")


def test_a_door_that_the_server_commits_is_no_turn_of_the_user() -> None:
    for transcripts in ([UNDERSTOOD_NOTHING], []):
        log = folded(DOOR, transcripts)
        assert not log.is_users("door")
        assert log.worth_counting == []

    log = folded(DOOR, spoken(3, 900), transcript(3.2, "Hello?"), begun(3.3))
    assert [log.is_users(item_id) for item_id in ("door", "u1")] == [False, True]
    assert len(log.worth_counting) == 1


def test_what_was_answered_or_nobody_transcribes_is_a_turn_without_words() -> None:
    unwritten = received(0, "session.updated", session={"audio": {"input": {"transcription": None}}})
    failed = received(1.2, "conversation.item.input_audio_transcription.failed", item_id="door")

    for events in ([UNDERSTOOD_NOTHING, begun(1.3)], [unwritten], [failed]):
        log = folded(events, DOOR)
        assert log.is_users("door")
        assert log.worth_counting == log.turns

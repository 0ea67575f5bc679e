"""The view as dialogues: entries in, blocks in conversation order out."""

from __future__ import annotations

from collections.abc import Iterable

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.tui.panel_contents import panel_lines
from realtime_cli.tui.panels import end_lines
from realtime_cli.tui.plain import sentence
from realtime_cli.tui.scrollback import Scrollback
from realtime_cli.tui.view import KEPT_BLOCKS, View
from tests.tui.scenes import (
    EntryView,
    answer,
    begins,
    connected,
    cut,
    done,
    heard,
    in_order,
    local,
    received,
    says,
    sent,
    speaks,
    transcript,
    writes,
)

LEVELS = local(inputs.Levels(0.1, -40.0, -120.0))


def told(*parts: Entry | Iterable[Entry]) -> EntryView:
    view = EntryView()
    for entry in in_order(*parts):
        view.fold(entry)
    return view


def settled(view: View) -> list[str]:
    return [sentence(block) for block in view.blocks[: view.settled]]


def shown(view: View) -> list[str]:
    return [sentence(block) for block in view.blocks]


def test_one_more_try_to_connect_is_told_only_for_another_reason() -> None:
    def lost(at: float, why: str, number: int) -> Entry:
        text = f"Connection lost ({why}); try {number} in 0.5 s."
        return local(inputs.Noted(at, "warning", "reconnect", text))

    losses = [lost(3, "1006", 1), lost(4, "1006 gone", 2), lost(5, "1006 gone", 3), lost(6, "1006 gone", 4)]
    view = told(connected(), LEVELS, losses)
    assert [text.partition("; ")[2] for text in shown(view)] == ["try 1 in 0.5 s.", "try 2 in 0.5 s."]
    speaking = [*begins(2.0, "A1", "R1"), *speaks(2.1, "A1", "R1", "A long tale.", 9000)]
    view = told(connected(), LEVELS, speaking, heard(2.2, "A1", 100), losses)
    assert [notice.text.partition("; ")[2] for notice in view.pending] == [
        "try 1 in 0.5 s.",
        "try 4 in 0.5 s.",
    ]


# -- order ----------------------------------------------------------------------------------------


def test_a_late_transcript_fills_its_place_above_the_answer() -> None:
    asked = [*connected(), LEVELS, *says(1, "U1", None), *answer(2.2, "A1", "R1", "At noon.", 800, "U1")]
    before = told(asked)
    assert settled(before) == []
    after = told(asked, transcript(4, "U1", "When?"))
    assert settled(after) == ["You: When?", "Agent: At noon."]


def test_a_transcript_that_never_comes_holds_up_nobody_for_long() -> None:
    view = told(connected(), LEVELS, says(1, "U1", None), answer(2.2, "A1", "R1", "Yes.", 500, "U1"))
    view.fold(local(inputs.Levels(13, -40, -120)))
    assert settled(view) == ["You: (no transcript came)", "Agent: Yes."]
    view.fold(transcript(14, "U1", "Are you there?"))
    assert settled(view)[-1] == "You, earlier: Are you there?"


def test_a_session_without_transcription_waits_for_none() -> None:
    view = told(connected(transcription=False), LEVELS, says(1, "U1", None))
    assert settled(view) == ["You: (spoken; this session has no transcription)"]


def test_an_answer_whose_end_is_never_told_was_heard_and_holds_up_nobody() -> None:
    endless = [
        *begins(2.1, "A1", "R1", None),
        *speaks(2.2, "A1", "R1", "Here it", 300),
        heard(3, "A1", 300, to_end=True),
    ]
    view = told(connected(), LEVELS, endless)
    view.close()
    assert settled(view) == ["Agent: Here it"]

    next_one = [*begins(4.1, "A2", "R2", None), *speaks(4.2, "A2", "R2", "Next", 300), heard(5, "A2", 200)]
    view = told(connected(), LEVELS, endless, next_one)
    assert settled(view) == ["Agent: Here it"]


def test_the_server_s_order_counts_not_that_of_arrival() -> None:
    view = told(
        connected(),
        says(1, "U1", "one"),
        begins(2.1, "A1", "R1", "U1"),
        received(2.2, "input_audio_buffer.committed", item_id="U2", previous_item_id="U1"),
        transcript(2.3, "U2", "two"),
        speaks(2.4, "A1", "R1", "answer", 300),
        done(2.5, "A1", "R1"),
        heard(3, "A1", 300, to_end=True),
    )
    assert shown(view) == ["You: one", "You: two", "Agent: answer"]


def test_speech_that_the_server_threw_away_leaves_no_trace() -> None:
    view = told(
        connected(),
        received(1, "input_audio_buffer.speech_started", item_id="U1", audio_start_ms=0),
        received(2, "input_audio_buffer.cleared"),
        says(3, "U2", "kept"),
    )
    assert shown(view) == ["You: kept"]


def test_what_is_settled_never_changes() -> None:
    entries = [
        *connected(),
        LEVELS,
        *says(1, "U1", "a", late=2),
        *answer(2.2, "A1", "R1", "b", 900, "U1"),
        *says(4, "U2", "c", after="A1"),
        *answer(5.2, "A2", "R2", "d", 300, "U2"),
    ]
    view = EntryView()
    before: list[str] = []
    for entry in in_order(entries):
        view.fold(entry)
        now = settled(view)
        assert now[: len(before)] == before
        before = now
    assert before == ["You: a", "Agent: b", "You: c", "Agent: d"]


# -- the pace -------------------------------------------------------------------------------------

TEXT = "one two three four five six seven eight nine ten"


def speaking(at_ms: float) -> str:
    view = told(connected(), LEVELS, begins(1, "A1", "R1"), speaks(1.1, "A1", "R1", TEXT, 4800))
    view.fold(heard(1.2 + at_ms / 1000, "A1", at_ms))
    return view.blocks[0].shown_text


def test_text_appears_as_it_is_heard_word_by_word() -> None:
    assert speaking(0) == ""
    assert speaking(100) == "one"
    assert speaking(2400) == "one two three four five"
    assert speaking(4800) == TEXT


def test_text_does_not_run_ahead_of_a_voice_that_is_still_arriving() -> None:
    where = {"response_id": "R1", "item_id": "A1", "output_index": 0, "content_index": 0}
    view = told(
        connected(),
        LEVELS,
        begins(1, "A1", "R1"),
        received(1.1, "response.output_audio_transcript.delta", delta=TEXT, **where),
        local(effects.Play("A1", 0, b"\0" * 48 * 400), 1.2),
        heard(1.6, "A1", 390),
    )
    assert view.blocks[0].shown_text == "one two"


def test_an_interruption_ends_at_the_word_where_the_sound_stopped() -> None:
    view = told(
        connected(),
        LEVELS,
        begins(1, "A1", "R1"),
        speaks(1.1, "A1", "R1", TEXT, 4800),
        heard(3, "A1", 1900),
        cut(3.1, "A1", 2000),
        done(3.2, "A1", "R1", "cancelled"),
    )
    assert settled(view) == ["Agent (interrupted after 2.0 s): one two three four five"]
    assert view.figures.interruptions == 1


def test_an_answer_cut_before_it_was_heard_shows_nothing_of_it() -> None:
    view = told(connected(), LEVELS, begins(1, "A1", "R1"), done(1.2, "A1", "R1", "cancelled"))
    spoken = told(
        connected(), LEVELS, begins(1, "A1", "R1"), speaks(1.1, "A1", "R1", TEXT, 4800), cut(1.2, "A1", 0)
    )
    assert settled(view) == [""]
    assert settled(spoken) == ["Agent (interrupted before it was heard)."]


def test_an_answer_is_over_when_it_is_heard_not_when_it_has_arrived() -> None:
    whole = [*connected(), LEVELS, *begins(1, "A1", "R1"), *speaks(1.1, "A1", "R1", "Hi.", 700)]
    view = told(whole, done(1.2, "A1", "R1"))
    assert settled(view) == []
    view.fold(heard(1.9, "A1", 700, to_end=True))
    assert settled(view) == ["Agent: Hi."]


def test_text_answers_are_shown_as_they_are_written() -> None:
    view = told(
        connected(text=True),
        local(inputs.Typed(1, "Hello")),
        begins(1.1, "A1", "R1"),
        writes(1.2, "A1", "R1", "Good "),
    )
    assert shown(view) == ["You: Hello", "Agent: Good"]
    assert view.state.word == "writing"
    view.fold(writes(1.3, "A1", "R1", "day."))
    for entry in done(1.4, "A1", "R1"):
        view.fold(entry)
    assert settled(view) == ["You: Hello", "Agent: Good day."]


def test_a_log_of_bare_server_events_shows_everything() -> None:
    """Nobody recorded what was played: the text is all there is."""
    view = told(
        [e for e in connected() if e.kind == "received"],
        says(1, "U1", "Hm?"),
        [e for e in [*begins(2, "A1", "R1"), *speaks(2, "A1", "R1", "Yes.", 500)] if e.kind == "received"],
        done(2.1, "A1", "R1"),
    )
    assert settled(view) == ["You: Hm?", "Agent: Yes."]


def test_the_end_settles_what_is_open() -> None:
    view = told(connected(), LEVELS, begins(1, "A1", "R1"), speaks(1.1, "A1", "R1", TEXT, 4800))
    view.fold(heard(2, "A1", 960))
    view.close()
    assert settled(view) == ["Agent (interrupted after 1.0 s): one two three"]


# -- what is sent ---------------------------------------------------------------------------------


def message(text: str, **more: object) -> dict[str, object]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def test_typed_text_is_shown_once_though_the_server_echoes_it_twice() -> None:
    view = told(
        connected(),
        local(inputs.Typed(1, "Hello")),
        sent(1, "conversation.item.create", item=message("Hello")),
        received(1.1, "conversation.item.added", item=message("Hello", id="U9")),
        received(1.2, "conversation.item.done", item=message("Hello", id="U9")),
    )
    assert shown(view) == ["You: Hello"]


def test_history_told_to_a_new_socket_is_not_shown_again() -> None:
    view = told(
        connected(),
        says(1, "U1", "Hello"),
        local(inputs.Disconnected(3, 1006)),
        local(inputs.Connected(4, "wss://example.test", attempt=1)),
        sent(4.1, "conversation.item.create", item=message("Hello")),
        received(4.2, "conversation.item.added", item=message("Hello", id="U1b")),
        received(4.3, "conversation.item.done", item=message("Hello", id="U1b")),
    )
    assert shown(view) == ["You: Hello"]
    assert view.figures.reconnects == 1


def test_video_pictures_are_counted_not_shown() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
    frame = {"type": "message", "role": "user", "content": [image]}
    view = told(
        connected(),
        sent(1, "conversation.item.create", item=frame),
        received(1.1, "conversation.item.added", item={**frame, "id": "I1"}),
    )
    assert shown(view) == []
    assert view.transcript.pictures_sent == 1


def test_an_aside_is_no_part_of_the_conversation() -> None:
    view = told(
        connected(),
        sent(1, "response.create", response={"conversation": "none"}),
        received(1.1, "response.created", response={"id": "R9", "conversation_id": None}),
        writes(1.2, "X", "R9", "secret"),
    )
    assert shown(view) == []


# -- questions, notices -------------------------------------------------------------------------------


def test_a_question_stands_until_it_is_answered() -> None:
    view = told(
        connected(),
        local(effects.CallTool("c1", "rm", '{"path":"/tmp/x"}'), 1),
        local(inputs.ApprovalAsked(1.1, "c1", "rm", '{"path":"/tmp/x"}')),
    )
    assert settled(view) == ['Warning: rm {"path":"/tmp/x"} - May it run?']
    assert list(view.transcript.approvals.values()) == ["run"]
    for entry in [
        local(inputs.ApprovalAnswered(5, "c1", "once")),
        local(inputs.ToolStarted(5.1, "c1")),
        local(inputs.ToolProgress(5.2, "c1", "half way")),
    ]:
        view.fold(entry)
    assert not view.transcript.approvals
    assert view.running is not None
    assert view.running.progress == "half way"


def test_a_bare_log_shows_the_server_s_question() -> None:
    request = {
        "id": "q",
        "type": "mcp_approval_request",
        "server_label": "files",
        "name": "rm",
        "arguments": "{}",
    }
    view = told(received(1, "conversation.item.added", item=request))
    assert shown(view) == ["Warning: files.rm {} - May it run?"]
    answer = {"type": "mcp_approval_response", "approval_request_id": "q", "approve": True}
    view.fold(sent(2, "conversation.item.create", item=answer))
    assert not view.transcript.approvals


def test_a_warning_stands_in_its_turn_and_is_known_at_once() -> None:
    view = told(
        connected(),
        received(1, "input_audio_buffer.speech_started", item_id="U1", audio_start_ms=0),
        local(inputs.Noted(2, "info", "note", "later")),
        local(inputs.Noted(2, "warning", "reconnect", "now")),
        local(inputs.Noted(2, "debug", "x", "never")),
    )
    assert settled(view) == []
    assert [notice.text for notice in view.pending] == ["now"]
    assert shown(view)[-2:] == ["Note: later", "Warning: now"]


def test_errors_are_noted_once_in_a_session_of_ours_and_shown_from_a_bare_log() -> None:
    error = received(1, "error", error={"type": "invalid_request_error", "code": "odd", "message": "Odd."})
    race = received(2, "error", error={"type": "x", "code": "response_cancel_not_active", "message": "Race."})
    noted = local(inputs.Noted(1, "error", "server", "Odd. (odd)"))
    assert shown(told(connected(), error, noted, race)) == ["Error: Odd. (odd)"]
    assert shown(told([e for e in connected() if e.kind == "received"], error, race)) == ["Error: Odd. (odd)"]


def test_three_early_interruptions_make_echo_likely() -> None:
    turns = [
        e
        for n in range(4)
        for e in [
            *begins(n + 1, f"A{n}", f"R{n}"),
            *speaks(n + 1, f"A{n}", f"R{n}", TEXT, 4000),
            cut(n + 1.5, f"A{n}", 400),
        ]
    ]
    warnings = [line for line in shown(told(connected(), LEVELS, turns)) if line.startswith("Warning")]
    assert len(warnings) == 1
    assert "headphones" in warnings[0]


# -- hours ----------------------------------------------------------------------------------------


def test_of_a_long_talk_all_is_written_once_and_the_old_is_only_counted() -> None:
    view, scrollback, lines = told(connected(), LEVELS), Scrollback(), list[str]()
    call = [
        local(effects.CallTool("c1", "get_time", "{}"), 0.2),
        local(inputs.ToolFinished(0.5, "c1", "noon", seconds=0.3)),
    ]
    turns = [
        [
            *says(3 * n, f"U{n}", f"Say {n}."),
            *answer(3 * n + 1.1, f"A{n}", f"R{n}", f"It is {n}.", 500, f"U{n}"),
        ]
        for n in range(1, KEPT_BLOCKS + 20)
    ]
    for entries in [call, *turns]:
        for entry in in_order(entries):
            view.fold(entry)
        lines += [line.plain for line in scrollback.take(view, 80) if line.plain]
        view.forget_written(scrollback.taken)
    count = len(turns)
    said = [line for n in range(1, count + 1) for line in (f"you  Say {n}.", f"agent  It is {n}.")]
    assert lines == ["tool  get_time() → noon (300 ms)", *said]
    assert len(view.blocks) == KEPT_BLOCKS
    assert dict(end_lines(view))["duration"].endswith(f", {count} turns by you, {count} by the agent")
    assert panel_lines("output", view, 80)[0].plain.startswith("get_time  done")
    view.session = {"tools": [{"name": "get_time", "description": "Tells it."}]}
    assert panel_lines("tools", view, 80)[0].plain == "get_time  Tells it. (called 1 time)"

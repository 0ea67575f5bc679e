"""What each turn's figures are, told as the dialogue from which they come."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects as e
from realtime_cli.client import inputs as i
from realtime_cli.client.latency import LatencyFold, LatencyTurn
from tests.recording.sample import b64, frame, heard, local, received, sent

IDS = {"response_id": "r1", "item_id": "a1", "content_index": 0, "output_index": 0}


def microphone(until_s: float) -> list[Any]:
    return [entry for n in range(round(until_s / 0.02)) for entry in heard((n + 1) * 0.02, 1)]


def begun(at: float, response_id: str = "r1") -> Any:
    return received(at, "response.created", response={"id": response_id, "conversation_id": "c"})


def done(at: float, response_id: str = "r1", **more: Any) -> Any:
    return received(at, "response.done", response={"id": response_id, "status": "completed", **more})


def sound(at: float, **ids: str) -> Any:
    return received(at, "response.output_audio.delta", delta=b64(frame(1)), **{**IDS, **ids})


def spoken(at: float, ms: int, item_id: str = "u1") -> list[Any]:
    """Speech of which the server says at ``at`` that it ended at ``ms`` of what was appended."""
    return [
        received(at, "input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=item_id),
        received(at, "input_audio_buffer.committed", item_id=item_id),
    ]


def folded(*parts: Any) -> LatencyFold:
    entries = [entry for part in parts for entry in (part if isinstance(part, list) else [part])]
    fold = LatencyFold()
    for entry in sorted(entries, key=lambda entry: entry.at):
        fold.fold(entry)
    return fold


def only(*parts: Any) -> LatencyTurn:
    (turn,) = folded(*parts).turns
    return turn


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
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    turn = only(
        local(i.Typed(1.0, "hi")), sent(1.0, "conversation.item.create", item=item), begun(1.2), sound(1.5)
    )

    assert (turn.by, turn.received_ms) == ("text", pytest.approx(500))


def test_a_greeting_is_a_turn_but_not_a_wait() -> None:
    fold = folded(begun(0.5), sound(0.9), done(1.0))

    assert [turn.by for turn in fold.turns] == ["agent"]
    assert fold.median_ms is None


def test_speech_with_a_pause_in_it_is_one_turn_that_ends_with_the_last_word() -> None:
    fold = folded(microphone(4.0), spoken(1.5, 1400), spoken(3.0, 2900, "u2"), begun(3.1), sound(3.4))

    assert len(fold.turns) == 1
    assert fold.turns[0].received_ms == pytest.approx(500)
    assert fold.turns[0].user_items == ["u1", "u2"]


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
    aside = received(0.5, "response.created", response={"id": "r9", "conversation_id": None})

    assert folded(aside, done(0.9, "r9")).turns == []


def test_tokens_of_all_responses_of_a_turn() -> None:
    usage = {"input_tokens": 5, "input_token_details": {"text_tokens": 5}}
    turn = only(begun(0.1), done(0.2, usage=usage), begun(0.3, "r2"), done(0.4, "r2", usage=usage))

    assert turn.tokens.text_in == 10


def test_a_new_socket_counts_its_sound_from_zero() -> None:
    again = [local(i.Connected(2.0, "", 1)), *(x for n in range(50) for x in heard(2.0 + (n + 1) * 0.02, 1))]
    fold = folded(microphone(1.9), again, spoken(2.9, 800), begun(3.0), sound(3.3))

    assert fold.turns[0].received_ms == pytest.approx(500)


def test_the_95th_percentile_of_few_is_the_slowest_and_of_many_leaves_some_out() -> None:
    def turns(waits: list[float]) -> list[Any]:
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

    assert folded(turns([0.1, 0.4, 0.2])).median_ms == pytest.approx(200)
    assert folded(turns([0.1, 0.4, 0.2])).p95_ms == pytest.approx(400)
    assert folded(turns([n / 100 for n in range(1, 101)])).p95_ms == pytest.approx(950)

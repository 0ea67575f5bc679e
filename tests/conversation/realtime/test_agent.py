"""What the agent does, as the narrator tells it."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects as fx
from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from tests.conversation.telling import (
    IDS,
    USAGE,
    Part,
    begun,
    done,
    folded,
    live,
    of,
    sound,
    spoken,
    told,
    typed,
    written,
)
from tests.recording.sample import b64, local, received, sent


def message(text: str | None = None, item_id: str | None = "a1", status: str = "completed") -> dict[str, Any]:
    content = [] if text is None else [{"type": "output_audio", "transcript": text}]
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": content}


def texts(*parts: Any) -> list[str]:
    return [event.text for event in of(e.AgentTextFinal, *parts)]


def deltas(*parts: Any) -> str:
    return "".join(event.delta for event in of(e.AgentTextPartial, *parts))


def test_a_spoken_answer_from_its_begin_to_its_last_sample() -> None:
    place = {**IDS, "response_id": "r1"}
    names = [
        type(event).__name__
        for event in told(
            live(),
            received(0.1, "session.created", session={}),
            sent(0.9, "response.create"),
            begun(1.0),
            received(1.1, "response.output_item.added", response_id="r1", item=message(status="in_progress")),
            received(1.2, "response.output_audio_transcript.delta", delta="Hi", **place),
            sound(1.3),
            local(fx.Play("a1", 0, bytes(960)), 1.3),
            received(1.4, "response.output_audio.done", **place),
            received(1.4, "response.output_audio_transcript.done", transcript="Hi", **place),
            received(1.5, "response.output_item.done", response_id="r1", item=message("Hi")),
            done(1.6, output=[message("Hi")], usage=USAGE),
            local(i.Played(1.7, "a1", 0, 20.0, True)),
        )
    ]

    assert names == [
        "ConnectionUp",
        "SettingsInForce",
        "AgentResponseRequested",
        "AgentResponseBegan",
        "ItemCreated",
        "AgentMessageBegan",
        "AgentTextPartial",
        "AgentSoundReceived",
        "AgentSoundQueued",
        "AgentSoundComplete",
        "AgentTextFinal",
        "ItemUpdated",
        "AgentMessageEnded",
        "AgentResponseEnded",
        "UsageReported",
        "AgentHeard",
    ]


def test_a_response_that_is_told_twice_to_be_done_counts_once() -> None:
    twice = (begun(1.0), done(1.5, usage=USAGE), done(1.6, usage=USAGE))

    assert len(of(e.AgentResponseEnded, *twice)) == 1
    assert [event.total_tokens for event in of(e.UsageReported, *twice)] == [8]
    assert folded(*twice).turns[0].tokens.input == 5


def test_without_ids_a_response_is_done_once_for_each_reason_to_answer() -> None:
    turns = (
        typed(1, "a"),
        begun(1.1, None),
        done(1.5, None),
        done(1.6, None),
        typed(2, "b"),
        begun(2.1, None),
        done(2.5, None),
    )
    unannounced = (typed(1, "a"), done(1.5, None), done(1.6, None), typed(2, "b"), done(2.5, None))

    for dialogue in (turns, unannounced):
        ended = of(e.AgentResponseEnded, *dialogue)
        assert [event.turn for event in ended] == [1, 2]
        assert len({event.response_id for event in ended}) == 2
        assert len(of(e.AgentResponseBegan, *dialogue)) == 2


def test_a_response_without_anything_in_it() -> None:
    bare = (begun(1.0), received(1.5, "response.done"), received(1.6, "response.done", response=None))

    assert [event.status for event in of(e.AgentResponseEnded, *bare)] == ["completed"]


def test_deltas_of_a_response_that_nobody_announced_begin_it() -> None:
    assert [
        event.response_id for event in of(e.AgentResponseBegan, written(1.0, "Hi"), written(1.1, "!"))
    ] == ["r1"]
    named_later = (begun(1.0, None), written(1.1, "Hi"), done(1.2))
    assert len(of(e.AgentResponseBegan, *named_later)) == 1
    assert len(of(e.AgentResponseEnded, *named_later)) == 1


def test_a_response_that_begins_twice_begins_once() -> None:
    assert len(of(e.AgentResponseBegan, begun(1.0), begun(1.1), done(1.2), begun(1.3))) == 1


def test_a_server_may_call_all_its_responses_and_messages_alike() -> None:
    dialogue = (
        typed(1, "a"),
        begun(1.1),
        written(1.2, "One"),
        done(1.3),
        typed(2, "b"),
        begun(2.1),
        written(2.2, "Two"),
        done(2.3),
    )

    assert [event.turn for event in of(e.AgentResponseEnded, *dialogue)] == [1, 2]
    assert [(event.turn, event.delta) for event in of(e.AgentTextPartial, *dialogue)] == [
        (1, "One"),
        (2, "Two"),
    ]


def texts_of(*parts: Part) -> dict[str, str]:
    """What every message says in the end."""
    texts: dict[str, str] = {}
    for event in of(e.AgentTextPartial, *parts):
        texts[event.item_id] = texts.get(event.item_id, "") + event.delta
    return texts


CUT = (done(1.3, status="cancelled"),)
RECONNECTED = (
    Entry(1.3, "local", i.Disconnected(1.3, 1006)),
    Entry(1.4, "local", i.Connected(1.4, "ws://test", 1)),
)


@pytest.mark.parametrize(
    ("end_of_first", "second", "announced"),
    [
        (CUT, "r2", True),
        (CUT, "r2", False),
        (CUT, "r1", True),
        ((), "r2", True),  # given up without a word
        ((), "r2", False),
        (RECONNECTED, "r2", True),
        (RECONNECTED, "r1", True),
        (RECONNECTED, "r1", False),
    ],
)
def test_an_item_id_that_comes_again_with_another_response_is_another_message(
    end_of_first: tuple[Entry, ...], second: str, announced: bool
) -> None:
    again = received(2.2, "response.output_text.delta", delta="Two", **{**IDS, "response_id": second})
    first = [begun(1.1), written(1.2, "One"), *end_of_first]
    begins: tuple[Entry, ...] = (begun(2.1, second),) if announced else ()

    assert list(texts_of(live(), typed(1, "a"), *first, typed(2, "b"), *begins, again).values()) == [
        "One",
        "Two",
    ]


def test_what_names_no_response_tells_of_the_last_message_of_its_id() -> None:
    item = received(1.4, "conversation.item.done", item=message("One"))
    unnamed = received(1.5, "response.output_text.delta", delta="!", **{**IDS, "response_id": None})

    assert texts_of(typed(1, "a"), begun(1.1), written(1.2, "One"), item, unnamed) == {"a1": "One!"}


def test_of_two_responses_at_once_each_has_its_own_message_of_one_id() -> None:
    def second(at: float, delta: str) -> Entry:
        return received(at, "response.output_text.delta", delta=delta, **{**IDS, "response_id": "r2"})

    ask = sent(0.5, "response.create", event_id="x", response={"conversation": "none"})
    mixed = (begun(1.0), ask, begun(1.1, "r2"), written(1.2, "A"), second(1.3, "B"), written(1.4, "a"))

    assert list(texts_of(*mixed, second(1.5, "b")).values()) == ["Aa", "Bb"]


def test_an_item_that_is_told_ahead_of_its_response_is_its_message() -> None:
    item = {"id": "a2", "type": "message", "role": "assistant", "content": []}
    early = received(2.1, "conversation.item.added", item=item)
    words = received(2.3, "response.output_text.delta", delta="Two", response_id="r2", item_id="a2")
    dialogue = (typed(1, "a"), begun(1.1), written(1.2, "One"), done(1.3), typed(2, "b"))

    begins = of(e.AgentMessageBegan, *dialogue, early, begun(2.2, "r2"), words)
    assert [event.item_id for event in begins] == ["a1", "a2"]
    (delta,) = of(e.AgentTextPartial, *dialogue, early, begun(2.2, "r2"), words)[1:]
    assert (delta.turn, delta.response_id) == (2, "r2")


def test_out_of_band_is_what_was_asked_for_as_such() -> None:
    ask = sent(0.5, "response.create", event_id="x", response={"conversation": "none"})
    aside, next_one = begun(1.0, "r8", None), begun(1.2, "r9", None)

    began = of(e.AgentResponseBegan, ask, aside, next_one)
    assert [(event.out_of_band, event.turn) for event in began] == [(True, 0), (False, 1)]
    refused = received(0.7, "error", error={"code": "bad", "event_id": "x"})
    assert not of(e.AgentResponseBegan, ask, refused, aside)[0].out_of_band
    lost = local(i.Disconnected(0.8, 1006))
    assert not of(e.AgentResponseBegan, ask, lost, aside)[0].out_of_band


def test_metadata_tell_the_out_of_band_response_from_the_servers_own() -> None:
    ask = sent(0.5, "response.create", response={"conversation": "none", "metadata": {"for": "mood"}})

    def created(at: float, name: str) -> Entry:
        response = {"id": name, "conversation_id": None, "metadata": {"for": name}}
        return received(at, "response.created", response=response)

    began = of(e.AgentResponseBegan, ask, created(1.0, "talk"), created(1.1, "mood"))
    assert [(event.response_id, event.out_of_band) for event in began] == [("talk", False), ("mood", True)]


def test_words_of_an_out_of_band_response_say_so() -> None:
    ask = sent(0.5, "response.create", response={"conversation": "none"})

    (word,) = of(e.AgentTextPartial, ask, begun(1.0, "r1", None), written(1.1, "Calm"))
    assert (word.out_of_band, word.turn) == (True, 0)


def test_text_that_came_whole_was_also_said_bit_by_bit() -> None:
    item_alone = (
        begun(1.0),
        received(1.2, "response.output_item.done", response_id="r1", item=message("Hi there")),
    )
    response_alone = (begun(1.0), done(1.2, output=[message("Hi there")]))
    whole = received(1.2, "response.output_text.done", text="Hi there", **IDS)

    for dialogue in (item_alone, response_alone, (begun(1.0), whole, whole)):
        assert deltas(*dialogue) == "Hi there"
        assert texts(*dialogue) == ["Hi there"]
    assert (
        deltas(begun(1.0), written(1.1, "Hi "), written(1.15, None), written(1.16, "there"), whole)
        == "Hi there"
    )


def test_a_message_without_an_id_is_one_message() -> None:
    dialogue = (begun(1.0), written(1.1, "Hi ", item_id=None), written(1.2, "there", item_id=None), done(1.3))

    assert len(of(e.AgentMessageBegan, *dialogue)) == 1
    assert len({event.item_id for event in of(e.AgentTextPartial, *dialogue)}) == 1


def test_sound_is_measured_in_the_format_of_the_session() -> None:
    g711 = {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}
    delta = received(1.1, "response.output_audio.delta", delta=b64(bytes(480)), **IDS)

    assert [event.ms for event in of(e.AgentSoundReceived, begun(1.0), delta)] == [10.0]
    assert [
        event.ms
        for event in of(e.AgentSoundReceived, received(0, "session.updated", session=g711), begun(1.0), delta)
    ] == [60.0]


def test_sound_that_was_left_out_of_a_log_still_came() -> None:
    empty = received(1.1, "response.output_audio.delta", delta=None, **IDS)

    assert [(event.ms, event.first) for event in of(e.AgentSoundReceived, begun(1.0), empty)] == [(0.0, True)]
    assert of(e.AgentSoundReceived, live(), begun(1.0), empty) == []


def test_what_is_heard_began_once() -> None:
    reports = (
        local(i.Played(1.5, "a1", 0, 100.0)),
        local(i.Played(1.8, "a1", 0, 300.0)),
        local(i.Played(2.0, "a1", 0, 400.0, True)),
    )
    heard = of(e.AgentHeard, begun(1.0), sound(1.2), *reports)

    assert [(event.first, event.finished) for event in heard] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert [event.began_at for event in heard] == [pytest.approx(1.4)] * 3
    assert {event.response_id for event in heard} == {"r1"}


def test_an_interruption_tells_what_was_heard_and_why() -> None:
    items = (i.HeardItem("a1", 0, 500.0, True), i.HeardItem("a1", 1, 140.0, False))
    dialogue = (
        begun(1.0),
        sound(1.1),
        local(i.PlaybackStopped(2.0, "key", items, -30.0, -60.0)),
        sent(2.0, "conversation.item.truncate", item_id="a1", content_index=1, audio_end_ms=140),
    )

    (cut,) = of(e.AgentInterrupted, *dialogue)
    assert (cut.heard_ms, cut.cause, cut.near_dbfs, cut.residual_dbfs, cut.turn) == (
        140.0,
        "key",
        -30.0,
        -60.0,
        1,
    )
    assert [part.finished for part in cut.parts] == [True, False]
    assert len(of(e.PlaybackEmptied, *dialogue)) == 1
    assert of(e.AgentInterrupted, local(i.PlaybackStopped(2.0, "key", ()))) == []


def test_in_a_bare_log_the_truncation_is_the_interruption() -> None:
    truncate = sent(2.0, "conversation.item.truncate", item_id="a1", content_index=0, audio_end_ms=300)
    truncated = received(2.1, "conversation.item.truncated", item_id="a1", content_index=0, audio_end_ms=300)

    (cut,) = of(e.AgentInterrupted, begun(1.0), sound(1.1), truncate, truncated)
    assert (cut.heard_ms, cut.cause) == (300.0, None)


def test_in_a_log_over_webrtc_the_cleared_sound_is_the_interruption() -> None:
    item = message("Once upon a time", status="incomplete")
    dialogue = (
        begun(1.0),
        received(1.1, "response.output_item.added", response_id="r1", item=message(status="in_progress")),
        received(1.2, "output_audio_buffer.started", response_id="r1"),
        received(1.5, "response.output_item.done", response_id="r1", item=item),
    )
    cleared = received(2.0, "output_audio_buffer.cleared", response_id="r1")
    truncated = received(2.1, "conversation.item.truncated", item_id="a1", content_index=0, audio_end_ms=700)

    (cut,) = of(e.AgentInterrupted, *dialogue, cleared, truncated)
    assert (cut.item_id, round(cut.heard_ms), cut.cause) == ("a1", 800, None)
    (cut,) = of(e.AgentInterrupted, *dialogue, truncated)
    assert cut.heard_ms == 700, "an item that is incomplete by itself is not yet an interruption"
    stopped = received(2.0, "output_audio_buffer.stopped", response_id="r1")
    assert of(e.AgentInterrupted, *dialogue, stopped) == []
    assert of(e.AgentInterrupted, *dialogue, received(2.0, "output_audio_buffer.cleared")) == []


def test_history_that_we_tell_is_not_said_again() -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    echo = {**item, "id": "h1", "status": "completed"}
    dialogue = (
        live(),
        sent(1.0, "conversation.item.create", item=item),
        received(1.1, "conversation.item.added", item=echo),
        received(1.2, "conversation.item.done", item=echo),
    )

    assert of(e.AgentMessageBegan, *dialogue) == []
    assert texts(*dialogue) == []


def test_an_answer_after_the_next_question_belongs_to_that() -> None:
    dialogue = (spoken(1, 0), begun(1.1), done(1.2), spoken(2, 0, "u2"), begun(2.1, "r2"), done(2.2, "r2"))

    assert [event.turn for event in of(e.AgentResponseEnded, *dialogue)] == [1, 2]


def test_a_written_and_a_spoken_part_of_one_index_keep_their_own_words() -> None:
    place = {**IDS, "response_id": "r1", "content_index": 0}
    both = [{"type": "output_text", "text": "A list."}, {"type": "output_audio", "transcript": "I sent it."}]
    talk = (
        live(),
        begun(1.0),
        received(1.1, "response.output_text.delta", delta="A list.", **place),
        received(1.2, "response.output_text.done", text="A list.", **place),
        received(1.3, "response.output_audio_transcript.delta", delta="I sent it.", **place),
        sound(1.4),
        local(i.Played(1.5, "a1", 0, 20.0, finished=True), 1.5),
        received(1.6, "response.output_audio_transcript.done", transcript="I sent it.", **place),
        received(1.7, "response.output_item.done", response_id="r1", item={**message("x"), "content": both}),
    )
    assert [(event.part, event.text) for event in of(e.AgentTextFinal, *talk)] == [
        (0, "A list."),
        (1, "I sent it."),
    ]
    assert [event.part for event in of(e.AgentSoundReceived, *talk)] == [1]
    assert [event.part for event in of(e.AgentHeard, *talk)] == [1]

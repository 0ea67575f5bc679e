"""What the user does, as the narrator tells it."""

from __future__ import annotations

import tracemalloc

import pytest

from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.narrator import RealtimeNarrator
from tests.conversation.telling import (
    begun,
    done,
    folded,
    in_order,
    live,
    microphone,
    of,
    spoken,
    told,
    transcript,
    typed,
    written,
)
from tests.recording.sample import local, received, sent

BY_HAND = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
UNWRITTEN = {"type": "realtime", "audio": {"input": {"transcription": None}}}


def started(at: float, ms: int | None = 0, item_id: str | None = "u1"):
    return received(at, "input_audio_buffer.speech_started", audio_start_ms=ms, item_id=item_id)


def stopped(at: float, ms: int | None = None, item_id: str | None = "u1"):
    return received(at, "input_audio_buffer.speech_stopped", audio_end_ms=ms, item_id=item_id)


def test_speech_is_timed_by_the_sound_that_was_sent() -> None:
    dialogue = (microphone(2.0), started(0.7, 400), spoken(1.5, 1360))

    (began,), (ended,) = of(e.UserSpeechBegan, *dialogue), of(e.UserSpeechEnded, *dialogue)
    assert (began.at, began.began_at, began.by) == (0.7, pytest.approx(0.4), "server")
    assert (ended.at, ended.ended_at) == (1.5, pytest.approx(1.36))
    assert folded(*dialogue).speech == {"u1": (pytest.approx(0.4), pytest.approx(1.36))}


def test_turns_by_hand_end_with_the_key_or_with_the_file() -> None:
    commit = sent(2.0, "input_audio_buffer.commit")
    committed = received(2.1, "input_audio_buffer.committed", item_id="u1")
    keys = (local(i.Pressed(1.0, "talk")), local(i.Pressed(2.0, "release")))
    file = local(i.MicrophoneEnded(1.9))

    assert [event.by for event in of(e.UserSpeechEnded, *keys, commit, committed)] == ["key"]
    assert [event.by for event in of(e.UserSpeechEnded, file, commit, committed)] == ["file"]
    (turn,) = of(e.UserTurnCommitted, *keys, commit, committed)
    assert (turn.ended_at, turn.ended_by) == (2.0, "key")


def test_who_answers_by_itself_is_asked_by_the_end_of_the_turn() -> None:
    """Fault 4: a server that does not tell how it hears, hears by the API's default."""
    silent_about_it = received(0, "session.created", session={"type": "realtime"})
    by_hand = received(0, "session.created", session=BY_HAND)

    assert [event.by for event in of(e.AgentResponseRequested, silent_about_it, spoken(1, 0))] == ["server"]
    assert of(e.AgentResponseRequested, by_hand, spoken(1, 0)) == []


def test_what_we_asked_for_counts_where_the_server_does_not_tell() -> None:
    asked = sent(0.1, "session.update", session=BY_HAND)
    updated = received(0.2, "session.updated", session={"type": "realtime"})

    assert of(e.SettingsInForce, asked, updated)[0].turn_detection is None
    assert of(e.AgentResponseRequested, asked, updated, spoken(1, 0)) == []


def test_speech_without_an_end_ends_with_its_commit() -> None:
    dialogue = (started(0.5), received(1.0, "input_audio_buffer.committed", item_id="u1"))

    assert [event.at for event in of(e.UserSpeechEnded, *dialogue)] == [1.0]


def test_speech_without_end_and_commit_is_a_turn_once_it_is_answered() -> None:
    log = folded(
        started(0.5, None),
        begun(1.0),
        written(1.2, "Yes"),
        done(1.3),
        started(2.0, None, "u2"),
        begun(3.0, "r2"),
        written(3.1, "No", response_id="r2", item_id="a2"),
    )

    assert [(turn.by, turn.user_items) for turn in log.turns] == [("voice", ["u1"]), ("voice", ["u2"])]


def test_an_answer_that_begins_while_the_user_speaks_is_none_to_that_speech() -> None:
    """The server tells when speech ends: it will do so here, too."""
    log = folded(
        started(0.5),
        spoken(1.0, None),
        begun(1.1),
        done(1.2),
        started(2.0, None, "u2"),
        begun(2.1, "r2"),
        done(2.3, "r2"),
        spoken(3.0, None, "u2"),
        begun(3.1, "r3"),
    )

    assert [(turn.user_items, turn.response_ended_at) for turn in log.turns] == [
        (["u1"], 2.3),
        (["u2"], None),
    ]


def test_a_commit_that_comes_late_or_twice_is_no_second_turn() -> None:
    late = received(1.5, "input_audio_buffer.committed", item_id="u1")
    for item_id in ("u1", None):
        dialogue = (started(0.5, None, item_id), stopped(0.9, None, item_id), begun(1.0), late)
        assert len(of(e.UserTurnCommitted, *dialogue)) == 1
        assert len(folded(*dialogue).turns) == 1


def test_the_last_word_of_a_transcript_wins_and_is_told_once() -> None:
    texts = of(
        e.UserTextFinal,
        spoken(1, 0),
        transcript(1.1, "Hello"),
        transcript(1.2, "Hello "),
        transcript(1.3, "Hello!"),
    )

    assert [(event.text, event.revised) for event in texts] == [("Hello", False), ("Hello!", True)]
    assert {event.turn for event in texts} == {1}


def test_the_transcripts_of_two_content_parts_are_one_text_in_their_order() -> None:
    second, first = transcript(1.1, "in Peru?", part=1), transcript(1.2, "What is")
    repeated, empty = transcript(1.3, "What is it", part=0), transcript(1.4, "", part=1)
    texts = of(e.UserTextFinal, spoken(1, 0), second, first, repeated, empty, begun(1.5), done(2))

    assert [event.text for event in texts] == ["in Peru?", "What is in Peru?", "What is it in Peru?"]
    assert [event.revised for event in texts] == [False, True, True]


def test_what_is_called_complete_while_it_is_said_grows_until_the_commit() -> None:
    growing = (started(0.3), transcript(0.5, "What"), transcript(0.8, "What is"))
    last = transcript(1.4, "What is it?")
    told = (*growing, *spoken(1.3, None), last, begun(1.5), done(2))

    assert [event.text for event in of(e.UserTextPartial, *told)] == ["What", "What is"]
    assert [(event.text, event.revised) for event in of(e.UserTextFinal, *told)] == [("What is it?", False)]
    assert len(of(e.UserTurnCommitted, *told)) == 1


def test_where_no_last_word_comes_what_had_grown_is_the_text() -> None:
    growing = (started(0.3), transcript(0.5, "What"), *spoken(1.3, None), begun(1.5))

    assert [event.text for event in of(e.UserTextFinal, *growing, done(2))] == ["What"]


def test_a_transcript_without_an_id_is_of_what_was_said_last() -> None:
    (text,) = of(e.UserTextFinal, spoken(1, 0, "u1"), spoken(2, 0, "u2"), transcript(2.1, "Hi", None))

    assert (text.item_id, text.text) == ("u2", "Hi")


def test_partial_transcripts_may_be_cumulative_or_empty() -> None:
    def delta(at: float, text: str | None):
        kind = "conversation.item.input_audio_transcription.delta"
        return received(at, kind, item_id="u1", content_index=0, delta=text)

    events = of(
        e.UserTextPartial,
        spoken(1, 0),
        delta(1.1, "How"),
        delta(1.2, None),
        delta(1.3, "How are"),
        delta(1.4, " you"),
        transcript(1.5, "How are you?"),
        delta(1.6, "late"),
    )
    assert [(event.delta, event.text) for event in events] == [
        ("How", "How"),
        (" are", "How are"),
        (" you", "How are you"),
    ]


def test_why_there_is_no_text() -> None:
    failed = received(
        1.2, "conversation.item.input_audio_transcription.failed", item_id="u1", error={"message": "no"}
    )
    unwritten = received(0, "session.updated", session=UNWRITTEN)

    assert [event.why for event in of(e.UserTextMissing, spoken(1, 0), failed, failed)] == ["no"]
    assert [event.why for event in of(e.UserTextMissing, spoken(1, 0), transcript(1.1, ""))] == [
        "nothing was understood"
    ]
    assert "no transcription" in of(e.UserTextMissing, unwritten, spoken(1, 0))[0].why


def test_a_transcript_is_paid_for_once() -> None:
    session = {"type": "realtime", "audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}}}
    usage = {"type": "duration", "seconds": 60}
    paid = of(
        e.UsageReported,
        received(0, "session.updated", session=session),
        spoken(1, 0),
        transcript(1.1, "Hi", usage=usage),
        transcript(1.2, "Hi", usage=usage),
    )

    assert [(event.of, event.usd) for event in paid] == [("transcription", pytest.approx(0.017))]


def test_a_typed_message_is_told_once_though_it_is_sent_and_echoed() -> None:
    item = {"id": "i1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    echo = (
        received(1.1, "conversation.item.added", item=item),
        received(1.2, "conversation.item.done", item=item),
    )

    (text,) = of(e.UserTextFinal, live(), typed(1.0, "hi"), echo)
    assert (text.text, text.spoken, text.turn) == ("hi", False, 1)
    assert len(of(e.UserTurnCommitted, live(), typed(1.0, "hi"), echo)) == 1


def test_in_a_bare_log_what_is_sent_is_what_was_typed() -> None:
    _, sending = typed(1.0, "hi")

    assert [event.text for event in of(e.UserTextFinal, sending)] == ["hi"]


def test_history_told_to_a_new_socket_is_no_turn() -> None:
    _, again = typed(5.0, "hi")
    dialogue = (
        live(),
        typed(1.0, "hi"),
        begun(1.1),
        done(1.2),
        local(i.Disconnected(3.0, 1006)),
        local(i.Connected(4.0, "ws://test", 1)),
        received(4.1, "session.created", session={}),
        again,
    )

    assert len(of(e.UserTextFinal, *dialogue)) == 1
    assert len(folded(*dialogue).turns) == 1


def test_a_raw_item_is_what_the_user_wrote() -> None:
    _, sending = typed(1.0, "hi")
    raw = local(i.RawEvent(1.0, {"type": "conversation.item.create"}))

    assert [event.text for event in of(e.UserTextFinal, live(), raw, sending)] == ["hi"]


def test_a_video_frame_is_shown_and_is_no_turn() -> None:
    uri = "data:image/jpeg;base64,AA"
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_image", "image_url": uri, "detail": "low"}],
    }
    dialogue = in_order(
        live(),
        local(i.VideoFrameCaptured(1.0, uri, 64, 48, "ab", "camera")),
        sent(1.0, "conversation.item.create", item=item),
    )

    (image,) = of(e.ImageShown, dialogue)
    assert (image.frame, image.source, image.width_px, image.thumbnail, image.detail) == (
        True,
        "camera",
        64,
        "ab",
        "low",
    )
    assert folded(dialogue).turns == []


def test_a_user_item_that_only_the_server_tells_of() -> None:
    words = {"id": "x", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    sound = {
        "id": "y",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": "ho"}],
    }
    texts = of(
        e.UserTextFinal,
        received(1, "conversation.item.added", item=words, previous_item_id="w"),
        received(1.1, "conversation.item.done", item=words),
        received(2, "conversation.item.created", item=sound),
    )

    assert [(text.text, text.spoken) for text in texts] == [("hi", False), ("ho", True)]
    assert texts[0].previous_item_id == "w"


def test_speech_that_is_thrown_away_is_no_turn() -> None:
    dialogue = (started(0.5), received(0.8, "input_audio_buffer.cleared"), begun(1.0))

    assert [type(event).__name__ for event in told(*dialogue)][-2:] == [
        "UserSpeechDiscarded",
        "AgentResponseBegan",
    ]
    assert folded(*dialogue).turns[0].by == "agent"


def test_a_server_that_hears_speech_answers_by_itself_whatever_it_reports() -> None:
    manual = {"audio": {"input": {"turn_detection": None}}}
    entries = [
        received(0.1, "session.created", session=manual),
        received(1.0, "input_audio_buffer.speech_started", item_id="u1"),
        received(2.0, "input_audio_buffer.speech_stopped", item_id="u1"),
    ]
    assert [event.by for event in of(e.AgentResponseRequested, *entries)] == ["server"]


# -- a door that slams ----------------------------------------------------------------------------


def nothing_understood(at: float):
    kind = "conversation.item.input_audio_transcription"
    return received(at, f"{kind}.completed", item_id="u1", content_index=0, transcript="")


def not_transcribed(at: float):
    kind = "conversation.item.input_audio_transcription"
    return received(at, f"{kind}.failed", item_id="u1", content_index=0, error={"message": "noise"})


@pytest.mark.parametrize("words", [(), (nothing_understood(1.6),), (not_transcribed(1.6),)])
def test_noise_that_is_neither_committed_nor_understood_is_no_turn(words: tuple[Entry, ...]) -> None:
    door = (live(), started(1.0, 1000), stopped(1.3, 1300), *words)
    answered = (typed(3.0, "Hi"), begun(3.1), written(3.2, "Hello."), done(3.3))

    assert folded(*door).turns == []
    (turn,) = folded(*door, *answered).turns
    assert [event.by for event in of(e.UserTurnCommitted, *door, *answered)] == ["text"]
    assert turn.began_at == 3.0


def test_a_commit_after_the_empty_transcript_is_a_turn_without_words() -> None:
    commit = received(1.7, "input_audio_buffer.committed", item_id="u1")
    late = (started(1.0, 1000), stopped(1.3, 1300), nothing_understood(1.6), commit)

    assert len(of(e.UserTurnCommitted, *late)) == len(of(e.UserTextMissing, *late)) == 1


def test_a_file_that_is_sent_fast_takes_no_more_memory_the_longer_it_is() -> None:
    """Frames by the thousand in a second: only as many are remembered as in two minutes of speech."""
    narrator = RealtimeNarrator()
    kept = []
    tracemalloc.start()
    try:
        for part in range(3):
            for number in range(10_000):
                at = (part * 10_000 + number) / 10_000
                narrator.narrate(sent(at, "input_audio_buffer.append", audio="AAAA"))
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert kept[-1] - kept[0] < 100_000

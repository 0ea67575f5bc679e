"""A recording as who said what when."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_cli.client import inputs as i
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.timeline import MAX_PICTURES, MIN_SUBTITLE_S, Timeline
from realtime_cli.recording.format import Header
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import record_conversation
from tests.recording.sample import b64, frame, local, received, record, sent


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return timeline(read(record_conversation(tmp_path_factory.mktemp("timeline") / "s.jsonl")))


def told(path: Path, *entries: Entry, **session: object) -> Timeline:
    record(path / "s.jsonl", list(entries), Header(session=session))
    return timeline(read(path / "s.jsonl"))


def test_everybody_s_words_stand_where_they_were_heard(whole: Timeline) -> None:
    said = [
        (each.speaker, round(each.begin_s, 1), round(each.end_s, 1), each.text[:8]) for each in whole.said
    ]
    assert said == [
        ("agent", 0.9, 2.5, "Hello, w"),
        ("user", 3.0, 4.5, "What tim"),
        ("agent", 5.5, 7.2, "In Oslo "),
        ("user", 7.0, 8.2, "Thank yo"),
        ("agent", 8.8, 10.0, "You are "),
        ("user", 12.0, 12.8, "And in R"),
        ("agent", 12.6, 13.5, "The same"),
    ]
    assert [each.aloud for each in whole.said] == [True] * 5 + [False, True]


def test_an_interrupted_answer_ends_with_what_was_heard_of_it(whole: Timeline) -> None:
    [cut] = [each for each in whole.said if each.cut_ms is not None]
    assert (cut.item_id, cut.cut_ms) == ("a3", 1700.0)
    assert cut.text.startswith("In Oslo it is")
    assert "weather" not in cut.text


def test_interruptions_and_notes_are_marks_on_the_clock(whole: Timeline) -> None:
    assert [(event.kind, event.text) for event in whole.events] == [
        ("interruption", "interrupted after 1700 ms (server_vad)"),
        ("note", "the good part"),
    ]


def test_tools_latencies_tokens_and_prices_come_along(whole: Timeline) -> None:
    assert [run.name for _, run in whole.tools] == ["clock"]
    assert len(whole.turn_usd) == len(whole.turns)
    assert whole.cost.total_usd is not None
    assert whole.cost.total_usd > 0
    assert whole.seconds >= 13.5


def test_a_log_that_tells_of_no_playing_has_sound_where_it_came_one_behind_the_other(tmp_path: Path) -> None:
    place = {"output_index": 0, "content_index": 0}
    entries: list[Entry] = []
    for number, at in ((1, 1.0), (2, 1.5)):
        ids = {"response_id": f"r{number}", "item_id": f"a{number}", **place}
        item = {"id": f"a{number}", "type": "message", "role": "assistant", "content": []}
        entries += [
            received(at, "response.created", response={"id": f"r{number}"}),
            received(at, "response.output_item.added", item=item, **ids),
            received(at, "response.output_audio.delta", delta=b64(frame(5) * 50), **ids),
            received(at, "response.output_audio_transcript.delta", delta=f"answer {number}", **ids),
            received(
                at + 0.1,
                "response.done",
                response={"id": f"r{number}", "status": "completed", "output": [item]},
            ),
        ]
    made = told(tmp_path, *entries)
    assert [(each.text, each.begin_s, each.end_s) for each in made.said] == [
        ("answer 1", 1.0, 2.0),
        ("answer 2", 2.0, 3.0),
    ]
    assert made.seconds == 3.0


def test_a_typed_word_stands_as_long_as_it_takes_to_read(tmp_path: Path) -> None:
    made = told(tmp_path, local(i.Typed(1.0, "Hi")), local(i.Typed(2.0, "x" * 30)))
    assert [(each.begin_s, each.end_s, each.aloud) for each in made.said] == [
        (1.0, 1.0 + MIN_SUBTITLE_S, False),
        (2.0, 4.0, False),
    ]


def test_what_has_no_words_says_what_it_was(tmp_path: Path) -> None:
    made = told(
        tmp_path,
        local(i.Typed(1.0, "", ("data:image/png;base64,AA==",))),
        received(2.0, "input_audio_buffer.committed", item_id="u1"),
        received(2.1, "response.created", response={"id": "r1", "conversation_id": "c"}),
    )
    assert [each.text for each in made.said] == ["[1 image(s)]", "[no transcript]"]


@pytest.mark.parametrize("ahead", [{"type": "completed", "transcript": ""}, {"type": "failed"}])
def test_words_that_come_late_stand_where_they_were_said(tmp_path: Path, ahead: dict[str, str]) -> None:
    kind = "conversation.item.input_audio_transcription."
    made = told(
        tmp_path,
        received(1.0, "input_audio_buffer.committed", item_id="u1"),
        received(1.1, kind + ahead.pop("type"), item_id="u1", content_index=0, **ahead),
        received(1.2, "response.created", response={"id": "r1", "conversation_id": "c"}),
        received(1.5, kind + "completed", item_id="u1", content_index=0, transcript="What is up?"),
    )
    assert [each.text for each in made.said] == ["What is up?"]


def shown(at: float, url: str) -> Entry:
    content = [{"type": "input_image", "image_url": url}, {"type": "input_text", "text": "Look!"}]
    return sent(at, "conversation.item.create", item={"type": "message", "role": "user", "content": content})


def test_pictures_are_those_that_were_sent(tmp_path: Path) -> None:
    uri = "data:image/png;base64,iVBORw0KGgo="
    made = told(
        tmp_path, local(i.VideoFrameCaptured(0.5, uri, 4, 4)), shown(1.0, uri), shown(2.0, "https://x/y.png")
    )
    assert [picture.at_s for picture in made.pictures] == [1.0]


def test_of_an_hour_of_video_there_are_some(tmp_path: Path) -> None:
    uris = (f"data:image/png;base64,{b64(bytes([n % 256, n // 256]))}" for n in range(2 * MAX_PICTURES + 1))
    made = told(tmp_path, *(shown(float(n), uri) for n, uri in enumerate(uris)))
    assert [picture.at_s for picture in made.pictures[:3]] == [0.0, 3.0, 6.0]


def test_what_went_wrong_is_on_the_clock(tmp_path: Path) -> None:
    items = (i.HeardItem("a", 0, 300.0, False), i.HeardItem("b", 0, 900.0, True))
    made = told(
        tmp_path,
        local(i.Noted(1.0, "debug", "x", "never")),
        local(i.Noted(2.0, "warning", "device", "The microphone clips.")),
        local(i.Disconnected(3.0, 1006)),
        received(4.0, "error", error={"type": "odd", "message": "It is odd."}),
        received(5.0, "error", error={"type": "odd"}),
        local(i.PlaybackStopped(6.0, "key", items, -30.0, -60.0)),
    )
    assert [(event.at_s, event.kind, event.text) for event in made.events] == [
        (2.0, "warning", "device: The microphone clips."),
        (3.0, "connection", "connection closed (1006)"),
        (4.0, "error", "It is odd."),
        (5.0, "error", "error"),
        (6.0, "interruption", "interrupted after 300 ms (key, microphone -30 dBFS, echo left -60 dBFS)"),
    ]

"""Frames shown to the agent: counted when they are sent, and in small."""

from __future__ import annotations

from rich.color import Color

from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.client.image_tokens import image_tokens
from realtime_cli.conversation.narrated import narrate
from realtime_cli.tui.video_panel import VideoPanel, thumbnail_rows
from tests.tui.scenes import local, looked_at, sent

RED, BLUE = "ff0000", "0000ff"
WIDTH = inputs.THUMBNAIL_COLUMNS


def shown(*entries: Entry) -> VideoPanel:
    panel = VideoPanel()
    for event in narrate(entries):
        panel.observe(event)
    return panel


def test_a_frame_counts_when_it_is_sent() -> None:
    seen, message = looked_at(1.0, thumbnail=RED, source="camera")
    panel = shown(seen)
    assert (panel.source, panel.sent, panel.thumbnail) == ("camera", 0, "")
    panel = shown(seen, message, message)
    assert (panel.sent, panel.tokens, panel.thumbnail) == (1, image_tokens(1024, 768, None), RED)


def test_a_closer_look_takes_more_tokens() -> None:
    glance, look = shown(*looked_at(1.0, detail="low")), shown(*looked_at(1.0, detail="high"))
    assert 0 < glance.tokens < look.tokens


def test_other_pictures_and_words_are_none_of_its_business() -> None:
    frame, _ = looked_at(1.0)
    _, other = looked_at(2.0)
    words = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look!"}]}
    sending = (sent(2.1, "conversation.item.create", item=words), sent(2.2, "response.create"))
    assert shown(frame, other, *sending).sent == 0


def test_a_source_that_has_nothing_to_show_keeps_its_name() -> None:
    frame, message = looked_at(1.0, source="camera")
    panel = shown(frame, local(inputs.VideoFrameCaptured(2.0, "")), message)
    assert (panel.source, panel.sent) == ("camera", 0)


def test_two_rows_of_pixels_make_a_line() -> None:
    [line] = thumbnail_rows(RED * WIDTH + BLUE * WIDTH)
    assert line.plain == "▀" * WIDTH
    colours = {
        (span.style.color, span.style.bgcolor) for span in line.spans if not isinstance(span.style, str)
    }
    assert colours == {(Color.from_rgb(255, 0, 0), Color.from_rgb(0, 0, 255))}


def test_what_is_no_whole_pair_of_rows_is_left_out() -> None:
    assert [
        len(thumbnail_rows(RED * count)) for count in (0, WIDTH, 2 * WIDTH - 1, 2 * WIDTH, 3 * WIDTH)
    ] == [
        0,
        0,
        0,
        1,
        1,
    ]

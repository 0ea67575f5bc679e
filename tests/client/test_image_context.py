"""Which frames are in the conversation, and when; as dialogues."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.image_tokens import image_tokens
from tests.client.dialogue import Dialogue, describe

JPEG = "data:image/jpeg;base64,/9j/"


class Watcher(Dialogue):
    """A dialogue that also tells what is asked of the eyes."""

    def _line(self, effect: effects.Effect) -> str | None:
        match effect:
            case effects.CaptureFrame():
                return "look"
            case effects.SetCapture():
                return f"watch {effect.on}"
            case effects.Send() if getattr(effect.event, "item", None):
                super()._line(effect)
                return f"{describe(self.sent[-1])} {self.sent[-1]['item'].get('id', '')}".rstrip()
        return super()._line(effect)

    def see(self, image: str = JPEG) -> list[str]:
        return self.give(inputs.VideoFrameCaptured, image, 640, 480)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [e["item"] for e in self.sent if str(e.get("item", {}).get("id")).startswith("frame_")]


def watching(when: str = "interval", **options: Any) -> Watcher:
    dialogue = Watcher(video_when=when, **options)
    dialogue.connect()
    return dialogue


def refuse(d: Watcher, event_id: str) -> list[str]:
    error = {"type": "invalid_request_error", "code": "invalid_value", "message": "no", "event_id": event_id}
    return d.server("error", error=error)


def test_a_frame_is_an_image_in_a_user_message_and_asks_for_nothing() -> None:
    d = watching(video_detail="low")
    assert d.see() == ["item.create user frame_1"]
    assert d.sent[-1]["item"] == {
        "id": "frame_1",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_image", "image_url": JPEG, "detail": "low"}],
    }


def test_the_newest_few_stay_the_others_are_deleted() -> None:
    d = watching(video_keep=2)
    assert [d.see() for _ in range(4)] == [
        ["item.create user frame_1"],
        ["item.create user frame_2"],
        ["item.create user frame_3", "item.delete frame_1"],
        ["item.create user frame_4", "item.delete frame_2"],
    ]


@pytest.mark.parametrize("keep", [1, 3])
def test_the_conversation_does_not_grow(keep: int) -> None:
    d = watching(video_keep=keep)
    for _ in range(50):
        d.see()
    deleted = [e for e in d.sent if e["type"] == "conversation.item.delete"]
    assert len(d.frames) - len(deleted) == keep


def test_it_asks_for_an_answer_where_the_mode_says_so_and_nobody_talks() -> None:
    d = watching(video_respond=True)
    assert d.see() == ["item.create user frame_1", "response.create"]
    d.agent_speaks()
    assert d.see() == ["item.create user frame_2"]


def test_paused_frames_are_dropped_not_queued() -> None:
    d = watching()
    assert d.give(inputs.Pressed, "video") == ["watch False"]
    assert d.see() == []
    assert d.give(inputs.Pressed, "video") == ["watch True"]
    assert d.see() == ["item.create user frame_1"]


def test_begun_paused() -> None:
    d = watching(video_start_paused=True)
    assert d.see() == []
    assert d.give(inputs.Pressed, "video") == ["watch True"]


def test_the_key_shows_one_frame_where_frames_wait_for_it() -> None:
    d = watching("on_key")
    assert d.give(inputs.Pressed, "video") == ["look"]
    assert d.see() == ["item.create user frame_1"]


def test_the_key_means_nothing_without_video() -> None:
    d = Watcher()
    d.connect()
    assert d.give(inputs.Pressed, "video") == []


def test_each_turn_begins_with_what_is_to_be_seen() -> None:
    d = watching("on_turn")
    assert d.server("input_audio_buffer.speech_started", item_id="U", audio_start_ms=0) == ["look"]
    assert d.see() == ["item.create user frame_1"]
    assert d.give(inputs.Typed, "What is this?") == ["look"]
    assert d.see() == ["item.create user frame_2", "item.create user", "response.create"]
    assert d.give(inputs.Typed, "And now?") == ["look"]
    assert d.see("") == ["item.create user"]  # there was nothing to be seen: the question goes on alone


def test_detail_changes_while_it_runs() -> None:
    d = watching()
    d.see()
    d.give(inputs.DetailChanged, "high")
    d.see()
    assert [frame["content"][0]["detail"] for frame in d.frames] == ["auto", "high"]


def test_a_refused_frame_is_forgotten_and_told_once() -> None:
    d = watching(video_keep=1)
    d.see()
    assert "note error server" in refuse(d, d.sent[-1]["event_id"])
    assert d.see() == ["item.create user frame_2"]  # nothing is left to delete
    assert refuse(d, d.sent[-1]["event_id"]) == []


def test_a_frame_that_the_server_had_forgotten_itself_is_no_trouble() -> None:
    d = watching(video_keep=1)
    d.see()
    frame = d.sent[-1]["item"]
    d.server("conversation.item.added", item=frame)
    d.see()
    d.server("conversation.item.deleted", item_id="frame_1")
    assert d.see()[-1] == "item.delete frame_2"


@pytest.mark.parametrize(("when", "asked"), [("on_change", ["watch True"]), ("interval", [])])
def test_a_new_socket_begins_without_frames(when: str, asked: list[str]) -> None:
    d = watching(when, video_keep=1)
    d.see()
    d.server("conversation.item.added", item=d.sent[-1]["item"])
    d.give(inputs.Disconnected, 1006, "gone")
    assert d.see() == []
    d.give(inputs.Connected, "ws://test", attempt=1)
    d.server("session.created", session={"type": "realtime"})
    lines = d.server("session.updated", session={"type": "realtime", **d.session.requested_session})
    assert [line for line in lines if line.startswith("watch")] == asked
    assert not [line for line in lines if "frame" in line]
    assert d.see() == ["item.create user frame_2"]  # and frame_1, of the old socket, is not deleted


def test_nothing_is_shown_before_the_settings_are_in_force() -> None:
    d = Watcher(video_when="interval")
    d.give(inputs.Connected, "ws://test")
    assert d.see() == []


def test_frames_keep_no_session_open() -> None:
    d = watching()
    d.at = 10.0
    d.give(inputs.MicrophoneEnded)
    for second in (10.5, 11.5, 12.5):
        d.at = second
        d.see()
        d.server("conversation.item.added", item=d.sent[-1]["item"])
        d.server("conversation.item.done", item=d.sent[-1]["item"])
        d.server("conversation.item.deleted", item_id="frame_0")
    assert d.give(inputs.TimerFired, "quiet") == ["close OK"]


def test_frames_are_no_progress_of_an_answer() -> None:
    d = watching(progress_timeout_s=20.0)
    d.give(inputs.Typed, "Well?")
    d.server("response.created", response={"id": "R", "status": "in_progress"})
    d.at = 19.5
    d.see()
    d.server("conversation.item.added", item=d.sent[-1]["item"])
    d.at = 20.0
    assert d.give(inputs.TimerFired, "progress") == ["note error response", "response.cancel"]


def test_a_picture_may_be_shown_without_a_question() -> None:
    d = watching()
    assert d.give(inputs.Typed, "", (JPEG,), "low", respond=False) == ["item.create user"]
    assert d.sent[-1]["item"]["content"] == [{"type": "input_image", "image_url": JPEG, "detail": "low"}]


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [
        (1024, 1024, "high", 765),  # the worked examples of the API's vision guide
        (2048, 4096, "high", 1105),
        (4096, 8192, "low", 85),
        (64, 48, "auto", 255),
        (0, 0, None, 85),
        (1, 4000, "high", 765),
    ],
)
def test_tokens_of_an_image(width: int, height: int, detail: str | None, tokens: int) -> None:
    assert image_tokens(width, height, detail) == tokens


def test_a_key_shows_a_frame_also_where_the_video_starts_paused() -> None:
    w = watching("on_key", video_start_paused=True)
    assert w.give(inputs.Pressed, "video") == ["look"]
    assert w.see() == ["item.create user frame_1"]


@pytest.mark.parametrize("where", ["code", "type"])
def test_an_image_that_the_service_refuses_leaves_the_conversation(where: str) -> None:
    w = watching()
    for image in ("I1", "I2"):
        content = [{"type": "input_image", "image_url": JPEG}]
        item = {"id": image, "type": "message", "role": "user", "content": content}
        w.server("conversation.item.added", item=item)
    w.server("response.created", response={"id": "R"})
    error = {"code": None, "type": None, "message": "Not safe.", where: "input_image_safety_violation"}
    lines = w.done(status="failed", status_details={"type": "failed", "error": error})
    assert lines == ["note error response", "item.delete I2", "note warning image"]

"""What is going on, in a word, entry by entry."""

from __future__ import annotations

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.conversation.status import Status
from realtime_cli.errors import ExitCode
from tests.tui.scenes import cut, heard, local, received, sent, writes

DONE = {"id": "R", "status": "completed"}
SPEECH = {"item_id": "U", "audio_start_ms": 0}
DELAYED = {"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False}}}}


def follows(*steps: tuple[Entry, str]) -> Status:
    """Each entry brings this word."""
    narrator, state = RealtimeNarrator(), Status()
    words = []
    for entry, _ in steps:
        for event in narrator.narrate(entry):
            state.observe(event)
        words.append(state.words)
    assert words == [word for _, word in steps]
    return state


def test_a_conversation() -> None:
    follows(
        (local(inputs.Connected(0, "ws://x")), "connecting"),
        (received(0.1, "session.created", session={"type": "realtime"}), "ready"),
        (local(inputs.MicrophoneFrame(0.2, b"")), "listening"),
        (received(1, "input_audio_buffer.speech_started", **SPEECH), "hearing you"),
        (received(2, "input_audio_buffer.speech_stopped", item_id="U", audio_end_ms=0), "thinking"),
        (received(3, "response.created", response={"id": "R"}), "thinking"),
        (local(effects.Play("A", 0, b"\0\0"), 3.5), "thinking"),
        (heard(4, "A", 100), "speaking"),
        (received(4.1, "response.done", response=DONE), "speaking"),
        (heard(5, "A", 900, to_end=True), "listening"),
        (local(inputs.MicrophoneEnded(6)), "ready"),
        (local(effects.Close(ExitCode.OK), 7), "ended"),
        (received(7.1, "response.created", response={"id": "R2"}), "ended"),
    )


def test_who_answers_by_itself_is_thinking_as_soon_as_the_user_is_silent() -> None:
    detects = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    committed = received(2, "input_audio_buffer.committed", item_id="U")
    follows((received(0, "session.updated", session=detects), "ready"), (committed, "thinking"))
    follows(
        (received(0, "session.updated", session={"audio": {"output": {}}}), "ready"), (committed, "thinking")
    )
    follows((received(0, "session.updated", session=DELAYED), "ready"), (committed, "ready"))


def test_an_answer_asked_for_is_thought_about_until_it_comes_or_is_refused() -> None:
    state = follows(
        (received(0, "session.created", session={}), "ready"),
        (sent(1, "response.create"), "thinking"),
        (received(1.1, "error", error={"code": "odd"}), "ready"),
        (sent(2, "response.create"), "thinking"),
        (received(2.1, "response.created", response={"id": "R"}), "thinking"),
        (writes(2.2, "A", "R", "Yes."), "writing"),
        (received(2.3, "response.done", response=DONE), "ready"),
    )
    assert not state.hears


def test_speech_that_was_thrown_away_is_heard_no_longer() -> None:
    follows(
        (received(0, "session.created", session={}), "ready"),
        (received(1, "input_audio_buffer.speech_started", **SPEECH), "hearing you"),
        (received(2, "input_audio_buffer.cleared"), "ready"),
    )


def test_an_interrupted_voice_is_silent() -> None:
    follows(
        (received(0, "session.created", session={}), "ready"),
        (heard(1, "A", 100), "speaking"),
        (cut(2, "A", 400), "ready"),
    )


def test_keys() -> None:
    state = follows(
        (received(0, "session.created", session={}), "ready"),
        (local(inputs.Pressed(1, "mute")), "muted"),
        (local(inputs.Noted(1.5, "info", "pause", "")), "paused"),
        (local(inputs.Noted(1.6, "info", "resume", "")), "muted"),
        (local(inputs.Pressed(2, "mute")), "ready"),
        (local(inputs.Pressed(3, "talk")), "hearing you"),
        (local(inputs.Pressed(4, "release")), "ready"),
        (local(inputs.Pressed(5, "video")), "ready"),
    )
    assert state.video_paused


def test_the_first_of_the_tools_that_run_is_named() -> None:
    follows(
        (received(0, "session.created", session={}), "ready"),
        (local(effects.CallTool("c1", "weather", "{}"), 1), "calling weather"),
        (local(effects.CallTool("c2", "clock", "{}"), 2), "calling weather"),
        (local(inputs.ToolFinished(3, "c1", "")), "calling clock"),
        (local(effects.CancelTool("c2"), 4), "ready"),
    )


def test_a_lost_connection_takes_all_that_was_going_on_with_it() -> None:
    follows(
        (received(0, "session.created", session={}), "ready"),
        (sent(1, "response.create"), "thinking"),
        (local(inputs.Disconnected(2, 1006)), "reconnecting"),
        (local(inputs.Connected(3, "ws://x", attempt=1)), "reconnecting"),
        (received(3.1, "session.created", session={}), "ready"),
    )

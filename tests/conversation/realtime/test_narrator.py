"""What is neither the user's nor the agent's: connection, settings, errors, notes, keys."""

from __future__ import annotations

import time
from typing import Any

import pytest

from realtime_cli.client import effects as fx
from realtime_cli.client import inputs as i
from realtime_cli.client.bounded_dict import REMEMBERED_IDS
from realtime_cli.client.conversation import MAX_ITEMS
from realtime_cli.client.entry import Entry
from realtime_cli.conversation import events as e
from realtime_cli.conversation.narrated import narrate
from realtime_cli.conversation.realtime import RealtimeNarrator
from realtime_cli.errors import ExitCode
from tests.bench.bench_recording import one_turn
from tests.conversation.telling import begun, done, live, of, told
from tests.kit.sizes import sizes
from tests.recording.sample import heard, local, received, sent
from tests.tui.scenes import answer, says


def test_a_connection_is_up_when_the_server_answers() -> None:
    events = told(
        local(i.Connected(0.0, "ws://test", 0, 100.0)),
        received(0.2, "session.created", session={}),
        local(i.Disconnected(1.0, 1006, "gone")),
        local(i.Disconnected(1.5, 1006)),
        local(i.Connected(2.0, "ws://test", 2, 200.0)),
        received(2.3, "session.created", session={}),
    )

    assert [event for event in events if not isinstance(event, e.SettingsInForce)] == [
        e.ConnectionUp(0.2, 100.0),
        e.ConnectionLost(1.0, 1006, "gone"),
        e.ConnectionLost(1.5, 1006),
        e.ConnectionRenewed(2.3, 2, 200.0),
    ]


def test_the_settings_in_force() -> None:
    session = {"type": "realtime", "model": "m", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    (defaults, ours) = of(
        e.SettingsInForce,
        received(0, "session.created", session=session),
        received(0.1, "session.updated", session={}),
    )

    assert (defaults.defaults, defaults.model, defaults.input_format) == (True, "m", "audio/pcmu")
    assert (ours.defaults, ours.output_format, ours.answers_by_itself, ours.transcribes) == (
        False,
        "audio/pcm",
        True,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"error": {"code": "bad", "message": "No."}}, "bad", "No."),
        ({"error": {"type": "server_error"}}, "server_error", ""),
        ({"error": "No."}, "error", "No."),
        ({"code": "bad", "message": "No."}, "bad", "No."),
        ({}, "error", ""),
    ],
)
def test_errors_as_servers_tell_them(fields: dict[str, Any], code: str, message: str) -> None:
    (error,) = of(e.ErrorReported, received(1, "error", **fields))

    assert (error.code, error.message) == (code, message)


def test_in_a_bare_log_an_error_is_a_notice_too_unless_it_was_to_be_expected() -> None:
    bad = received(1, "error", error={"code": "bad", "message": "No."})
    race = received(1, "error", error={"code": "response_cancel_not_active"})
    failed = done(1.5, status="failed", status_details={"error": {"code": "x", "message": "Broken"}})

    assert [event.text for event in of(e.NoticeIssued, bad, race)] == ["No. (bad)"]
    assert [event.expected for event in of(e.ErrorReported, bad, race)] == [False, True]
    assert of(e.NoticeIssued, live(), bad, begun(1.2), failed) == []  # the client tells it there
    assert [event.text for event in of(e.NoticeIssued, begun(1.2), failed)] == [
        "The answer failed: Broken (x)"
    ]


def test_notes_pauses_and_marks_of_scripts() -> None:
    events = told(
        local(i.Noted(1, "info", "note", "here")),
        local(i.Noted(2, "info", "pause", "Paused.")),
        local(i.Noted(3, "info", "resume", "")),
        local(i.Noted(4, "debug", "script", "turn 1", {"mark": "turn", "turn": 1})),
        local(i.Noted(5, "warning", "device", "gone", {"n": 1})),
    )

    assert [event for event in events if not isinstance(event, e.NoticeIssued)] == [
        e.NoteTaken(1, "here"),
        e.ConversationPaused(2, True),
        e.ConversationPaused(3, False),
        e.ScriptAnnotated(4, "turn", {"mark": "turn", "turn": 1}),
    ]
    assert [event.topic for event in of(e.NoticeIssued, local(i.Noted(5, "warning", "device", "gone")))] == [
        "device"
    ]


def test_keys_microphone_and_end() -> None:
    events = told(
        heard(0.1, 1),
        heard(0.12, 1),
        local(i.Pressed(1, "mute")),
        local(i.Pressed(2, "mute")),
        local(i.MicrophoneEnded(3)),
        local(fx.Close(ExitCode.LIMIT, "Too long.", "Raise it."), 4),
    )

    assert events == [
        e.MicrophoneOpened(0.1),
        e.KeyPressed(1, "mute"),
        e.MicrophoneMuted(1, True),
        e.KeyPressed(2, "mute"),
        e.MicrophoneMuted(2, False),
        e.MicrophoneClosed(3),
        e.SessionEnded(4, 6, "Too long.", "Raise it."),
    ]


def test_what_a_user_asks_of_the_session() -> None:
    patch, event = {"instructions": "Be brief."}, {"type": "response.create"}

    assert told(local(i.SettingsChanged(1, patch)), local(i.RawEvent(2, event))) == [
        e.SettingsRequested(1, patch),
        e.RawEventRequested(2, event),
    ]


def test_every_server_event_is_named_and_unknown_ones_harm_nobody() -> None:
    entries = [
        begun(1.0),
        received(1.1, "vendor.thing", odd=[1]),
        received(
            1.2,
            "rate_limits.updated",
            rate_limits=[{"name": "tokens", "limit": 10, "remaining": 1, "reset_seconds": 2.5}],
        ),
    ]
    seen = [event for event in narrate(entries) if isinstance(event, e.ServerEventSeen)]

    assert [(event.name, event.response_id) for event in seen] == [
        ("response.created", "r1"),
        ("vendor.thing", ""),
        ("rate_limits.updated", ""),
    ]
    assert of(e.RateLimitReported, *entries) == [e.RateLimitReported(1.2, "tokens", 10, 1, 2.5)]


def test_levels_and_the_state_of_the_sound() -> None:
    assert told(local(i.Levels(1, -30.0, -40.0)), local(i.SoundState(2, "full", -60.0, 1))) == [
        e.LevelsMeasured(1, -30.0, -40.0),
        e.SoundMeasured(2, "full", -60.0, 1),
    ]


def test_an_hour_is_narrated_in_a_few_seconds() -> None:
    """Five minutes here; frames of the microphone are nearly all of it."""
    entries: list[Entry] = [entry for n in range(25) for entry in one_turn(n * 12.0, n)]
    narrator = RealtimeNarrator()
    began = time.process_time()
    told = sum(len(narrator.narrate(entry)) for entry in entries)

    assert told > 1000
    assert (time.process_time() - began) * 12 < 5.0


def test_nothing_is_told_of_frames_that_are_sent() -> None:
    assert RealtimeNarrator().narrate(sent(0.1, "input_audio_buffer.append", audio="AAAA")) == ()


def test_a_long_session_remembers_no_more_ids_than_its_last_ones() -> None:
    narrator = RealtimeNarrator()
    for number in range(REMEMBERED_IDS + 60):
        at, user, agent = 3.0 * number, f"U{number}", f"A{number}"
        for entry in [
            *says(at, user, "What time is it?"),
            *answer(at + 1.1, agent, f"R{number}", "Noon.", 200),
        ]:
            narrator.narrate(entry)
    held = sizes(narrator)
    assert len(held) > 20
    history = held.pop("._items._known")  # which comes again on a new socket
    assert history <= MAX_ITEMS
    assert max(held.values()) == REMEMBERED_IDS, held

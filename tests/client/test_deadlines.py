"""What ends by the clock."""

from __future__ import annotations

from realtime_cli.client import inputs
from tests.client.dialogue import Dialogue


def asked(**options: object) -> Dialogue:
    """An answer was asked for at 1 s."""
    d = Dialogue(**options)
    d.connect()
    d.at = 1.0
    d.give(inputs.Typed, "Well?")
    return d


# -- limits ---------------------------------------------------------------------------------------


def test_the_session_ends_gracefully_with_its_exit_code() -> None:
    d = Dialogue(limit_minutes=1.0)
    d.connect()
    d.at = 49.0
    assert d.give(inputs.TimerFired, "limits") == ["note warning limits"]
    d.at = 61.0
    d.agent_speaks()
    assert d.give(inputs.TimerFired, "limits") == ["note warning limits"]
    d.done()
    assert d.give(inputs.Played, "A", 0, 1000.0, True) == []
    assert d.give(inputs.TimerFired, "limits") == ["close LIMIT"]


def test_a_talk_that_does_not_end_is_ended_all_the_same() -> None:
    d = Dialogue(limit_minutes=1.0)
    d.connect()
    d.agent_speaks()
    d.at = 61.0
    d.give(inputs.TimerFired, "limits")
    d.at = 75.0
    assert d.give(inputs.TimerFired, "limits") == ["close LIMIT"]


def test_nobody_is_idle_while_a_long_answer_is_heard_or_the_user_speaks() -> None:
    """Its sound came in one burst: nothing more is received while it plays."""
    d = Dialogue(limit_idle_minutes=1.0)
    d.connect()
    d.agent_speaks(ms=120_000)
    d.done()
    for d.at in range(1, 121):
        d.give(inputs.Played, "A", 0, 1000.0 * d.at, d.at == 120)
        assert d.give(inputs.TimerFired, "limits") == []
    d.server("input_audio_buffer.speech_started", audio_start_ms=0, item_id="U")
    d.at = 240
    assert d.give(inputs.TimerFired, "limits") == []
    d.server("input_audio_buffer.speech_stopped", audio_end_ms=0, item_id="U")
    d.at = 289
    assert d.give(inputs.TimerFired, "limits") == ["note warning limits"]
    d.at = 301
    assert d.give(inputs.TimerFired, "limits") == ["close LIMIT"]


def test_at_the_limit_nothing_more_is_asked_for() -> None:
    d = asked(limit_minutes=1.0)
    d.server("response.created", response={"id": "R"})
    d.give(inputs.Typed, "And then?")
    d.at = 61.0
    d.give(inputs.TimerFired, "limits")
    assert d.done("R") == ["close LIMIT"]


# -- answers that do not come ---------------------------------------------------------------------


def test_an_answer_without_progress_is_given_up() -> None:
    d = asked(progress_timeout_s=30.0)
    d.server("response.created", response={"id": "R"})
    d.at = 31.5
    assert d.give(inputs.TimerFired, "progress") == ["note error response", "response.cancel"]
    assert d.session.idle


def test_a_request_that_nobody_answers_is_given_up_without_a_word_to_the_server() -> None:
    d = asked(progress_timeout_s=30.0)
    d.at = 31.5
    assert d.give(inputs.TimerFired, "progress") == ["note error response"]
    assert d.session.idle


def test_whatever_the_server_tells_is_progress() -> None:
    d = asked(progress_timeout_s=30.0)
    d.agent_speaks()
    d.at = 30.0
    d.sound()
    d.at = 31.5
    assert d.give(inputs.TimerFired, "progress") == []
    d.at = 60.5
    assert d.give(inputs.TimerFired, "progress") == ["note error response", "response.cancel", "end A"]


def test_what_was_asked_meanwhile_is_asked_for_when_an_answer_is_given_up() -> None:
    d = asked(progress_timeout_s=30.0)
    d.server("response.created", response={"id": "R"})
    d.give(inputs.RawEvent, {"type": "response.create", "response": {"instructions": "Go on."}})
    d.at = 31.5
    assert d.give(inputs.TimerFired, "progress") == [
        "note error response",
        "response.cancel",
        "response.create",
    ]


def test_an_answer_that_stops_without_a_word_is_heard_and_what_comes_later_is_not() -> None:
    d = Dialogue(progress_timeout_s=30.0)
    d.connect()
    d.agent_speaks(ms=2000)
    d.at = 30.5
    assert d.give(inputs.TimerFired, "progress") == ["note error response", "response.cancel", "end A"]
    assert d.sound() == []
    assert not d.session.idle
    d.give(inputs.Played, "A", 0, 2000.0, True)
    assert d.session.idle


def test_an_out_of_band_answer_without_progress_is_given_up_too() -> None:
    d = Dialogue(progress_timeout_s=30.0)
    d.connect()
    d.give(inputs.RawEvent, {"type": "response.create", "response": {"conversation": "none"}})
    d.at = 30.5
    assert d.give(inputs.TimerFired, "progress") == ["note error response"]
    assert d.session.idle


def test_a_call_of_an_answer_that_was_given_up_is_answered_all_the_same() -> None:
    d = Dialogue(progress_timeout_s=30.0)
    d.connect()
    d.server("response.created", response={"id": "R"})
    call = {
        "id": "F",
        "type": "function_call",
        "call_id": "1",
        "name": "clock",
        "arguments": "{}",
        "status": "completed",
    }
    d.server("response.output_item.done", response_id="R", output_index=0, item=call)
    assert d.give(inputs.ToolFinished, "1", "noon") == ["item.create function_call_output"]
    d.at = 30.5
    assert d.give(inputs.TimerFired, "progress") == [
        "note error response",
        "response.cancel",
        "response.create",
    ]


def test_nobody_waits_where_nothing_was_asked() -> None:
    d = Dialogue()
    d.connect()
    d.at = 100.0
    assert d.give(inputs.TimerFired, "progress") == []


# -- the end of the input -------------------------------------------------------------------------


def test_the_end_of_the_input_ends_the_session_when_all_is_said() -> None:
    d = Dialogue()
    d.connect()
    d.give(inputs.MicrophoneEnded)
    d.at = 1.0
    d.agent_speaks()
    d.done()
    d.at = 3.5
    assert d.give(inputs.TimerFired, "quiet") == []
    d.give(inputs.Played, "A", 0, 1000.0, True)
    assert d.give(inputs.TimerFired, "quiet") == ["close OK"]


def test_the_server_gets_a_moment_to_answer_the_last_words() -> None:
    d = Dialogue()
    d.connect()
    d.at = 10.0
    d.give(inputs.MicrophoneEnded)
    d.at = 11.9
    assert d.give(inputs.TimerFired, "quiet") == []
    d.at = 12.0
    assert d.give(inputs.TimerFired, "quiet") == ["close OK"]


def test_a_server_that_owes_the_last_answer_is_waited_for() -> None:
    d = Dialogue()
    d.connect()
    d.at = 10.0
    d.server("input_audio_buffer.committed", item_id="U")
    d.give(inputs.MicrophoneEnded)
    d.at = 19.0
    assert d.give(inputs.TimerFired, "quiet") == []
    d.at = 20.0
    assert d.give(inputs.TimerFired, "quiet") == ["close OK", "note warning lost"]
    assert d.session.answers_lost == 1


def test_an_answer_that_is_never_said_to_begin_is_an_answer() -> None:
    d = Dialogue()
    d.connect()
    d.server("input_audio_buffer.committed", item_id="U")
    d.give(inputs.MicrophoneEnded)
    d.server("response.done", response={"id": "R", "status": "completed"})
    d.at = 2.0
    assert d.give(inputs.TimerFired, "quiet") == ["close OK"]
    assert d.session.answers_lost == 0


# -- what a server forgets to say ------------------------------------------------------------------


def test_an_answer_of_the_server_means_that_the_user_has_spoken() -> None:
    d = Dialogue()
    d.connect()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.agent_speaks()
    d.done()
    d.give(inputs.Played, "A", 0, 1000.0, True)
    assert d.session.idle


def test_a_file_ends_though_the_server_never_says_that_the_speech_did() -> None:
    d = Dialogue()
    d.connect()
    d.server("input_audio_buffer.speech_started", item_id="U")
    d.give(inputs.MicrophoneEnded)
    d.at = 9.0
    assert d.give(inputs.TimerFired, "quiet") == []
    d.at = 10.1
    assert d.give(inputs.TimerFired, "quiet") == ["note warning lost", "close OK"]
    assert d.session.answers_lost == 1


def test_a_user_who_never_stops_speaking_is_idle_in_the_end() -> None:
    d = Dialogue(limit_idle_minutes=1.0)
    d.connect()
    d.server("input_audio_buffer.speech_started", item_id="U")
    for d.at in range(10, 300, 10):
        assert d.give(inputs.TimerFired, "limits") == []
    lines: list[str] = []
    for d.at in range(300, 400, 10):
        lines += d.give(inputs.TimerFired, "limits")
    assert lines[-1] == "close LIMIT"


def test_in_the_grace_of_a_limit_no_turn_begins() -> None:
    d = Dialogue(limit_minutes=1.0)
    d.connect()
    d.agent_speaks()
    d.at = 61.0
    d.give(inputs.TimerFired, "limits")
    assert d.give(inputs.MicrophoneFrame, bytes(960)) == []
    assert "response.create" not in d.give(inputs.Typed, "And then?")
    d.done(status="cancelled")
    assert d.server("response.created", response={"id": "VAD"}) == ["response.cancel"]

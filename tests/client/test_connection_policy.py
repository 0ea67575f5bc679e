"""The life of the connection: opened, lost and had again, changed before it expires."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.client import effects, inputs
from realtime_cli.client.waits import MAX_RETRY_AFTER_S, STABLE_S
from tests.client.dialogue import Dialogue

HOUR_S = 3600.0


class Talk(Dialogue):
    """A dialogue that keeps the pauses before each new socket, and when the next one is due."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pauses_s: list[float] = []
        self.renewal_at: float | None = None
        self.closed = ("?", "?")  # reason and remedy

    def _line(self, effect: effects.Effect) -> str | None:
        if isinstance(effect, effects.Reconnect):
            self.pauses_s.append(effect.at - self.at)
        if isinstance(effect, effects.SetTimer) and effect.name == "rotate":
            self.renewal_at = effect.at
        if isinstance(effect, effects.Close):
            self.closed = (effect.reason, effect.remedy)
        return super()._line(effect)


def talk(**options: Any) -> Talk:
    made = Talk(**options)
    made.connect()
    return made


def expiring(after_s: float = HOUR_S) -> Talk:
    """A session that the server ends so long after the connection."""
    made = Talk()
    made.give(inputs.Connected, "ws://x", 0, 1_000_000.0)
    made.server("session.created", session={"type": "realtime", "expires_at": 1_000_000 + int(after_s)})
    made.server("session.updated", session={"type": "realtime"})
    return made


def test_goes_on_without_session_updated() -> None:
    d = Dialogue()
    d.give(inputs.Connected, "ws://x")
    d.server("session.created", session={})
    assert d.give(inputs.TimerFired, "settings") == ["note warning settings"]
    assert d.session.ready


def test_a_silent_server_is_given_up() -> None:
    d = Dialogue()
    d.give(inputs.Connected, "ws://x")
    assert d.give(inputs.TimerFired, "first_event") == ["close CONNECTION"]


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012])
def test_a_lost_connection_comes_back_with_its_history(code: int) -> None:
    d = talk()
    d.give(inputs.Typed, "What is the time?")
    d.agent_speaks()
    d.agent_says("It is noon.")
    d.done()
    user = {
        "id": "U",
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "What is the time?"}],
    }
    d.server("conversation.item.added", item=user, previous_item_id=None)
    assert d.give(inputs.Disconnected, code, "gone") == ["end A", "note warning reconnect", "reconnect"]
    d.give(inputs.Connected, "ws://x", 1)
    d.server("session.created", session={})
    assert d.server("session.updated", session={}) == [
        "note info reconnect",
        "item.create assistant",
        "item.create user",
    ]


def test_refused_connections_are_not_tried_again() -> None:
    d = talk()
    assert d.give(inputs.Disconnected, 4000, "invalid_request_error.invalid_model") == ["close CONNECTION"]


def test_reconnecting_ends_after_so_many_tries() -> None:
    d = talk()
    for _ in range(5):
        assert "reconnect" in d.give(inputs.Disconnected, 1006, "")
    assert d.give(inputs.Disconnected, 1006, "") == ["close CONNECTION"]


@pytest.mark.parametrize(("kind", "goes_on"), [("realtime", True), ("transcription", False)])
def test_only_a_conversation_goes_on_from_its_recording(kind: str, goes_on: bool) -> None:
    class Told(Talk):
        def _line(self, effect: effects.Effect) -> str | None:
            return effect.remedy if isinstance(effect, effects.Close) else super()._line(effect)

    d = Told(patch={"type": kind}, reconnect_tries=0)
    d.connect()
    (remedy,) = d.give(inputs.Disconnected, 1006, "")
    assert remedy.startswith("Check the network and the server")
    assert ("--continue" in remedy) == goes_on


def test_pauses_double_to_a_longest_one_with_some_jitter() -> None:
    d = talk(reconnect_tries=6, reconnect_first_s=1.0, reconnect_longest_s=8.0)
    for _ in range(6):
        d.give(inputs.Disconnected, 1006)
    for pause_s, plain_s in zip(d.pauses_s, (1, 2, 4, 8, 8, 8), strict=True):
        assert 0.75 * plain_s <= pause_s <= 1.25 * plain_s
    assert len({round(pause_s, 6) for pause_s in d.pauses_s[3:]}) == 3


@pytest.mark.parametrize(("asked_s", "pause_s"), [(20.0, 20.0), (3600.0, MAX_RETRY_AFTER_S)])
def test_a_server_may_ask_for_a_longer_pause_but_not_for_any(asked_s: float, pause_s: float) -> None:
    d = talk()
    d.give(inputs.Disconnected, 1013, "", asked_s)
    assert d.pauses_s == [pause_s]


def test_a_connection_that_held_is_no_failure_and_one_that_did_not_is() -> None:
    d = talk(reconnect_tries=1)
    for attempt in range(1, 4):
        d.at += STABLE_S
        assert "reconnect" in d.give(inputs.Disconnected, 1006)
        d.give(inputs.Connected, "ws://x", attempt)
        d.server("session.created", session={})
        d.server("session.updated", session={})
    d.at += STABLE_S / 2
    assert d.give(inputs.Disconnected, 1006) == ["close CONNECTION"]


# -- what was going on when the socket was lost ----------------------------------------------------


def back(d: Dialogue) -> list[str]:
    """A new socket, with its settings in force; what the session does then."""
    d.give(inputs.Connected, "ws://x", 1)
    d.server("session.created", session={})
    return d.server("session.updated", session={})


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012])
def test_an_answer_that_broke_off_is_asked_for_again_without_its_torso(code: int) -> None:
    d = talk()
    d.give(inputs.Typed, "What is the capital of Peru?")
    d.agent_speaks()
    d.agent_says("The capital of")
    d.give(inputs.Disconnected, code)
    assert back(d) == ["note info reconnect", "item.create user", "response.create"]


def test_an_answer_that_was_partly_heard_is_not_begun_anew() -> None:
    d = talk()
    d.give(inputs.Typed, "What is the capital of Peru?")
    d.agent_speaks()
    d.give(inputs.Played, "A", 0, 40.0)
    assert d.give(inputs.Disconnected, 1006)[0] == "note warning lost"
    assert "response.create" not in back(d)


def test_a_request_that_had_not_begun_is_made_again_once() -> None:
    d = talk()
    d.give(inputs.Typed, "What is the capital of Peru?")
    d.give(inputs.Disconnected, 1006)
    assert back(d) == ["note info reconnect", "item.create user", "response.create"]


def test_an_answer_that_the_user_interrupted_is_not_asked_for_again() -> None:
    d = talk()
    d.give(inputs.Typed, "What is the capital of Peru?")
    d.agent_speaks()
    d.give(inputs.Pressed, "interrupt")
    d.stopped(("A", 10, False), cause="key")
    d.give(inputs.Disconnected, 1006)
    assert "response.create" not in back(d)


def test_the_servers_own_answer_is_asked_for_if_the_words_of_the_user_are_known() -> None:
    d = talk()
    d.server("input_audio_buffer.committed", item_id="U")
    d.server(
        "conversation.item.input_audio_transcription.completed", item_id="U", transcript="What time is it?"
    )
    d.give(inputs.Disconnected, 1006)
    assert back(d) == ["note info reconnect", "item.create user", "response.create"]


def test_words_that_were_not_written_down_yet_are_lost_and_the_user_is_told() -> None:
    d = talk()
    d.server("input_audio_buffer.committed", item_id="U")
    d.server("response.created", response={"id": "R"})
    d.give(inputs.Disconnected, 1006)
    assert back(d) == ["note warning lost", "note info reconnect"]


@pytest.mark.parametrize("background", [False, True])
def test_an_answer_for_which_a_tool_has_begun_is_not_asked_for_again(background: bool) -> None:
    d = talk(tools_not_awaited=("clock",) if background else ())
    d.give(inputs.Typed, "What time is it?")
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
    lost = d.give(inputs.Disconnected, 1006)
    assert (lost[0] == "note warning lost" and len(lost) == 3) is background
    assert "response.create" not in back(d)
    assert "response.create" in d.give(inputs.ToolFinished, "1", "noon")


@pytest.mark.parametrize("owed", [True, False])
def test_a_regular_close_is_a_good_end_only_if_nobody_waits_for_an_answer(owed: bool) -> None:
    d = talk()
    if owed:
        d.give(inputs.Typed, "Well?")
    assert d.give(inputs.Disconnected, 1000) == ["close SESSION" if owed else "close OK"]


def test_a_regular_close_ahead_of_any_session_is_no_good_end() -> None:
    d = Dialogue()
    d.give(inputs.Connected, "ws://x", 0, 1_000_000.0)
    assert d.give(inputs.Disconnected, 1000, "bye") == ["close CONNECTION"]


# -- before the server ends the session -----------------------------------------------------------


def test_the_sockets_change_in_a_pause_and_no_sound_is_lost() -> None:
    d = expiring()
    d.at = HOUR_S - 120.0
    assert d.give(inputs.TimerFired, "rotate") == ["note info rotate", "reconnect"]
    assert d.pauses_s == [0.0]
    d.give(inputs.Disconnected, 1000)
    assert d.give(inputs.MicrophoneFrame, bytes(960)) == []
    d.give(inputs.Connected, "ws://x", 1, 1_000_000.0 + HOUR_S)
    d.server("session.created", session={})
    assert d.server("session.updated", session={}) == ["note info reconnect", "buffer.append 960"]


@pytest.mark.parametrize("ago_s", [-1, 1, HOUR_S])
def test_a_session_that_is_over_before_it_began_shows_a_wrong_clock_not_an_end(ago_s: float) -> None:
    assert expiring().renewal_at
    assert expiring(-ago_s).renewal_at is None


def test_an_answer_is_heard_out_unless_it_is_high_time() -> None:
    d = expiring()
    d.at = HOUR_S - 120.0
    d.agent_speaks()
    assert d.give(inputs.TimerFired, "rotate") == []
    d.at = HOUR_S - 5.0
    assert d.give(inputs.TimerFired, "rotate") == ["note info rotate", "reconnect"]


def test_a_server_that_is_gone_while_the_sockets_change_is_tried_again_like_any() -> None:
    d = expiring()
    d.at = HOUR_S - 120.0
    d.give(inputs.TimerFired, "rotate")
    d.give(inputs.Disconnected, 1000)
    assert d.give(inputs.Disconnected, 1006) == ["note warning reconnect", "reconnect"]


def test_who_was_never_connected_is_told_the_first_failure_by_the_loop_alone() -> None:
    for tries in (0, 1):
        d = Talk(reconnect_tries=tries)
        for _ in range(tries + 1):
            said = d.give(inputs.Disconnected, 1006, "Nothing is listening.")
        assert said == ["close CONNECTION"]
        assert d.closed == ("", "")


@pytest.mark.parametrize(
    ("tries", "reason"),
    [
        (0, "The connection was lost (1006 gone)."),
        (1, "The connection was lost (1006 gone) and 1 attempt to reconnect failed."),
    ],
)
def test_a_lost_connection_says_how_often_it_was_tried(tries: int, reason: str) -> None:
    d = talk(reconnect_tries=tries)
    for _ in range(tries + 1):
        d.give(inputs.Disconnected, 1006, "gone")
    assert d.closed[0] == reason

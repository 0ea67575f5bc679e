"""What is shown of what others say back: everything but the secrets."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.conversation import events as e
from realtime_cli.errors import ExitCode
from realtime_cli.loop import Outcome

SECRET = "correct horse battery"
HIDING = OutputRedaction([SECRET])


@pytest.mark.parametrize(
    "value",
    [
        e.NoticeIssued(1.0, "error", "server", f"No entry with {SECRET}.", {"said": SECRET}),
        e.ErrorReported(1.0, "bad_key", f"{SECRET} is wrong"),
        e.ConnectionLost(1.0, 1008, f"{SECRET} is wrong"),
        e.ToolProgressed(1.0, 1, "c1", f"trying {SECRET}"),
        e.ToolEnded(1.0, 1, "c1", "env", "done", f"env: {SECRET}"),
        e.ItemCreated(1.0, "i1", {"type": "function_call_output", "output": f"env: {SECRET}"}),
        e.SessionEnded(1.0, ExitCode.SESSION, f"refused {SECRET}", f"change {SECRET}"),
    ],
)
def test_what_others_said_is_shown_without_the_secret(value: Any) -> None:
    shown = HIDING.event(value)
    assert SECRET not in repr(shown)
    assert "***" in repr(shown)
    assert type(shown) is type(value)


def test_what_looks_like_a_secret_is_hidden_though_nobody_told_us_of_it() -> None:
    session = {"tools": [{"type": "mcp", "headers": {"X-Key": "abc123def456"}}]}
    shown = HIDING.event(e.ToolEnded(1.0, 1, "c1", "env", "done", "Authorization: Bearer abc123def456"))
    assert "abc123def456" not in repr(shown)
    shown = HIDING.event(e.SettingsInForce(1.0, False, None, "", "", None, False, False, session))
    assert "abc123def456" not in repr(shown)


@pytest.mark.parametrize(
    "event",
    [e.UserTextFinal(1.0, 1, SECRET, spoken=False), e.NoticeIssued(1.0, "info", "note", "plain", {"n": 1})],
)
def test_what_the_user_said_and_what_hides_nothing_is_the_same_event(event: Any) -> None:
    assert HIDING.event(event) is event


def test_a_reader_behind_it_sees_no_secret() -> None:
    class Seeing:
        def __init__(self) -> None:
            self.events: list[e.ConversationEvent] = []

        def observe(self, event: e.ConversationEvent) -> None:
            self.events.append(event)

    seeing = Seeing()
    masked = HIDING.before(seeing)
    masked.observe(e.NoticeIssued(1.0, "error", "server", SECRET))
    masked.observe(e.KeyPressed(2.0, "mute"))
    assert seeing.events == [e.NoticeIssued(1.0, "error", "server", "***"), e.KeyPressed(2.0, "mute")]


def test_the_outcome_keeps_its_exit_code() -> None:
    outcome = HIDING.outcome(Outcome(ExitCode.CONNECTION, f"No: {SECRET}", f"Not {SECRET}"))
    assert (outcome.exit_code, outcome.reason, outcome.remedy) == (ExitCode.CONNECTION, "No: ***", "Not ***")

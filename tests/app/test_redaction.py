"""What is shown of what others say back: everything but the secrets."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.app.redaction import MAX_SHOWN_CHARS, OutputRedaction
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


class Shown:
    def __init__(self) -> None:
        self.text = ""
        self.final = ""

    def observe(self, event: e.ConversationEvent) -> None:
        if isinstance(event, e.AgentTextPartial):
            self.text += event.delta
        elif isinstance(event, e.AgentTextFinal):
            self.final = event.text


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_secret_that_the_agent_says_in_pieces_is_never_shown(size: int) -> None:
    shown, said = Shown(), f"The password is {SECRET}, or correct horse stable."
    reader = HIDING.before(shown)
    for at in range(0, len(said), size):
        reader.observe(e.AgentTextPartial(1.0, 1, "r", "i", 0, said[at : at + size], voice=False))
    reader.observe(e.AgentTextFinal(1.0, 1, "r", "i", 0, said, voice=False))
    assert shown.text == shown.final == "The password is ***, or correct horse stable."


def test_the_begin_of_what_is_no_secret_is_shown_when_the_answer_is_over() -> None:
    shown = Shown()
    reader = HIDING.before(shown)
    reader.observe(e.AgentTextPartial(1.0, 1, "r", "i", 0, "That is correct", voice=False))
    assert shown.text == "That is ", "correct may be the beginning of the password"
    reader.observe(e.AgentResponseEnded(1.0, 1, "r", "completed"))
    assert shown.text == "That is correct"


@pytest.mark.parametrize("size", [1, 3, 50])
def test_a_secret_that_comes_as_what_the_user_said_is_never_shown(size: int) -> None:
    heard: list[Any] = []

    class Reading:
        def observe(self, event: e.ConversationEvent) -> None:
            heard.append(event)

    said = f"My password is {SECRET}, right?"
    reader = HIDING.before(Reading())
    for end in range(size, len(said) + size, size):
        reader.observe(e.UserTextPartial(1.0, 1, "i", said[end - size : end], said[:end]))
    reader.observe(e.UserTextFinal(1.0, 1, said, spoken=True, item_id="i"))
    shown = "My password is ***, right?"
    assert "".join(event.delta for event in heard[:-1]) == heard[-2].text == heard[-1].text == shown
    assert not any("correct ho" in event.text for event in heard)


def test_of_a_text_of_20_mb_the_beginning_is_shown_and_its_secrets_are_not() -> None:
    text = "hunter2secret " + "some words " * 1_800_000
    item = {"id": "a", "content": [{"type": "output_text", "text": text}]}
    redaction = OutputRedaction(["hunter2secret"])

    notice = redaction.event(e.NoticeIssued(0.0, "error", "server", text))
    created = redaction.event(e.ItemCreated(0.0, "a", item))
    assert isinstance(notice, e.NoticeIssued)
    assert isinstance(created, e.ItemCreated)
    for shown in (notice.text, created.item["content"][0]["text"]):
        assert shown.startswith("*** some words")
        assert shown.endswith(" more characters)")
        assert len(shown) < MAX_SHOWN_CHARS + 100


def test_no_secret_is_shown_by_half_where_a_long_text_is_cut() -> None:
    for secret in ("hunter2secret", "sk-abcdef1234567890"):  # known, and only by its looks
        for ahead in range(0, 24, 3):
            text = "x" * 500_000 + " " + "y" * (499_999 - ahead) + f" {secret} and more"
            shown = OutputRedaction(["hunter2secret"]).event(e.NoticeIssued(0.0, "error", "server", text))
            assert isinstance(shown, e.NoticeIssued)
            assert secret[:4] not in shown.text

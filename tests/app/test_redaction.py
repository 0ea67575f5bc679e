"""What is shown of what others say back: everything but the secrets."""

from __future__ import annotations

from typing import Any

import pytest

from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.errors import ExitCode
from realtime_cli.loop import Outcome

SECRET = "correct horse battery"
HIDING = OutputRedaction([SECRET])


def local(value: Any) -> Entry:
    return Entry(1.0, "local", value)


@pytest.mark.parametrize(
    "value",
    [
        inputs.Noted(1.0, "error", "server", f"No entry with {SECRET}."),
        inputs.Disconnected(1.0, 1008, f"{SECRET} is wrong"),
        inputs.UndecodableFrame(1.0, f"not JSON: {SECRET}", ""),
        inputs.ToolProgress(1.0, "c1", f"trying {SECRET}"),
        inputs.ToolFinished(1.0, "c1", f"env: {SECRET}"),
        effects.Close(ExitCode.SESSION, f"refused {SECRET}", f"change {SECRET}"),
    ],
)
def test_what_others_said_is_shown_without_the_secret(value: Any) -> None:
    shown = HIDING.entry(local(value))
    assert SECRET not in repr(shown)
    assert "***" in repr(shown)
    assert type(shown.value) is type(value)


def test_what_looks_like_a_secret_is_hidden_though_nobody_told_us_of_it() -> None:
    shown = HIDING.entry(local(inputs.ToolFinished(1.0, "c1", "Authorization: Bearer abc123def456")))
    assert "abc123def456" not in shown.value.output  # type: ignore[union-attr]


@pytest.mark.parametrize("value", [inputs.Typed(1.0, SECRET), inputs.Noted(1.0, "info", "note", "plain")])
def test_what_the_user_said_and_what_hides_nothing_is_the_same_entry(value: Any) -> None:
    entry = local(value)
    assert HIDING.entry(entry) is entry


def test_an_observer_behind_it_sees_no_secret() -> None:
    class Seeing:
        def __init__(self) -> None:
            self.entries: list[Entry] = []

        def observe(self, entry: Entry) -> None:
            self.entries.append(entry)

    seeing = Seeing()
    masked = HIDING.before(seeing)
    masked.observe(local(inputs.Noted(1.0, "error", "server", SECRET)))
    masked.observe(local(inputs.Pressed(2.0, "mute")))
    assert [entry.value for entry in seeing.entries] == [
        inputs.Noted(1.0, "error", "server", "***"),
        inputs.Pressed(2.0, "mute"),
    ]


def test_the_outcome_keeps_its_exit_code() -> None:
    outcome = HIDING.outcome(Outcome(ExitCode.CONNECTION, f"No: {SECRET}", f"Not {SECRET}"))
    assert (outcome.exit_code, outcome.reason, outcome.remedy) == (ExitCode.CONNECTION, "No: ***", "Not ***")

"""``attach`` on a real terminal: the live screen of a call, which is looked at, or steered."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.kit.call_server import ANSWER, CALL, SAID, SteeredCall, steered_call
from tests.tui.pane import Pane, pane

__all__ = ["pane"]


@pytest.fixture
def call() -> Iterator[SteeredCall]:
    with steered_call() as call:
        yield call


def attached(pane: Pane, call: SteeredCall, *options: str) -> None:
    sets = "--set connection.provider=custom --set connection.auth=none"
    command = f"{sys.executable} -m realtime_cli attach {CALL} --base-url {call.url} {sets} --no-record"
    pane.line(" ".join(["clear;", command, *options, "; echo over=$?"]))
    shown = pane.until(ANSWER)
    assert shown.index(SAID) < shown.index(ANSWER)


def until_heard(call: SteeredCall, type: str) -> None:
    deadline = time.monotonic() + 15
    while type not in [event["type"] for event in call.heard]:
        assert time.monotonic() < deadline, call.heard
        time.sleep(0.02)


def test_what_is_typed_by_an_onlooker_goes_nowhere(pane: Pane, call: SteeredCall) -> None:
    attached(pane, call)
    pane.press("Space")
    pane.until("t write")
    assert "muted" not in pane.screen()
    assert "space" not in pane.screen()
    pane.press("t")
    pane.line("Hurry up")
    pane.until("attach with --steer")
    pane.press("C-c")
    pane.until("over=130")
    assert call.heard == []


def test_who_steers_types_into_the_call(pane: Pane, call: SteeredCall) -> None:
    attached(pane, call, "--steer")
    pane.press("t")
    pane.line("Hurry up")
    pane.until("You said Hurry up")
    pane.line('/set session.instructions "Be quick."')
    until_heard(call, "session.update")
    pane.press("C-c")
    pane.until("over=130")

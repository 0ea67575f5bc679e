"""A line that loses, doubles, delays and reorders the server's events: whatever it does, the talk ends."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import realtime_cli
from realtime_cli.client import inputs, waits
from realtime_cli.errors import ExitCode
from tests.joined.engine import Engine
from tests.joined.pair import Pair

TICK_MS = 100
LONG_TICK_MS = 500
PROGRESS_S = 30.0
FIRST_EVENT_S = 10.0
TURNS = 3
# Each turn can be without progress once for its answer and once for that to its tool call; what the user is
# taken to say has to end, too.
MAX_END_S = (
    FIRST_EVENT_S + waits.SETTINGS_TIMEOUT_S + 2 * TURNS * PROGRESS_S + waits.MAX_SILENCE_AFTER_INPUT_S
)

WAYS = st.sampled_from(["as it is"] * 6 + ["lost", "twice", "late", "behind the next"])


class OddPair(Pair):
    """``ways``: what happens to the server's first events, in turn; the others arrive as they are."""

    def __init__(self, ways: list[str], engine: Engine, **options: Any) -> None:
        self.ways = list(ways)
        self.late: list[tuple[float, str]] = []
        self.held: str | None = None
        super().__init__(engine, **options)

    def carry_down(self) -> None:
        if not self.down:
            return
        way = self.ways.pop(0) if self.ways else "as it is"
        text = self.down.popleft()
        if text.startswith("close "):
            way = "as it is"
        if way == "late":
            self.late.append((self.at + 3, text))
        elif way == "behind the next" and self.held is None:
            self.held = text
            return
        elif way != "lost":
            self._deliver(text, 2 if way == "twice" else 1)
        if self.held is not None:
            held, self.held = self.held, None
            self._deliver(held, 1)

    def _deliver(self, text: str, times: int) -> None:
        for _ in range(times):
            if self.connected:
                self.down.appendleft(text)
                super().carry_down()

    def wait(self, ms: int, **more: Any) -> None:
        super().wait(ms, **more)
        due = [text for at, text in self.late if at <= self.at]
        self.late = [(at, text) for at, text in self.late if at > self.at]
        for text in due:
            self._deliver(text, 1)


def conversation(pair: OddPair, turn: str) -> None:
    """One turn of the user; nobody waits for the answer."""
    if turn == "typed":
        pair.type("What is the time?")
    else:
        pair.say(600)
    for _ in range(20):
        pair.wait(TICK_MS, frame_ms=TICK_MS)
        while pair.running:
            pair.finish_tool()


def rest_s(pair: OddPair) -> float | None:
    """How long after the end of the input the session ends; None: not within ``MAX_END_S``."""
    pair.give(inputs.MicrophoneEnded)
    began = pair.at
    while pair.outcome is None and pair.at - began < MAX_END_S:
        pair.wait(LONG_TICK_MS, frame_ms=LONG_TICK_MS)
        while pair.running:
            pair.finish_tool()
    return pair.at - began if pair.outcome else None


@settings(max_examples=int(os.environ.get("ODD_WIRE_EXAMPLES", "40")))
@given(
    ways=st.lists(WAYS, max_size=70),
    turns=st.lists(st.sampled_from(["typed", "spoken"]), min_size=1, max_size=TURNS),
    answers=st.lists(st.sampled_from([("Yes.",), (("f", "{}"),), ("One.", "Two.")]), max_size=TURNS),
)
def test_the_talk_ends_whatever_becomes_of_the_servers_events(
    ways: list[str], turns: list[str], answers: list[Any]
) -> None:
    pair = OddPair(ways, Engine(answers, ["Hello."] * TURNS), greet=True)
    for turn in turns:
        conversation(pair, turn)
        if pair.outcome:
            break
    assert pair.outcome or rest_s(pair) is not None, pair.since()[-20:]
    assert pair.outcome.exit_code in (ExitCode.OK, ExitCode.CONNECTION, ExitCode.SESSION)


def _events_of(turn: str) -> int:
    pair = OddPair([], Engine([(("f", "{}"),)], ["Hello."]), greet=True)
    conversation(pair, turn)
    return len(pair.received)


@pytest.mark.parametrize("way", ["lost", "twice", "late", "behind the next"])
@pytest.mark.parametrize("turn", ["typed", "spoken"])
def test_each_event_in_turn(turn: str, way: str) -> None:
    count = _events_of(turn)
    assert count > 20
    for place in range(count):
        pair = OddPair(["as it is"] * place + [way], Engine([(("f", "{}"),)], ["Hello."]), greet=True)
        conversation(pair, turn)
        ended = pair.outcome or rest_s(pair)
        assert ended is not None, (place, pair.since()[-20:])


def test_every_wait_of_the_table_is_one_of_the_code() -> None:
    package = Path(realtime_cli.__file__).parent
    code = "\n".join(path.read_text() for path in package.rglob("*.py") if path.name != "waits.py")
    names = re.findall(r"(?m)^([A-Z_]+_S) =", inspect.getsource(waits))
    assert names
    assert [name for name in names if not re.search(rf"[^.\w]{name}\b(?!,?$)", code)] == []


def test_every_wake_up_of_the_client_is_bounded_by_a_name() -> None:
    client = Path(realtime_cli.__file__).parent / "client"
    code = "\n".join(path.read_text() for path in client.glob("*.py"))
    bare = re.findall(r"SetTimer\([^)\n]*\+ ?\d[\d.]*", code)
    assert bare == []

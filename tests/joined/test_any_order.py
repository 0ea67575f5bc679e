"""Whatever user, tools, engine, wire and clock do, in whatever order: the promises of both sides hold."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from realtime_cli.client import inputs
from tests.joined.engine import Engine
from tests.joined.pair import Pair
from tests.kit.fault_injection import Quirks

DETECTIONS = [
    None,
    {"type": "server_vad", "silence_duration_ms": 300},
    {"type": "server_vad", "interrupt_response": False},
    {"type": "server_vad", "create_response": False},
    {"type": "semantic_vad", "eagerness": "high"},
]
ANSWERS = st.sampled_from(
    [
        ("Yes.",),
        ("It is a long story.", "It goes on and on and on.", "And here it ends."),
        (("f", '{"a": 1}'),),
        (("f", "{}"), ("g", "{}")),
        ("One moment.", ("slow", "{}")),
        ("Well.", RuntimeError("no voice")),
        (),
    ]
)
# What the protocol cannot spare a client whose events cross the server's on their way.
RACES = {
    "conversation_already_has_active_response",
    "response_cancel_not_active",
    "item_delete_invalid_item_id",
    "item_truncate_invalid_item_id",
    "input_audio_buffer_commit_empty",
    "cannot_update_voice",
    "server_error",
}
TICK_MS = 100
few = st.integers(0, 3)
some = st.sampled_from([0, 1, 3, 12])


class BothSides(RuleBasedStateMachine):
    """Rules are what may happen; every invariant is looked at after each of them."""

    pair: Pair

    @initialize(
        detection=st.sampled_from(DETECTIONS),
        answers=st.lists(ANSWERS, max_size=6),
        words=st.lists(st.sampled_from(["Hello there.", "", None]), max_size=4),
        quirks=st.fixed_dictionaries(
            {},
            optional={
                "two_messages": st.just(True),
                "output_item_done_first": st.just(True),
                "no_event_ids": st.just(True),
                "unknown_events": st.just(True),
                "null_conversation_ids": st.just(True),
                "text_status_details": st.just(True),
                "transcription_delay_s": st.just(1.5),
            },
        ),
        options=st.fixed_dictionaries(
            {},
            optional={
                "greet": st.just(True),
                "push_to_talk": st.just(True),
                "start_muted": st.just(True),
                "barge_in": st.sampled_from(["duck", "never"]),
                "tools_not_awaited": st.just(("slow",)),
                "tools_cut_by_interruption": st.just(("f",)),
                "tool_rounds": st.just(2),
            },
        ),
    )
    def begin(
        self,
        detection: Any,
        answers: list[Any],
        words: list[str | None],
        quirks: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        audio = {"input": {"turn_detection": detection, "transcription": {"model": "whisper-1"}}}
        self.pair = Pair(
            Engine(answers, words),
            patch={"type": "realtime", "audio": audio},
            quirks=Quirks(**quirks),
            reconnect_tries=1_000,
            **options,
        )
        self.blind = "null_conversation_ids" in quirks
        self.said: list[str] = []
        self.questions: list[str] = []
        self.seen = 0
        self.active: str | None = None

    # -- the user -----------------------------------------------------------------------------------

    @rule(respond=st.booleans())
    def types(self, respond: bool) -> None:
        self.said.append(f"Word {len(self.said)}.")
        self.questions += [self.said[-1]] if respond else []
        self.pair.type(self.said[-1], respond=respond)

    @rule(key=st.sampled_from(["mute", "talk", "release", "interrupt"]))
    def presses(self, key: str) -> None:
        self.pair.press(key)

    @rule()
    def talks_or_is_silent(self) -> None:
        self.pair.user_talks = not self.pair.user_talks

    @rule(wire=st.booleans())
    def says_a_word(self, wire: bool) -> None:
        for self.pair.user_talks, ms in ((True, 300), (False, 500)):
            self.pair.wait(ms, frame_ms=TICK_MS, wire=wire, works=False)

    @rule(detection=st.sampled_from(DETECTIONS))
    def changes_the_detection(self, detection: Any) -> None:
        self.pair.give(inputs.SettingsChanged, {"audio": {"input": {"turn_detection": detection}}})

    @rule(patch=st.sampled_from([{"instructions": "Be brief."}, {"audio": {"output": {"voice": "cedar"}}}]))
    def changes_a_setting(self, patch: dict[str, Any]) -> None:
        self.pair.give(inputs.SettingsChanged, patch)

    @rule(
        event=st.sampled_from(
            [
                {"type": "response.create", "response": {"conversation": "none", "input": []}},
                {"type": "response.create"},
                {"type": "response.cancel"},
                {"type": "input_audio_buffer.commit"},
                {"type": "input_audio_buffer.clear"},
            ]
        )
    )
    def asks_for(self, event: dict[str, Any]) -> None:
        if self.blind and "response" in event:
            return  # nobody could tell its response from one that the server makes by itself
        self.pair.give(inputs.RawEvent, event)

    # -- tools, engine, wire, clock -----------------------------------------------------------------

    @precondition(lambda self: self.pair.running)
    @rule(which=few, failed=st.booleans())
    def a_tool_ends(self, which: int, failed: bool) -> None:
        self.pair.finish_tool(which=which, failed=failed)

    @precondition(lambda self: self.pair.engine.keys)
    @rule(which=few)
    def the_engine_works(self, which: int) -> None:
        self.pair.work(which)

    @rule(up=some, down=some)
    def the_wire_carries(self, up: int, down: int) -> None:
        for _ in range(up):
            self.pair.carry_up()
        for _ in range(down):
            self.pair.carry_down()

    @rule()
    def all_that_waits_happens(self) -> None:
        self.pair.settle()

    @rule(ticks=st.sampled_from([1, 3, 10]), wire=st.booleans(), works=st.booleans())
    def time_passes(self, ticks: int, wire: bool, works: bool) -> None:
        self.pair.wait(ticks * TICK_MS, frame_ms=TICK_MS, wire=wire, works=works)

    # -- faults -------------------------------------------------------------------------------------

    @rule(
        text=st.sampled_from(
            [
                "{",
                "[]",
                '{"type": 7}',
                "{}",
                '{"type": "ping"}',
                '{"type": "response.done", "response": {"id": "nobody"}}',
                '{"type": "response.output_audio.delta", "item_id": "x", "delta": "?"}',
                '{"type": "error", "error": {"type": "server_error", '
                '"code": "server_error", "message": "!"}}',
                '{"type": "response.output_audio.done", "item_id": 3}',
            ]
        )
    )
    def the_server_stammers(self, text: str) -> None:
        if self.pair.connected:
            self.pair.down.append(text)

    @precondition(lambda self: self.pair.connected and self.pair.sockets < 4)
    @rule(code=st.sampled_from([1006, 1001, 1011]))
    def the_socket_breaks(self, code: int) -> None:
        self.pair.cut(code)

    # -- what holds ---------------------------------------------------------------------------------

    @invariant()
    def the_promises_hold(self) -> None:
        pair = self.pair
        assert pair.outcome is None, pair.outcome
        assert not pair.too_early, "asked for a second response"
        for event in pair.emitted[self.seen :]:
            self._one_response_at_a_time(event)
            assert event["type"] != "error" or event["error"]["code"] in RACES, event
        for event, received_ms in pair.truncated:
            assert 0 <= event["audio_end_ms"] <= received_ms, event
        assert len(set(pair.calls)) == len(pair.calls), "a call runs once"
        self.seen = len(pair.emitted)

    def _one_response_at_a_time(self, event: dict[str, Any]) -> None:
        response = event.get("response") or {}
        if event["type"] == "opened":
            self.active = None
        elif event["type"] == "response.created" and self.pair.in_conversation(response):
            assert self.active is None, "a second active response"
            self.active = response["id"]
        elif event["type"] == "response.done" and response["id"] == self.active:
            self.active = None

    # -- the end ------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Once everybody is let finish, nothing is owed and nothing is lost."""
        if not hasattr(self, "pair"):
            return
        pair = self.pair
        pair.user_talks = False
        for _ in range(600):
            pair.settle()
            while pair.running:
                pair.finish_tool()
            pair.wait(TICK_MS, frame_ms=TICK_MS)
            if pair.outcome:
                return  # it ended at its limit of tool rounds
            if pair.client.idle and not (pair.up or pair.down or pair.engine.keys):
                break
        else:
            raise AssertionError("the talk never comes to rest")
        self._nothing_is_lost()

    def _nothing_is_lost(self) -> None:
        pair = self.pair
        records = list(pair.server.conversation)
        assert pair.client.conversation.item_ids == tuple(record.item_id for record in records)
        written = [
            part.get("text")
            for record in records
            for part in record.wire.get("content", ())
            if record.wire.get("role") == "user" and part["type"] == "input_text"
        ]
        assert [words for words in written if words in self.said] == self.said
        assert pair.sockets > 1 or not self.questions or self._answered(self.questions[-1])
        calls = [record.wire for record in records if record.wire["type"] == "function_call"]
        outputs = [record.wire for record in records if record.wire["type"] == "function_call_output"]
        answered = Counter(output["call_id"] for output in outputs)
        run = set(pair.calls)
        assert all(answered[call["call_id"]] == 1 for call in calls if call["call_id"] in run)
        assert set(answered) <= {call["call_id"] for call in calls}
        assert not any(answered[call] > 1 for call in answered)

    def _answered(self, question: str) -> bool:
        """A response was begun after the server had the question."""
        kinds = [
            "asked" if question in str(event.get("item")) else event["type"] for event in self.pair.emitted
        ]
        return "response.created" in kinds[kinds.index("asked") :]


BothSides.TestCase.settings = settings(max_examples=int(os.environ.get("JOINED_EXAMPLES", "60")))
TestBothSides = BothSides.TestCase

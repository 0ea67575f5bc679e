"""One script held to its end, on a server in this process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.app.session_factory import OpenSession
from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples
from realtime_cli.client import deadlines
from realtime_cli.errors import ConfigError, ConnectionFailed, ExitCode
from realtime_cli.script.checks import CheckRunner
from realtime_cli.script.format import Script, ScriptTurn
from realtime_cli.script.judging import title_of
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.mocks import MockedTools, mocks_of
from realtime_cli.script.result import Case, CaseResult, TurnBegan
from realtime_cli.script.runner import RunContext, prepare, run_case
from realtime_cli.server.engine.ports import EngineCall, EngineText
from tests.kit.fault_injection import Quirks
from tests.kit.scripted_engine import Piece, ScriptedEngine
from tests.script.stage import connecting, opens

JUDGE = {"url": "http://127.0.0.1:1/v1", "model": "m"}
PNG = b"\x89PNG\r\n\x1a\n"


def case(*turns: dict[str, Any], folder: Path = Path(), **more: Any) -> Case:
    values = {"turns": list(turns), "quiet_ms": 20, "timeout_ms": 10_000, **more}
    return Case(LoadedScript(Script.model_validate(values), folder / "a.toml"), text=True)


async def word(text: str) -> Samples:
    """A voice that says the same whatever the text."""
    return np.full(6 * FRAME_SAMPLES, 8000, np.int16)


async def held(
    case: Case, *answers: Sequence[Piece], words: Sequence[str] = (), aloud: bool = False, **world: Any
) -> tuple[CaseResult, ScriptedEngine]:
    engine = ScriptedEngine(words, answers)
    async with connecting(engine) as connect:
        return await run_case(case, RunContext(opens(connect, aloud=aloud), word, **world)), engine


def verdicts(result: CaseResult) -> list[tuple[int, str, str]]:
    return [(verdict.turn, verdict.name, verdict.status) for verdict in result.all_verdicts]


async def test_each_turn_waits_for_the_answer_of_the_one_before() -> None:
    began: list[Any] = []
    turns = (
        {"user": "one", "expect": {"contains": "first"}},
        {"user": "two", "expect": {"contains": "second"}},
    )
    result, engine = await held(
        case(*turns), [EngineText("The first.")], [EngineText("The second.")], notify=began.append
    )
    assert (result.status, result.error, result.exit_code) == ("passed", "", ExitCode.OK)
    assert [turn.reply for turn in result.turns] == ["The first.", "The second."]
    assert [(one.number, one.title) for one in began if isinstance(one, TurnBegan)] == [
        (1, "user: one"),
        (2, "user: two"),
    ]
    assert len(engine.requests) == 2


async def test_after_a_failed_turn_the_rest_is_not_held_unless_it_shall_be() -> None:
    turns = {"user": "one", "expect": {"contains": "no such"}}, {"user": "two", "expect": {"contains": "yes"}}
    stopped, _ = await held(case(*turns))
    assert verdicts(stopped) == [(1, "contains", "failed"), (2, "turn", "skipped")]
    went_on, _ = await held(case(*turns, stop_on_failure=False))
    assert verdicts(went_on) == [(1, "contains", "failed"), (2, "contains", "passed")]


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_that() -> None:
    result, _ = await held(case({"user": "hi"}, {"timeout_ms": 50}))  # the agent is to go on by itself
    [verdict] = result.bad
    assert (verdict.turn, verdict.name, verdict.expected) == (2, "timeout", "an answer within 0.05 s")


async def test_a_turn_may_begin_at_a_point_of_time_and_that_may_not_come() -> None:
    early = {"user": "wait", "at": {"after": "agent.replied", "ms": 5}}
    never = {"user": "wait", "at": {"after": "interrupted"}, "timeout_ms": 50}
    result, engine = await held(case({"user": "one"}, {**early, "at": {"after": "response.created"}}))
    assert (result.status, len(engine.requests)) == ("passed", 2)
    late, _ = await held(case({"user": "one"}, never))
    [verdict] = late.bad
    assert (verdict.turn, verdict.name) == (2, "at")
    assert verdict.expected == "interrupted to begin this turn after"


async def test_settings_events_keys_and_silence_are_turns_too() -> None:
    turns = (
        {"settings": {"instructions": "Be kind."}, "expect": {"events": ["session.updated"]}},
        {"event": {"type": "conversation.item.delete", "item_id": "x"}, "expect": {"events": ["error"]}},
        {"press": "mute"},
        {"silence_ms": 20, "expect": {"no_reply": True}},
    )
    result, engine = await held(case(*turns))
    assert result.status == "passed"
    assert engine.requests == []


async def test_pictures_of_files_and_addresses_go_with_the_words(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(PNG)
    turn = {"user": "Look!", "image": ["cat.png", "data:image/jpeg;base64,/9j/"], "detail": "low"}
    result, engine = await held(case(turn, folder=tmp_path))
    assert result.status == "passed"
    content = engine.requests[0].items[-1]["content"]
    assert [part["image_url"][:22] for part in content[:2]] == [
        "data:image/png;base64,",
        "data:image/jpeg;base64",
    ]
    assert {part.get("detail") for part in content[:2]} == {"low"}


async def test_an_agent_may_open() -> None:
    async with connecting(ScriptedEngine(answers=[[EngineText("Hello.")]])) as connect:

        def greeting(case: Case) -> AbstractAsyncContextManager[OpenSession]:
            return opens(connect, greet=True)(case)

        result = await run_case(
            case({"expect": {"contains": "hello"}}, {"user": "hi"}), RunContext(greeting, word)
        )
    assert result.status == "passed"
    assert [turn.title for turn in result.turns] == ["the agent opens", "user: hi"]


async def test_a_spoken_turn_is_heard_and_timed() -> None:
    turn = {"say": "hello", "expect": {"contains": "yes", "within_ms": 9000}}
    spoken = Case(case(turn).script)
    result, engine = await held(spoken, words=["hello"], aloud=True)
    assert result.status == "passed", result.bad
    assert result.turns[0].figures["within_ms"] is not None
    assert engine.heard_ms


async def test_settings_that_are_refused_fail_their_turn() -> None:
    model, speed = {"model": "gpt-other"}, {"audio": {"output": {"speed": 9}}}
    for settings, why in ((model, "cannot be changed in a session"), (speed, "speed")):
        result, _ = await held(case({"settings": settings}))
        [verdict] = result.bad
        assert (verdict.name, why in verdict.found) == ("settings", True), verdict
        counted, _ = await held(case({"settings": settings, "expect": {"errors": []}}))
        assert [verdict.name for verdict in counted.bad] == ["errors"]
    expected, _ = await held(case({"settings": model, "expect": {"errors": ["settings"]}}))
    assert expected.status == "passed", expected.bad


async def test_an_agent_may_be_spoken_to_and_answer_in_text() -> None:
    expect = {"contains": "yes", "heard": "hello", "within_ms": 9000, "in_order": ["user.speech_started"]}
    spoken = Case(case({"say": "hello", "expect": expect}, {"dtmf": "1"}).script)
    engine, transcription = ScriptedEngine(["hello"]), {"input": {"transcription": {"model": "whisper-1"}}}
    async with connecting(engine) as connect:
        result = await run_case(spoken, RunContext(opens(connect, audio=transcription), word))
    assert (result.status, len(engine.heard_ms)) == ("passed", 2), result.bad
    assert "skipped" not in {verdict.status for verdict in result.all_verdicts}
    texts = [str(item.get("content")) for request in engine.requests for item in request.items]
    assert not [text for text in texts if "DTMF" in text]


async def test_what_cannot_be_measured_of_a_written_answer_fails() -> None:
    expect = {"dead_air_ms": 5000, "audible": True}
    spoken = Case(case({"say": "hello", "expect": expect}).script)
    async with connecting(ScriptedEngine(["hello"])) as connect:
        result = await run_case(spoken, RunContext(opens(connect, aloud=False), word))
    assert {(verdict.name, verdict.status) for verdict in result.bad} == {
        ("dead_air_ms", "failed"),
        ("audible", "failed"),
    }


class Mute(ScriptedEngine):
    """Says everything in silence."""

    def speak(self, text: str, speed: float = 1.0) -> Iterator[Samples]:
        for sound in super().speak(text, speed):
            yield np.zeros_like(sound)


async def test_an_answer_of_silence_is_not_heard() -> None:
    expect = {"contains": "yes", "within_ms": 9000, "audible": True, "events": ["agent.speech_started"]}
    spoken = Case(case({"say": "hello", "expect": expect}).script)
    async with connecting(Mute(["hello"])) as connect:
        mute = await run_case(spoken, RunContext(opens(connect, aloud=True), word))
    assert [(one.name, one.found) for one in mute.bad] == [
        ("audible", "0 ms of sound above -45 dBFS"),
        ("within_ms", "never heard"),
        ("events", "not seen"),
    ]
    heard, _ = await held(spoken, words=["hello"], aloud=True)
    assert heard.status == "passed", heard.bad


# -- who judges -----------------------------------------------------------------------------------


async def test_a_judge_is_asked_turn_by_turn_with_the_words_so_far() -> None:
    asked: list[str] = []

    async def judge(case: Case, rubric: str, conversation: str) -> tuple[float, str]:
        asked.append(f"{rubric}\n{conversation}")
        return 0.6, "so so"

    turns = (
        {"user": "one", "expect": {"judge": "is kind"}},
        {"user": "two", "expect": {"judge": {"rubric": "is brief", "score": 0.5}}},
    )
    result, _ = await held(case(*turns, judge=JUDGE), [EngineText("Yes.")], [EngineText("No.")], judge=judge)
    assert verdicts(result) == [(1, "judge", "failed"), (2, "judge", "passed")]
    assert asked[0] == "is kind\nUser: one\nAgent: Yes."
    assert asked[1].endswith("User: two\nAgent: No.")


async def test_a_judge_is_shown_the_way_and_the_arguments_of_a_call() -> None:
    asked: list[tuple[str, str]] = []

    async def judge(case: Case, rubric: str, about: str) -> tuple[float, str]:
        asked.append((rubric, about))
        return float("people=4" in about), "so it says"

    def turn(people: int) -> dict[str, Any]:
        calls = [{"name": "book", "judge": f"books for {people}", "args": {"people": people}}]
        return {
            "user": "Book.",
            "expect": {"calls": calls, "trajectory": {"rubric": "looks first", "score": 1}},
        }

    async def booked(people: int) -> CaseResult:
        answers: list[list[Piece]] = [[EngineCall("book", '{"people": 4}')], [EngineText("Sorry.")]]
        tools = MockedTools(mocks_of({"book": "full"}))
        async with connecting(ScriptedEngine(answers=answers)) as connect:
            context = RunContext(opens(connect, tools), word, judge=judge)
            return await run_case(case(turn(people), judge=JUDGE), context)

    right = await booked(4)
    assert verdicts(right) == [(1, "trajectory", "passed"), (1, "calls", "passed"), (1, "calls", "passed")]
    assert [rubric for rubric, _ in asked] == ["looks first", "books for 4"]
    assert asked[1][1] == "Tool call: book(people=4)"
    told = re.sub(r" \(\d+ ms\)", "", asked[0][1])
    assert told == "user: Book.\ntool: book(people=4) -> full\nagent: Sorry."
    wrong = await booked(5)
    assert next(verdict.found for verdict in wrong.bad) == "0: so it says"
    assert asked[-1] == ("books for 5", "(no call of book)")


async def test_a_judge_who_cannot_be_asked_has_not_agreed() -> None:
    async def judge(case: Case, rubric: str, conversation: str) -> tuple[float, str]:
        raise ConfigError("There is no judge.")

    result, _ = await held(case({"user": "one"}, expect={"judge": "is kind"}, judge=JUDGE), judge=judge)
    [verdict] = result.bad
    assert (verdict.turn, verdict.found) == (0, "There is no judge.")


async def test_without_a_recording_there_is_nothing_to_check() -> None:
    turn = {"user": "one", "expect": {"check": "checks.py:fine"}}
    result, _ = await held(case(turn), check=CheckRunner())
    [verdict] = result.bad
    assert verdict.found == "there is no recording to check"


# -- what goes wrong ------------------------------------------------------------------------------


async def test_a_session_that_cannot_be_had_is_an_error_of_the_case() -> None:
    async def nowhere() -> Any:
        raise ConnectionFailed("Nobody is there.")

    result = await run_case(case({"user": "one"}), RunContext(opens(nowhere), word))
    assert (result.status, result.error, result.exit_code) == (
        "failed",
        "Nobody is there.",
        ExitCode.CONNECTION,
    )


async def test_a_sound_that_cannot_be_made_ends_the_case_before_it_begins() -> None:
    async def mute(text: str) -> Samples:
        raise ConfigError("There is no voice.")

    result = await run_case(Case(case({"say": "hi"}).script), RunContext(opens(mute), mute))  # type: ignore[arg-type]
    assert (result.error, result.turns) == ("There is no voice.", ())


async def test_an_agent_that_would_call_tools_without_any_is_no_end() -> None:
    result, _ = await held(
        case({"user": "one", "expect": {"calls": [{"name": "clock"}]}}), [EngineCall("clock", "{}")]
    )
    assert result.exit_code == ExitCode.OK


# -- sounds and titles ----------------------------------------------------------------------------


async def test_only_what_is_heard_needs_a_sound() -> None:
    turns = {"user": "typed"}, {"say": "spoken"}, {"dtmf": "12#"}, {"silence_ms": 40}
    sounds = await prepare(Case(case(*turns).script), word)
    assert sorted(sounds) == [2, 3, 4]
    assert sounds[4].seconds == pytest.approx(0.04)
    assert await prepare(case(*turns), word) == {}


@pytest.mark.parametrize(
    ("turn", "title"),
    [
        ({"user": "hi", "note": "greeting"}, "greeting"),
        ({"user": "x" * 61}, "user: " + "x" * 57 + "..."),
        ({"dtmf": "1#"}, "dtmf: 1#"),
        ({"press": "mute"}, "press: mute"),
        ({"event": {"type": "response.create"}}, "event: response.create"),
        ({"event": {}}, "event: ?"),
        ({"silence_ms": 1500}, "silence: 1500 ms"),
        ({"settings": {}}, "settings"),
        ({"image": "a.png"}, "image"),
        ({}, "the agent opens"),
    ],
)
def test_a_turn_in_a_few_words(turn: dict[str, Any], title: str) -> None:
    assert title_of(ScriptTurn.model_validate(turn)) == title


async def test_a_session_that_ends_while_a_clip_is_said_ends_the_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "LIMIT_GRACE_S", 0.2)

    async def long_word(text: str) -> Samples:
        return np.full(1000 * FRAME_SAMPLES, 8000, np.int16)

    spoken = Case(case({"say": "hi"}, {"say": "ho"}).script)
    async with asyncio.timeout(8), connecting(ScriptedEngine()) as connect:
        limited = opens(connect, aloud=True, limit_minutes=0.01)
        result = await run_case(spoken, RunContext(limited, long_word))
    assert (result.status, result.exit_code) == ("failed", ExitCode.LIMIT)
    assert "minutes" in result.error
    async with (
        asyncio.timeout(8),
        connecting(ScriptedEngine(), Quirks(close_after_events=3, close_code=1008)) as connect,
    ):
        result = await run_case(spoken, RunContext(opens(connect, aloud=True), long_word))
    assert (result.status, result.exit_code) == ("failed", ExitCode.CONNECTION)
    assert "1008" in result.error

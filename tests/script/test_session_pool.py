"""Many sessions in one loop: begun, stopped, and told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime_cli.audio.pcm import FRAME_SAMPLES, Samples
from realtime_cli.conversation import events as e
from realtime_cli.errors import ConfigError, ConnectionFailed, ExitCode
from realtime_cli.script import session_pool as crowds
from realtime_cli.script.clips import SpeechSource
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.failure_kind import kind_of
from realtime_cli.script.format import Script
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.result import Case, CaseResult, TurnResult
from realtime_cli.script.runner import Open, RunContext
from realtime_cli.script.session_pool import SessionPool, SessionWatch, of_result
from realtime_cli.server.engine.ports import EngineText
from realtime_cli.wire.connect_errors import Refused
from realtime_cli.wire.transport import Transport
from tests.kit.scripted_engine import ScriptedEngine
from tests.script.stage import connecting, opens

HELLO = [{"user": "hello", "expect": {"contains": "yes"}}]


def case(name: str, turns: Sequence[Mapping[str, Any]] = HELLO) -> Case:
    script = Script.model_validate({"turns": turns, "quiet_ms": 20, "timeout_ms": 10_000})
    return Case(LoadedScript(script, Path(f"{name}.toml")), text=True)


async def no_voice(text: str) -> Samples:
    raise AssertionError(text)


class Watched:
    """A crowd, and all that it told."""

    def __init__(self, open: Open, *cases: Case, voice: SpeechSource = no_voice) -> None:
        self.told: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self.crowd = SessionPool(cases or [case("call")], RunContext(open, voice), self._tell)

    def _tell(self, event: Mapping[str, Any]) -> None:
        self.told.append(dict(event))
        self._news.set()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["event"] == kind]

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(15):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)


@asynccontextmanager
async def crowd(*cases: Case, engine: ScriptedEngine | None = None) -> AsyncIterator[Watched]:
    async with connecting(engine) as connect:
        watched = Watched(opens(connect), *cases)
        try:
            yield watched
        finally:
            await watched.crowd.end()


async def test_a_session_is_told_of_from_its_beginning_to_its_figures() -> None:
    async with crowd() as watched:
        watched.crowd.begin("s1")
        [over] = await watched.until("over")
    assert watched.told[0] == {"event": "began", "id": "s1", "script": "call"}
    assert (over["id"], over["script"], over["status"], over["kind"], over["error"]) == (
        "s1",
        "call",
        "passed",
        "",
        "",
    )
    assert over["open_ms"] > 0
    assert over["session_ms"] > over["open_ms"]
    assert (over["tool_ms"], over["late_p99_ms"], len(over["turns"])) == ([], 0, 1)


async def test_scripts_take_turns_unless_one_is_asked_for() -> None:
    async with crowd(case("a"), case("b")) as watched:
        for name in ("1", "2", "3"):
            watched.crowd.begin(name)
        watched.crowd.begin("4", "b")
        began = await watched.until("began", 4)
        await watched.until("over", 4)
    assert [event["script"] for event in began] == ["a", "b", "a", "b"]


async def test_a_name_in_use_and_a_script_that_is_none_are_refused_and_a_name_is_free_again() -> None:
    async with crowd() as watched:
        watched.crowd.begin("s1")
        with pytest.raises(ConfigError, match="'s1' is running already"):
            watched.crowd.begin("s1")
        with pytest.raises(ConfigError, match=r"no script 'nosuch'.*There are: call"):
            watched.crowd.begin("s2", "nosuch")
        await watched.until("over")
        await asyncio.sleep(0)
        watched.crowd.begin("s1")
        await watched.until("over", 2)


async def test_what_went_wrong_has_a_kind() -> None:
    async with crowd(engine=ScriptedEngine(answers=[[EngineText("No.")]])) as watched:
        watched.crowd.begin("s1")
        [over] = await watched.until("over")
    assert (over["status"], over["kind"]) == ("failed", "failed: contains")
    assert '"No."' in over["error"]


async def test_a_session_that_is_stopped_is_over_as_that() -> None:
    async with crowd(
        case("waits", [{"user": "hello", "expect": {"no_reply": True}}, {"event": {"type": "x"}}])
    ) as watched:
        watched.crowd.stop("nobody")
        watched.crowd.begin("s1")
        await watched.until("began")
        await asyncio.sleep(0.01)
        watched.crowd.stop("s1")
        [over] = await watched.until("over")
    assert (over["status"], over["kind"], over["turns"]) == ("stopped", "", [])


async def test_the_end_stops_them_all() -> None:
    async with crowd() as watched:
        for name in ("1", "2", "3"):
            watched.crowd.begin(name)
        await watched.until("began", 3)
    assert len(watched.of("over")) == 3


def refusing(error: Exception) -> Open:
    async def connect() -> Transport:
        raise error

    return opens(connect)


async def test_a_server_that_has_had_enough_is_told_with_the_pause_that_it_asks_for() -> None:
    watched = Watched(refusing(Refused("Too many.", status=429, retry_after_s=7.0)))
    watched.crowd.begin("s1")
    [over] = await watched.until("over")
    assert watched.of("refused") == [{"event": "refused", "id": "s1", "status": 429, "pause_s": 7.0}]
    assert (over["status"], over["kind"]) == ("failed", "connection (HTTP 429)")


async def test_other_refusals_are_no_reason_to_slow_down() -> None:
    watched = Watched(refusing(ConnectionFailed("Nobody is there.")))
    watched.crowd.begin("s1")
    [over] = await watched.until("over")
    assert watched.of("refused") == []
    assert (over["kind"], over["error"]) == ("connection", "Nobody is there.")


async def test_its_pace_is_told_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "PACE_S", 0.01)
    async with crowd() as watched:
        pace = asyncio.create_task(watched.crowd.pace())
        watched.crowd.begin("s1")
        await watched.until("over")
        await watched.until("pace")
        pace.cancel()
        watched.crowd.report_pace()
    last = watched.of("pace")[-1]
    assert (last["late"], last["late_p99_ms"], last["seconds"]) == ({}, 0, 0.01)
    assert last["cpu_s"] > 0


async def test_every_sound_is_made_once_however_many_sessions_say_it() -> None:
    spoken: list[str] = []

    async def voice(text: str) -> Samples:
        spoken.append(text)
        return np.full(6 * FRAME_SAMPLES, 8000, np.int16)

    aloud = Case(case("spoken", [{"say": "hello", "expect": {"contains": "yes"}}]).script)
    async with connecting(ScriptedEngine(words=["hello"] * 2)) as connect:
        watched = Watched(opens(connect, aloud=True), aloud, voice=voice)
        await watched.crowd.prepare()
        for name in ("1", "2"):
            watched.crowd.begin(name)
        overs = await watched.until("over", 2)
    assert spoken == ["hello"]
    assert [over["status"] for over in overs] == ["passed", "passed"]


# -- what is told of a result ---------------------------------------------------------------------


def result(*verdicts: CheckResult, **more: Any) -> CaseResult:
    turn = TurnResult(1, "user: hello", "no", {"within_ms": 12.5}, verdicts)
    return CaseResult(case("call"), (turn,), usd=0.25, **more)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (ExitCode.CONNECTION, 503, "connection (HTTP 503)"),
        (ExitCode.CONNECTION, None, "connection"),
        (ExitCode.SESSION, None, "session"),
        (ExitCode.USAGE, None, "configuration"),
        (ExitCode.LIMIT, None, "limit"),
        (ExitCode.BUG, None, "session"),
    ],
)
def test_errors_are_grouped_by_what_failed(code: ExitCode, status: int | None, kind: str) -> None:
    assert kind_of(result(error="It broke.", exit_code=code), status) == kind


def test_failed_expectations_are_grouped_by_their_names() -> None:
    bad = [
        CheckResult(1, "within_ms", "failed"),
        CheckResult(1, "contains", "failed"),
        CheckResult(1, "calls", "passed"),
    ]
    assert kind_of(result(*bad)) == "failed: contains, within_ms"
    assert kind_of(result(CheckResult(1, "within_ms", "unreliable"))) == "unreliable: within_ms"
    assert kind_of(result()) == ""


def test_what_is_told_are_plain_figures() -> None:
    assert of_result(result()) == {
        "status": "passed",
        "kind": "",
        "error": "",
        "turns": [{"within_ms": 12.5}],
        "usd": 0.25,
    }


def test_tools_that_were_left_out_are_named_with_what_failed() -> None:
    failed = replace(
        result(CheckResult(1, "calls", "failed", "lamp()", "no call")), warnings=("Left out: lamp.",)
    )
    assert str(of_result(failed)["error"]).endswith("found no call; Left out: lamp.")
    assert of_result(replace(result(), warnings=("Left out: lamp.",)))["error"] == ""


def test_a_session_is_timed_from_its_opening_and_its_tools_from_call_to_result() -> None:
    pauses: list[float] = []
    watch = SessionWatch(pauses.append)
    watch.observe(e.ConnectionUp(0.25))
    watch.observe(e.ToolCalled(1.0, 1, "a", "clock", "{}"))
    watch.observe(e.ToolCalled(1.1, 1, "b", "clock", "{}"))
    watch.observe(e.ToolEnded(1.3, 1, "b", "clock", "done", "noon"))
    watch.observe(e.ToolEnded(2.0, 1, "a", "clock", "done", "noon"))
    watch.observe(e.RateLimitReported(2.0, "tokens", 1000, 500, 9.0))
    watch.observe(e.RateLimitReported(2.0, "requests", 100, 2, 4.5))
    assert (watch.open_ms, watch.tool_ms, pauses) == (250.0, [200.0, 1000.0], [4.5])


async def test_callers_of_one_script_keep_the_sounds_of_their_turns_apart() -> None:
    async def voice(text: str) -> Samples:
        return np.full(6 * FRAME_SAMPLES, 8000, np.int16)

    tree = {
        "caller": {"goal": "hello", "max_turns": 1, "conditions": {"noise": "room", "snr_db": 30}},
        "quiet_ms": 20,
    }
    called = Case(LoadedScript(Script.model_validate(tree), Path("call.toml")))
    async with connecting(ScriptedEngine(["hello"] * 2)) as connect:
        watched = Watched(opens(connect, aloud=True), called, voice=voice)
        await watched.crowd.prepare()
        shared = watched.crowd._sounds["call"]
        assert shared.keys() == {0}, "the caller's noise is there between the turns"
        for name in ("a", "b"):
            watched.crowd.begin(name)
        await watched.until("over", 2)
        assert shared.keys() == {0}
        await watched.crowd.end()

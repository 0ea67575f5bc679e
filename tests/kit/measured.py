"""A script's timed measures beside the truth: conversations with a server that knows what it did."""

from __future__ import annotations

import random
import re
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_cli.app.local_servers import LocalServers
from realtime_cli.app.targets import Target
from realtime_cli.audio.pcm import RATE_HZ, Samples, silence
from realtime_cli.script.format import Script
from realtime_cli.script.listening import Listener
from realtime_cli.script.load import LoadedScript
from realtime_cli.script.opening import CaseOpener
from realtime_cli.script.result import Case, CaseResult
from realtime_cli.script.runner import RunContext, run_case
from tests.kit.timed_server import Exchange, TimedAnswer, timed, tone

SPOKEN_INTO_MS = 350  # of the user, while the agent speaks


@dataclass(frozen=True)
class Measure:
    """One measured time and the true one, in ms; ``late_ms``: how late the program itself was."""

    name: str
    found: float | None
    true: float
    late_ms: float

    @property
    def error(self) -> float:
        """In ms; infinite where nothing was measured."""
        return float("inf") if self.found is None else self.found - self.true


async def held(
    turns: Sequence[dict[str, Any]], url: str, folder: Path, listen: Listener | None = None
) -> CaseResult:
    """Hold these turns with a server, through a real socket."""

    async def no_voice(text: str) -> Samples:
        return silence(0)

    script = Script.model_validate({"turns": list(turns), "stop_on_failure": False, "quiet_ms": 300})
    case = Case(LoadedScript(script, folder / "measures.toml"))
    opener = CaseOpener(Target(against=url), LocalServers(1), "none")
    try:
        return await run_case(case, RunContext(opener.open, no_voice, listen=listen))
    finally:
        await opener.close()


def user_tone(folder: Path, ms: int) -> str:
    """A sound file that is loud from its first sample to its last."""
    path = folder / f"tone-{ms}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(tone(ms).astype("<i2").tobytes())
    return path.name


async def an_answer(chance: random.Random, folder: Path) -> Iterator[Measure]:
    """``within_ms``, ``done_within_ms``, ``dead_air_ms``, ``audible``: an answer with a gap in it."""
    lead, gap = chance.randrange(0, 300, 10), chance.randrange(300, 1500, 10)
    parts = [("pause", lead), ("tone", chance.randrange(200, 800)), ("pause", gap), ("tone", 300)]
    answer = TimedAnswer(parts, after_ms=chance.randrange(150, 900), pace=chance.random() < 0.5)
    expect = {"within_ms": 9000, "done_within_ms": 9000, "dead_air_ms": 9000, "audible": True}
    turns = [{"wav": user_tone(folder, chance.randrange(300, 900, 7)), "expect": expect}]
    with timed([answer]) as server:
        result = await held(turns, server.url, folder)
    [truth], [turn] = server.exchanges, result.turns
    waited = _ms(truth.ended, truth.sent) + lead
    sounding = sum(ms for kind, ms in parts if kind == "tone")
    return _measures(
        result,
        within_ms=(turn.figures["within_ms"], waited),
        done_within_ms=(turn.figures["done_ms"], _ms(truth.ended, truth.done)),
        dead_air_ms=(turn.figures["dead_air_ms"], max(waited, gap)),
        audible=(_number(result, 1, "audible"), sounding),
    )


async def an_interruption(chance: random.Random, folder: Path) -> Iterator[Measure]:
    """``interrupted_within_ms``, ``talk_over_ms``: the server says at a known time that the user speaks."""
    answers = [
        TimedAnswer([("tone", 6000)], pace=chance.random() < 0.5, cut_after_ms=chance.randrange(60, 700)),
        TimedAnswer([("tone", 200)]),
    ]
    result, truth = await _spoken_into(answers, {"interrupted": True}, chance, folder)
    found, cut_ms = result.turns[1].figures["interrupted_ms"], _ms(truth[1].began, truth[1].cut)
    both_ms = result.turns[1].details["talk_over_ms"]
    return _measures(
        result, interrupted_within_ms=(found, cut_ms), talk_over_ms=(both_ms, min(cut_ms, SPOKEN_INTO_MS))
    )


async def a_backchannel(chance: random.Random, folder: Path) -> Iterator[Measure]:
    """For how long the agent spoke on over a backchannel, and both at once."""
    length = chance.randrange(2500, 4000, 10)
    answers = [TimedAnswer([("tone", length)], pace=chance.random() < 0.5), None]
    result, truth = await _spoken_into(answers, {"backchannel": True}, chance, folder)
    left = length - _ms(truth[0].sent, truth[1].began)
    both_ms = result.turns[1].details["talk_over_ms"]
    return _measures(
        result,
        backchannel=(_number(result, 2, "backchannel"), left),
        talk_over_ms=(both_ms, SPOKEN_INTO_MS),
    )


async def _spoken_into(
    answers: Sequence[TimedAnswer | None], expect: dict[str, Any], chance: random.Random, folder: Path
) -> tuple[CaseResult, list[Exchange]]:
    at = {"after": "agent.speech_started", "ms": chance.randrange(300, 1200)}
    turns: list[dict[str, Any]] = [
        {"wav": user_tone(folder, 500)},
        {"wav": user_tone(folder, SPOKEN_INTO_MS), "at": at, "expect": expect},
    ]
    with timed(answers) as server:
        return await held(turns, server.url, folder), server.exchanges


def _measures(result: CaseResult, **pairs: tuple[float | None, float]) -> Iterator[Measure]:
    return (Measure(name, found, true, result.late_ms) for name, (found, true) in pairs.items())


def _number(result: CaseResult, turn: int, name: str) -> float | None:
    """The first number in what a verdict found."""
    [verdict] = [each for each in result.turns[turn - 1].verdicts if each.name == name]
    number = re.search(r"\d+", verdict.found)
    return float(number[0]) if number else None


def _ms(begin: float, end: float) -> float:
    return (end - begin) * 1000

"""Pipecat's scripted evals as scripts of ours. What has no counterpart is named, never dropped in silence.

Pipecat measures ``within_ms`` from the moment at which a turn is *sent*, we from its end: in text that is
the same. Its ``response`` in any of three forms is our reply.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realtime_cli.errors import ConfigError

Tree = dict[str, Any]

EVENTS = {
    "user_started_speaking": "user.speech_started",
    "vad_user_started_speaking": "user.speech_started",
    "user_stopped_speaking": "user.speech_stopped",
    "vad_user_stopped_speaking": "user.speech_stopped",
    "user_transcription": "user.transcribed",
    "bot_started_speaking": "agent.speech_started",
    "bot_stopped_speaking": "agent.speech_stopped",
    "llm_started": "response.created",
    "response": "agent.replied",
    "llm_response": "agent.replied",
    "tts_response": "agent.replied",
    "function_call": "tool.called",
    "function_call_stopped": "tool.finished",
}
REPLIES = ("response", "llm_response", "tts_response")
OLLAMA = "http://127.0.0.1:11434/v1"


def scripts_of(tree: Tree) -> list[tuple[Tree, list[str]]]:
    """Each scenario of a file as a script's tree, with what could not be taken over, in sentences.

    Raises ConfigError when there is no scripted scenario in it.
    """
    try:
        return _converted(tree)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # of another shape than theirs
        raise ConfigError(
            f"It is not a scenario of Pipecat's evals: {error}.",
            "See the documentation of Pipecat's evals.",
        ) from error


def _converted(tree: Tree) -> list[tuple[Tree, list[str]]]:
    shared = {key: tree[key] for key in ("user", "judge", "stop_on_failure") if key in tree}
    scenarios = tree.get("scenarios") or [tree]
    scripted = [{**shared, **scenario} for scenario in scenarios if "turns" in scenario]
    if not scripted:
        raise ConfigError("It contains no scripted turns.", "A simulation (persona:) cannot be converted.")
    return [_Scenario(scenario).convert() for scenario in scripted]


class _Scenario:
    def __init__(self, scenario: Tree) -> None:
        self._scenario = scenario
        self._left: list[str] = []

    def convert(self) -> tuple[Tree, list[str]]:
        scenario = self._scenario
        spoken = (scenario.get("user") or {}).get("modality") == "audio"
        script: Tree = {"name": str(scenario.get("name", "imported"))}
        if not spoken and (scenario.get("judge") or {}).get("modality") != "audio":
            script["mode"] = "text"
        if scenario.get("stop_on_failure") is False:
            script["stop_on_failure"] = False
        script["turns"] = [
            self._turn(turn, number, spoken) for number, turn in enumerate(scenario["turns"], 1)
        ]
        if any("judge" in turn.get("expect", {}) for turn in script["turns"]):
            script = {**script, "judge": self._judge()}
        if "context" in scenario:
            self._left.append("context: put the messages into the agent's [conversation] items")
        return script, self._left

    def _judge(self) -> Tree:
        asked = (self._scenario.get("judge") or {}).get("eval") or {}
        model = str(asked.get("model", "gemma2:9b"))
        if asked.get("service", "ollama") == "ollama":
            return {"url": OLLAMA, "model": model}
        return {"url": "https://api.openai.com/v1", "model": model, "key_env": "OPENAI_API_KEY"}

    def _turn(self, turn: Tree, number: int, spoken: bool) -> Tree:
        made: Tree = {}
        if turn.get("audio"):
            made["wav"] = str(turn["audio"])
            made |= {"text": str(turn["user"])} if turn.get("user") else {}
        elif turn.get("user"):
            made["say" if spoken else "user"] = str(turn["user"])
        if turn.get("dtmf") is not None:
            made["dtmf"] = str(turn["dtmf"])
        if turn.get("image"):
            made["image"] = str(turn["image"])
        if after := turn.get("send_after"):
            event = EVENTS.get(str(after.get("event", "")), "turn")
            made["at"] = {"after": event, "ms": after.get("delay_ms", 0)}
        expect: Tree = {}
        for expected in turn.get("expect") or ():
            self._expect(expected, expect, number)
        return {**made, "expect": expect} if expect else made

    def _expect(self, expected: Tree, made: Tree, number: int) -> None:
        event = str(expected.get("event", ""))
        ours = EVENTS.get(event)
        if ours is None:
            self._left.append(f"turn {number}: the event {event}")
            return
        if expected.get("absent"):
            if event in REPLIES and not made:
                made["no_reply"] = True
            else:
                made.setdefault("absent", []).append(ours)
            return
        made.setdefault("in_order", []).append(ours)
        for key, value in self._fields(event, expected, number):
            if isinstance(value, list) and key in made:
                made[key] += value
            else:
                made[key] = value

    def _fields(self, event: str, expected: Tree, number: int) -> Iterator[tuple[str, Any]]:
        target = "heard" if event == "user_transcription" else "contains"
        if "text_contains" in expected:
            yield target, [str(expected["text_contains"])]
        if "text_excludes" in expected:
            yield "not", [str(expected["text_excludes"])]
        if "within_ms" in expected and event in (*REPLIES, "bot_started_speaking"):
            yield "within_ms", expected["within_ms"]
        if event == "function_call":
            calls = expected.get("calls") or ([expected] if expected.get("name") else [])
            yield "calls", [_call(call) for call in calls]
        if "eval" in expected:
            yield "judge", str(expected["eval"])
        known = {
            "event",
            "absent",
            "text_contains",
            "text_excludes",
            "within_ms",
            "calls",
            "name",
            "args",
            "eval",
        }
        for key in expected.keys() - known:
            self._left.append(f"turn {number}: {event}.{key}")


def _call(call: Tree) -> Tree:
    return {"name": str(call["name"]), **({"args": call["args"]} if call.get("args") else {})}

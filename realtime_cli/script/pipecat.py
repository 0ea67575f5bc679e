"""Pipecat's evals as scripts of ours. What has no counterpart is named, never dropped in silence.

Pipecat measures ``within_ms`` from the moment at which a turn is *sent*, we from its end: in text that is
the same. Its ``response`` in any of three forms is our reply.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from realtime_cli.config.interpolation import literal
from realtime_cli.errors import ConfigError
from realtime_cli.script.pipecat_caller import caller_of, expect_of
from realtime_cli.script.pipecat_turn import Tree, converted_turns

DEFAULT_MS = 60_000  # what an expectation has where it says nothing
OLLAMA = "http://127.0.0.1:11434/v1"
OPENAI = {"url": "https://api.openai.com/v1", "model": "gpt-4o", "key_env": "OPENAI_API_KEY"}
MODEL = "gemma4:12b"
OF_BOTH = ("name", "user", "judge", "context", "stop_on_failure", "turns")
OF_A_SIMULATION = ("persona", "goal", "success", "metrics", "max_turns", "max_silence_s", "simulator")


def scripts_of(tree: Any, file_of: Callable[[str], str] = lambda name: name) -> list[tuple[Tree, list[str]]]:
    """Each scenario of a file as a script's tree, with what could not be taken over, in sentences.

    ``file_of``: from a name beside the scenario to one beside the script. Raises ConfigError when it is no
    file of scenarios.
    """
    try:
        return _converted(tree, file_of)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # another shape
        raise ConfigError(
            f"It is not a scenario of Pipecat's evals: {error}.",
            "See the documentation of Pipecat's evals.",
        ) from error


def _converted(tree: Tree, file_of: Callable[[str], str]) -> list[tuple[Tree, list[str]]]:
    if not isinstance(tree, dict):
        raise TypeError("it is a list or a word, not keys with values")
    shared = {key: value for key, value in tree.items() if key not in ("name", "scenarios")}
    name = str(tree.get("name", ""))
    scenarios = tree.get("scenarios")
    if scenarios is None:
        return [_Scenario(tree, file_of).convert()]
    if not isinstance(scenarios, list) or not scenarios:
        raise ConfigError("It contains no scripted turns and no caller.", "Write turns:, or persona:.")
    made = []
    for scenario in scenarios:
        own = str(scenario.get("name", "imported"))
        both = {**shared, **scenario, "name": own if own.startswith(name) else f"{name}-{own}"}
        made.append(_Scenario(both, file_of).convert())
    return made


def unknown(tree: Tree, known: Collection[str], where: str = "") -> list[str]:
    """A sentence for each key that nobody takes over, in the order of the file."""
    return [f"{where}{key}" for key in tree if key not in known]


class _Scenario:
    def __init__(self, scenario: Tree, file_of: Callable[[str], str]) -> None:
        self._scenario = scenario
        self._file_of = file_of
        self._left: list[str] = []
        self._user = dict(scenario.get("user") or {})
        self._judge = dict(scenario.get("judge") or {})

    def convert(self) -> tuple[Tree, list[str]]:
        scenario = self._scenario
        if not scenario.get("turns") and "persona" not in scenario:
            raise ConfigError("It contains no scripted turns and no caller.", "Write turns:, or persona:.")
        spoken = self._user.get("modality") == "audio"
        text = not spoken and self._judge.get("modality") != "audio"
        script: Tree = {"name": str(scenario.get("name", "imported")), "timeout_ms": DEFAULT_MS}
        script |= {"mode": "text"} if text else {}
        script |= {"stop_on_failure": False} if scenario.get("stop_on_failure") is False else {}
        script |= {"set": set_} if (set_ := dict(self._history())) else {}
        script |= self._conditions()
        if "persona" in scenario:
            plays = self._endpoint(scenario.get("simulator") or {}, "simulator")
            script |= {"caller": {**caller_of(scenario), "model": plays}}
            script |= {"expect": expect} if (expect := expect_of(scenario, self._left)) else {}
            judged = True
        else:
            turns = converted_turns(scenario["turns"], spoken, text, self._file_of, self._left)
            script["turns"] = turns.made
            script["timeout_ms"] = max(DEFAULT_MS, turns.longest_ms)
            judged = any("judge" in turn.get("expect", {}) for turn in turns.made)
        if judged:
            script["judge"] = self._endpoint(self._judge.get("eval") or {}, "judge.eval")
        self._rest(spoken)
        return script, self._left

    def _history(self) -> Iterator[tuple[str, Any]]:
        """The messages that a context begins with, as the agent's."""
        items = []
        for message in self._scenario.get("context") or ():
            role = str(message["role"]).replace("developer", "system")
            if role in ("system", "user", "assistant") and isinstance(message.get("content"), str):
                items.append({"role": role, "text": literal(message["content"])})
            else:
                self._left.append(f"context: a message of {role}")
        if items:
            yield "conversation.items", items

    def _conditions(self) -> Tree:
        speed = (self._user.get("speech") or {}).get("speed", self._user.get("speed"))
        return {"conditions": {"speed": float(speed)}} if speed not in (None, 1, 1.0) else {}

    def _endpoint(self, asked: Tree, where: str) -> Tree:
        """The model that judges, or plays the caller; where it is a program, the one that explains."""
        if "factory" in asked:
            self._left.append(f"{where}.factory: {asked['factory']}; its explainer is asked instead")
            asked = asked.get("explainer") or {}
        self._left += unknown(asked, {"service", "model", "endpoint"}, f"{where}.")
        service = asked.get("service", "ollama")
        if service not in ("ollama", "openai"):
            self._left.append(f"{where}.service: {service}")
        made = dict(OPENAI) if service == "openai" else {"url": OLLAMA, "model": MODEL}
        made |= {"model": str(asked["model"])} if asked.get("model") else {}
        made |= {"url": str(asked["endpoint"])} if asked.get("endpoint") else {}
        return made

    def _rest(self, spoken: bool) -> None:
        known = {*OF_BOTH, *(OF_A_SIMULATION if "persona" in self._scenario else ())}
        self._left += unknown(self._scenario, known)
        self._left += unknown(self._user, {"modality", "speech", "speed"}, "user.")
        self._left += unknown(self._user.get("speech") or {}, {"speed"}, "user.speech.")
        if not spoken and "speech" in self._user:
            self._left.append("user.speech.speed")
        self._left += unknown(self._judge, {"modality", "eval"}, "judge.")

"""Which of the session's functions an utterance asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from realtime_cli.server.engine.dialogue import clock
from realtime_cli.server.engine.dialogue.arguments import fill
from realtime_cli.server.engine.dialogue.arithmetic import find_sum
from realtime_cli.server.engine.dialogue.normalise import normalise
from realtime_cli.server.engine.ports import EngineCall, WireObject
from realtime_cli.value import value

ENOUGH = 2.0
NAME_WEIGHT, INTENT_WEIGHT, WHOLE_NAME_WEIGHT = 3.0, 4.0, 10.0
_CLOCKS = "clock time date datetime"
_CALCULATORS = "calculator calculate calc compute math arithmetic evaluate"
_DICE = "dice die roll"
_SAY_NOTHING = (
    "a an the and or of to in on at for from by with into as is are be it its this that these those there"
    " here i you we they he she me my your our us what which who whom when where how why not no"
    " do does did can could would should will shall may might must please"
    " tell give get gets set make run call fetch use new"
    " current currently return returns value values given user one some any all about if such like"
    " tool function information data name string number now right just want need let know up out absent"
    " have has had am was were find look show"
)
_EMPTY = frozenset(_SAY_NOTHING.split())


@value
class AllowedTools:
    """What ``tool_choice`` leaves: which functions, and whether one has to be called."""

    functions: tuple[WireObject, ...]
    forced: bool


def choose(tools: Sequence[WireObject], tool_choice: str | WireObject) -> AllowedTools:
    """``none``, ``auto``, ``required`` or ``{type: function, name}``; an unknown form means auto."""
    functions = tuple(t for t in tools if t.get("name") and t.get("type", "function") == "function")
    if isinstance(tool_choice, Mapping):
        named = tuple(tool for tool in functions if tool["name"] == tool_choice.get("name"))
        return AllowedTools(named or functions, forced=bool(named))
    if tool_choice == "none":
        return AllowedTools((), forced=False)
    return AllowedTools(functions, forced=tool_choice == "required" and bool(functions))


def calls(said: str, allowed: AllowedTools) -> list[EngineCall]:
    """The calls that an utterance asks for, none if it asks for none and none is forced.

    Two things asked for in one sentence ("... and ...") give two calls.
    """
    clauses = [clause for clause in re.split(r"\band(?: then| also)?\b|\bthen\b|;", said) if clause.strip()]
    found = _by_clause(clauses, allowed.functions) if len(clauses) > 1 else []
    if len(found) > 1:
        return found
    tool = best(normalise(said), allowed.functions)
    if tool is None and allowed.forced:
        tool = allowed.functions[0]
    return [_call(tool, said)] if tool is not None else []


def _by_clause(clauses: list[str], functions: Sequence[WireObject]) -> list[EngineCall]:
    found: list[EngineCall] = []
    for clause in clauses:
        tool = best(normalise(clause), functions)
        if tool is not None and (call := _call(tool, clause)) not in found:
            found.append(call)
    return found


def _call(tool: WireObject, said: str) -> EngineCall:
    schema = tool.get("parameters") or {}
    arguments = fill(schema, said, frozenset(name_words(tool))) if isinstance(schema, Mapping) else {}
    return EngineCall(str(tool["name"]), json.dumps(arguments, ensure_ascii=False))


def best(normalised: str, functions: Sequence[WireObject]) -> WireObject | None:
    """The function with the most in common with the utterance, if that is enough."""
    scored = [(score(normalised, tool), -at, tool) for at, tool in enumerate(functions)]
    top = max(scored, key=lambda each: each[:2], default=None)
    return top[2] if top is not None and top[0] >= ENOUGH else None


def score(normalised: str, tool: WireObject) -> float:
    """The share of the name's words that were said, words of the description, and what was meant."""
    summed = find_sum(normalised) is not None
    words = stems(re.sub(r"\btimes\b", " ", normalised) if summed else normalised)
    name = name_words(tool)
    total = NAME_WEIGHT * len(words & name) / len(name) if name else 0.0
    total += len(words & (stems(str(tool.get("description") or "")) - name))
    spelled = re.sub(r"[_\W]+", " ", str(tool["name"])).lower().strip()
    if " " in spelled and spelled in normalised:
        total += WHOLE_NAME_WEIGHT
    return total + (INTENT_WEIGHT if _means(normalised, name, summed) else 0.0)


def _means(normalised: str, name: set[str], summed: bool) -> bool:
    """Whether the utterance asks for what a clock, a calculator or dice do, and the function is one."""
    if name & stems(_CLOCKS):
        return clock.asks_time(normalised) or clock.asks_date(normalised)
    if name & stems(_CALCULATORS):
        return summed
    return bool(name & stems(_DICE) and re.search(r"\b(roll|throw)\b.*\b(dice|die)\b", normalised))


def name_words(tool: WireObject) -> set[str]:
    """ "getWeather_now" as {"weather"}: what is left without the words that say nothing."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+", " ", str(tool["name"]))
    return stems(spaced) or set(spaced.lower().split())


def stems(text: str) -> set[str]:
    """The words that say something, without their common endings."""
    return {
        _stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in _EMPTY and len(word) > 1
    }


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word

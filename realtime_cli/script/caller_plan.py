"""What a caller says, by rules and a seed: no model. Pure: the agent's words in, the next turns out.

The goal comes first. Then, in this order: correct what the agent read back wrong, tell what it asks for,
confirm what it asks to have confirmed, tell what was not told yet, and finally repeat the goal.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from realtime_cli.errors import ConfigError
from realtime_cli.pattern import PatternTooSlow, search
from realtime_cli.script.format import Caller, Fact, ScriptTurn
from realtime_cli.server.engine.dialogue.normalise import normalise

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_WORDS = {
    "people": "people|persons?|guests?|party|how many",
    "day": "day|date|when",
    "date": "day|date|when",
    "time": "time|when|o'?clock",
    "name": "name|who",
    "phone": "phone|number",
    "email": "e ?mail|address",
    "city": "city|where|place",
}
MAX_CORRECTIONS = 2  # times that one fact is told: a third time does not help
BACKCHANNEL = "Mm-hmm."
AGAIN = ("Sorry, once more. {goal}", "That is not what I need. {goal}")
_ASKS = re.compile(
    r"\?|\b(what|which|when|where|who|how many|how much|may i|could you|can you|please (tell|give|say))\b",
    re.I,
)
_CONFIRMS = re.compile(
    r"\b(is|are|was) (that|this|it|everything) (right|correct|ok|okay|fine)\b|\bright\?|\bcorrect\?"
    r"|\b(shall|should|may) i\b|\b(do|would) you (want|like)\b|\bcan i\b",
    re.I,
)


class DialoguePlan:
    """One caller's side of one call. ``spoken``: with pauses and interruptions, which nobody types."""

    def __init__(self, caller: Caller, *, spoken: bool) -> None:
        self._caller, self._spoken = caller, spoken
        self._chance = random.Random(caller.seed)
        self._facts = {
            name: known if isinstance(known, Fact) else Fact(value=known)
            for name, known in caller.knows.items()
        }
        self._told: set[str] = set()
        self._corrected: dict[str, int] = {}
        self._repeats = 0

    async def next(self, reply: str | None) -> list[ScriptTurn]:
        """The next turn; behind it one that begins while the agent answers, if the caller is in that mood.

        ``reply``: what the agent said since the last; None ahead of the first.
        """
        text = self._opening() if reply is None else self._answer(reply)
        turns = [ScriptTurn(say=self._hesitating(text))]
        if self._spoken and self._in_mood(self._caller.habits.interrupts):
            return [*turns, self._while_it_speaks(self._next_fact() or "Wait, please.", 400, 1200)]
        if self._spoken and self._in_mood(self._caller.habits.backchannels):
            expect = {"backchannel": True} if self._caller.wanted.backchannel else {}
            return [*turns, self._while_it_speaks(BACKCHANNEL, 600, 1500, respond=False, expect=expect)]
        return turns

    def _opening(self) -> str:
        self._told |= {name for name in self._facts if f"{{{name}}}" in self._caller.goal}
        wrong = next((name for name in self._told if _other(self._facts[name].value) is not None), None)
        if wrong and self._in_mood(self._caller.habits.corrects_itself):
            value = self._facts[wrong].value
            return self._goal({wrong: f"{_other(value)}, no, sorry, {value}"})
        return self._goal({})

    def _answer(self, reply: str) -> str:
        said = normalise(reply)
        wrong = [name for name in self._facts if self._read_back_wrong(name, said)]
        for name in wrong:
            self._corrected[name] = self._corrected.get(name, 0) + 1
        if wrong:
            return "No, that is wrong. " + " ".join(self._tell(name) for name in wrong)
        asked = list(self._asked_for(reply))
        if asked:
            return " ".join(self._tell(name) for name in asked)
        if _CONFIRMS.search(reply):
            return "Yes, please."
        if fact := self._next_fact():
            return fact
        self._repeats += 1
        return AGAIN[self._repeats % len(AGAIN)].format(goal=self._goal({}))

    def _next_fact(self) -> str:
        """The first thing that was not told yet; nothing when all was."""
        name = next((name for name in self._facts if name not in self._told), None)
        return self._tell(name) if name else ""

    def _tell(self, name: str) -> str:
        self._told.add(name)
        fact = self._facts[name]
        return fact.say or f"The {name.replace('_', ' ')} is {_in_words(fact.value)}."

    def _goal(self, instead: dict[str, str]) -> str:
        values = {name: _in_words(fact.value) for name, fact in self._facts.items()} | instead
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), self._caller.goal)

    # -- what the agent said ------------------------------------------------------------------

    def _asked_for(self, reply: str) -> Iterator[str]:
        for sentence in re.split(r"(?<=[.!?])\s+", reply):
            if _ASKS.search(sentence):
                yield from (name for name in self._facts if self._is_about(name, sentence))

    def _is_about(self, name: str, sentence: str) -> bool:
        words = self._facts[name].asked or USUAL_WORDS.get(name) or re.escape(name.replace("_", " "))
        try:
            return search(rf"\b(?:{words})\b", sentence, ignore_case=True) is not None
        except PatternTooSlow as error:
            raise ConfigError(f"caller.knows.{name}.asked: {error.message}") from None

    def _read_back_wrong(self, name: str, said: str) -> bool:
        """Whether another number, or another day, is said of it; nothing else is understood that well."""
        value, word = self._facts[name].value, re.escape(name.replace("_", " "))
        if self._corrected.get(name, 0) >= MAX_CORRECTIONS or isinstance(value, bool):
            return False
        if isinstance(value, int | float):
            near = re.findall(
                rf"\b(\d+(?:\.\d+)?) {word}\b|\b{word}(?: is| for| of)? (\d+(?:\.\d+)?)\b", said
            )
            numbers = [float(before or behind) for before, behind in near]
            return bool(numbers) and float(value) not in numbers
        mine = [day for day in DAYS if day in value.casefold()]
        heard = [day for day in DAYS if day in said]
        return bool(mine and heard) and not set(mine) & set(heard)

    # -- what people do -----------------------------------------------------------------------

    def _in_mood(self, share: float) -> bool:
        return self._chance.random() < share

    def _hesitating(self, text: str) -> str | list[str | float]:
        words = text.split()
        if not self._spoken or len(words) < 4 or not self._in_mood(self._caller.habits.hesitates):
            return text
        at = self._chance.randint(2, len(words) - 2)
        pause_ms = float(self._chance.randrange(200, 400, 20))
        return [f"{' '.join(words[:at]).rstrip('.,')}, um,", pause_ms, " ".join(words[at:])]

    def _while_it_speaks(self, text: str, least_ms: int, most_ms: int, **more: Any) -> ScriptTurn:
        after_ms = self._chance.randrange(least_ms, most_ms, 20)
        at = {"after": "agent.speech_started", "ms": float(after_ms)}
        return ScriptTurn.model_validate({"say": text, "at": at, **more})


def _in_words(value: str | float) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _other(value: str | float) -> str | None:
    """A different number or day; None if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value + 1)
    day = next((day for day in DAYS if day in str(value).casefold()), None)
    return DAYS[(DAYS.index(day) + 1) % len(DAYS)].capitalize() if day else None

"""A function's arguments, guessed from an utterance by the function's JSON schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_cli.server.engine.dialogue import clock
from realtime_cli.server.engine.dialogue.arithmetic import find_sum
from realtime_cli.server.engine.dialogue.normalise import normalise

Schema = Mapping[str, Any]
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DAYS = re.compile(
    r"\b(?:(?:next |this )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"(?: (?:morning|noon|evening|night))?"
    r"|today|tonight|tomorrow(?: (?:morning|evening|night))?|yesterday|\d{4}-\d\d-\d\d)\b"
)
# What a property's name says it is.
_ZONE = frozenset(["zone", "timezone", "tz"])
_PLACE = frozenset(
    ["city", "location", "place", "town", "destination", "origin", "country", "where", "address", "region"]
)
_DATE = frozenset(["date", "day", "when", "weekday"])
_SUM = frozenset(["expression", "expr", "formula", "calculation", "equation", "sum"])
_PERSON = frozenset(["name", "person", "recipient", "to", "contact", "customer", "user", "who", "attendee"])
_OFF = re.compile(r"\b(?:off|not|no|without|disable|false|never)\b")
_IN_QUOTES = re.compile(r"[\"“](.+?)[\"”]")
_LED_BY = re.compile(r"\b(?:saying|that says|about|titled|called|that|for|of|:)\s+(.+)$", re.IGNORECASE)
_NAMED_PLACE = re.compile(r"\b(?:in|at|near|to|from|for|of)\s+((?:[A-Z][\w'-]*\s?)+)")
_NAMED_PERSON = re.compile(
    r"\b(?:to|for|called|named|name is|with|is|of)\s+([A-Z][\w'-]*(?:\s[A-Z][\w'-]*)?)"
)


@dataclass
class Utterance:
    """What is left to be used: a number that went into one argument is not offered to the next."""

    said: str
    normalised: str
    numbers: list[str]
    topic: frozenset[str]

    def take_number(self, unit: str | None) -> float | None:
        """The number before ``unit`` (converted from other units of time), else the next unused one."""
        if unit in _SECONDS:
            amounts = re.findall(r"(\d+(?:\.\d+)?) (second|minute|hour|day|week)s?\b", self.normalised)
            for amount, told in amounts:
                if amount in self.numbers:
                    self.numbers.remove(amount)
                    return float(amount) * _SECONDS[told] / _SECONDS[unit]
        return float(self.numbers.pop(0)) if self.numbers else None


def fill(schema: Schema, said: str, topic: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Values for the properties that the utterance speaks of, and for all required ones.

    ``topic`` are the words of the function's name: a free text does not begin before them.
    """
    normalised = normalise(said)
    utterance = Utterance(said.strip(), normalised, _NUMBER.findall(normalised), topic)
    return _object(schema, schema, utterance)


def _object(schema: Schema, root: Schema, utterance: Utterance) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    filled = {}
    for name, inner in properties.items():
        if not isinstance(inner, Mapping):
            continue
        resolved = _resolve(inner, root)
        value = _value(name, resolved, root, utterance, only=len(properties) == 1)
        if value is None and name in (schema.get("required") or ()):
            value = _guess(resolved, root, utterance)
        if value is not None:
            filled[name] = value
    return filled


def _resolve(schema: Schema, root: Schema) -> Schema:
    """Through a local ``$ref`` and the first real branch of ``anyOf`` / ``oneOf``; eight steps at most."""
    for _ in range(8):
        branches = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if str(schema.get("$ref", "")).startswith("#/"):
            target: Any = root
            for step in str(schema["$ref"])[2:].split("/"):
                target = target.get(step, {}) if isinstance(target, Mapping) else {}
            schema = target
        elif branches:
            schema = next((each for each in branches if each.get("type") != "null"), {})
        else:
            break
    return schema


def kind_of(schema: Schema) -> str:
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    return str(next((each for each in kind if each != "null"), "string") if isinstance(kind, list) else kind)


def _value(name: str, schema: Schema, root: Schema, utterance: Utterance, only: bool) -> Any:
    """What the utterance says about this property; None when nothing."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        said = [value for value in schema["enum"] if value is not None and _said(value, utterance)]
        return max(said, key=lambda value: len(str(value)), default=None)
    match kind_of(schema):
        case "integer" | "number" as kind:
            number = utterance.take_number(_unit(name, schema))
            return None if number is None else bounded(number, schema, whole=kind == "integer")
        case "boolean":
            spoken_of = bool(_words(name) & set(utterance.normalised.split()))
            return not _OFF.search(utterance.normalised) if spoken_of or only else None
        case "array":
            items = schema.get("items")
            return _array(_resolve(items, root) if isinstance(items, Mapping) else {}, utterance) or None
        case "object":
            return _object(schema, root, utterance) or None
        case _:
            return _text(name, schema, utterance)


def _said(value: object, utterance: Utterance) -> bool:
    words = normalise(re.sub(r"[_-]", " ", str(value)))
    return bool(words) and re.search(rf"\b{re.escape(words)}s?\b", utterance.normalised) is not None


def _unit(name: str, schema: Schema) -> str | None:
    described = f"{name.replace('_', ' ')} {schema.get('description', '')}".lower()
    return next((unit for unit in _SECONDS if re.search(rf"\b{unit}s?\b", described)), None)


def bounded(number: float, schema: Schema, whole: bool) -> float | int:
    """Inside minimum and maximum, and an int where the schema wants one or nothing is lost."""
    number = max(number, schema.get("minimum", number))
    number = min(number, schema.get("maximum", number))
    return round(number) if whole or number == int(number) else number


def _array(items: Schema, utterance: Utterance) -> list[Any]:
    if items.get("enum"):
        return [value for value in items["enum"] if _said(value, utterance)]
    if kind_of(items) in ("integer", "number"):
        taken, utterance.numbers = utterance.numbers, []
        return [bounded(float(number), items, whole=kind_of(items) == "integer") for number in taken]
    return [part.strip() for part in re.split(r",|\band\b", free_text(utterance)) if part.strip()]


def _text(name: str, schema: Schema, utterance: Utterance) -> str | None:
    """By what the property's name says it is; None where only a guess could be made."""
    words = _words(name)
    if words & _ZONE:
        place = clock.find_place(utterance.normalised)
        return place[1] if place else None
    if words & _PLACE:
        place = clock.find_place(utterance.normalised)
        return place[0] if place else _first(_NAMED_PLACE, utterance.said)
    if words & _DATE or schema.get("format") == "date":
        day = _DAYS.search(utterance.normalised)
        return day[0] if day else None
    if words & _SUM:
        found = find_sum(utterance.normalised)
        return found.written if found else None
    named = (
        _NAMED_PERSON
        if words & _PERSON
        else rf"\b{re.escape(name.replace('_', ' '))}\b(?: is)?\s+([\w@.'-]+)"
    )
    return _first(_IN_QUOTES, utterance.said) or _first(named, utterance.said)


def _first(pattern: str | re.Pattern[str], said: str) -> str | None:
    """What the pattern's group holds, without the punctuation around it."""
    found = re.search(pattern, said)
    return found[1].strip(" .,") if found else None


def _guess(schema: Schema, root: Schema, utterance: Utterance) -> Any:
    """Something valid for a required property that the utterance does not name."""
    if schema.get("default") is not None:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    match kind_of(schema):
        case "integer" | "number" as kind:
            return bounded(1, schema, whole=kind == "integer")
        case "boolean":
            return not _OFF.search(utterance.normalised)
        case "array":
            return []
        case "object":
            return _object(schema, root, utterance)
        case _:
            return free_text(utterance)[: schema.get("maxLength") or None]


def free_text(utterance: Utterance) -> str:
    """What stands behind "saying", "that", "about", "for" or the function's own words, else all of it."""
    said = utterance.said.strip(" .!?")
    if led := _LED_BY.search(said):
        return led[1].strip()
    words = said.split()
    topical = [at for at, word in enumerate(words) if _is_topic(word, utterance.topic)]
    rest = " ".join(words[topical[-1] + 1 :]) if topical else ""
    return rest.strip(" ,:") or said


def _is_topic(word: str, topic: frozenset[str]) -> bool:
    bare = re.sub(r"\W", "", word.lower())
    return any(bare.startswith(stem) and len(bare) - len(stem) <= 3 for stem in topic)


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+", " ", name).lower().split())

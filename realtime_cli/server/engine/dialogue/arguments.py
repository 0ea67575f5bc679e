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
_PLACE = {
    "city",
    "location",
    "place",
    "town",
    "destination",
    "origin",
    "country",
    "where",
    "address",
    "region",
}
_ZONE = {"zone", "timezone", "tz"}
_DATE = {"date", "day", "when", "weekday"}
_SUM = {"expression", "expr", "formula", "calculation", "equation", "sum"}
_PERSON = {"name", "person", "recipient", "to", "contact", "customer", "user", "who", "attendee"}
_OFF = re.compile(r"\b(?:off|not|no|without|disable|false|never)\b")


@dataclass
class Utterance:
    """What is left to be used: a number that went into one argument is not offered to the next."""

    said: str
    heard: str
    numbers: list[str]
    topic: frozenset[str]

    def take_number(self, unit: str | None) -> float | None:
        """The number before ``unit`` (converted from other units of time), else the next unused one."""
        if unit in _SECONDS:
            for amount, told in re.findall(r"(\d+(?:\.\d+)?) (second|minute|hour|day|week)s?\b", self.heard):
                if amount in self.numbers:
                    self.numbers.remove(amount)
                    return float(amount) * _SECONDS[told] / _SECONDS[unit]
        return float(self.numbers.pop(0)) if self.numbers else None


def fill(schema: Schema, said: str, topic: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """Values for the properties that the utterance speaks of, and for all required ones.

    ``topic`` are the words of the function's name: a free text does not begin before them.
    """
    heard = normalise(said)
    utterance = Utterance(said.strip(), heard, _NUMBER.findall(heard), frozenset(topic))
    return _object(schema, schema, utterance)


def _object(schema: Schema, root: Schema, utterance: Utterance) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    filled = {}
    for name, inner in properties.items():
        if not isinstance(inner, Mapping):
            continue
        resolved = _resolve(inner, root)
        value = _value(name, resolved, root, utterance, only=len(properties) == 1)
        if value is None and name in required:
            value = _guess(name, resolved, root, utterance)
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
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "string")
    return str(kind)


def _value(name: str, schema: Schema, root: Schema, utterance: Utterance, only: bool) -> Any:
    """What the utterance says about this property; None when nothing."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return _enum(schema["enum"], utterance.heard)
    match kind_of(schema):
        case "integer" | "number" as kind:
            number = utterance.take_number(_unit(name, schema))
            return None if number is None else bounded(number, schema, whole=kind == "integer")
        case "boolean":
            spoken_of = bool(_words(name) & set(utterance.heard.split()))
            return not _OFF.search(utterance.heard) if spoken_of or only else None
        case "array":
            return _array(name, schema, root, utterance) or None
        case "object":
            return _object(schema, root, utterance) or None
        case _:
            return _text(name, schema, utterance)


def _enum(values: list[Any], heard: str) -> Any:
    """The longest of the values that was said."""
    said = [value for value in values if value is not None and _said(str(value), heard)]
    return max(said, key=lambda value: len(str(value)), default=None)


def _said(value: str, heard: str) -> bool:
    words = normalise(re.sub(r"[_-]", " ", value))
    return bool(words) and re.search(rf"\b{re.escape(words)}s?\b", heard) is not None


def _unit(name: str, schema: Schema) -> str | None:
    described = f"{name.replace('_', ' ')} {schema.get('description', '')}".lower()
    return next((unit for unit in _SECONDS if re.search(rf"\b{unit}s?\b", described)), None)


def bounded(number: float, schema: Schema, whole: bool) -> float | int:
    """Inside minimum and maximum, and an int where the schema wants one or nothing is lost."""
    least, most = schema.get("minimum"), schema.get("maximum")
    number = number if least is None else max(number, least)
    number = number if most is None else min(number, most)
    return round(number) if whole or number == int(number) else number


def _array(name: str, schema: Schema, root: Schema, utterance: Utterance) -> list[Any]:
    items = schema.get("items")
    inner = _resolve(items, root) if isinstance(items, Mapping) else {}
    if inner.get("enum"):
        return [value for value in inner["enum"] if _said(str(value), utterance.heard)]
    if kind_of(inner) in ("integer", "number"):
        taken, utterance.numbers = utterance.numbers, []
        return [bounded(float(number), inner, whole=kind_of(inner) == "integer") for number in taken]
    text = _text(name, inner, utterance) or free_text(utterance)
    return [part.strip() for part in re.split(r",|\band\b", text) if part.strip()] if text else []


def _text(name: str, schema: Schema, utterance: Utterance) -> str | None:
    """By what the property's name says it is; None where only a guess could be made."""
    words = _words(name)
    if words & _ZONE:
        place = clock.find_place(utterance.heard)
        return place[1] if place else None
    if words & _PLACE:
        return place_in(utterance)
    if words & _DATE or schema.get("format") == "date":
        day = _DAYS.search(utterance.heard)
        return day[0] if day else None
    if words & _SUM:
        found = find_sum(utterance.heard)
        return found.written if found else None
    quoted = re.search(r"[\"“](.+?)[\"”]", utterance.said)
    if quoted:
        return quoted[1]
    if words & _PERSON:
        return _person(utterance.said)
    return _named(name, utterance.said)


def place_in(utterance: Utterance) -> str | None:
    """A known place, else what stands behind "in", "at", "for" … if it is written like a name."""
    place = clock.find_place(utterance.heard)
    if place:
        return place[0]
    named = re.search(r"\b(?:in|at|near|to|from|for|of)\s+((?:[A-Z][\w'-]*\s?)+)", utterance.said)
    return named[1].strip() if named else None


def _person(said: str) -> str | None:
    found = re.search(
        r"\b(?:to|for|called|named|name is|with|is|of)\s+([A-Z][\w'-]*(?:\s[A-Z][\w'-]*)?)", said
    )
    return found[1] if found else None


def _named(name: str, said: str) -> str | None:
    """ "... with the subject lunch": the word or words behind the property's own name."""
    spoken = re.escape(name.replace("_", " "))
    found = re.search(rf"\b{spoken}\b(?: is| of| to|:)?\s+([\w@.'-]+)", said, re.IGNORECASE)
    return found[1].strip(".,") if found else None


def _guess(name: str, schema: Schema, root: Schema, utterance: Utterance) -> Any:
    """Something valid for a required property that the utterance does not name."""
    for key in ("default", "examples", "enum"):
        if schema.get(key) not in (None, []):
            return schema[key][0] if key != "default" else schema[key]
    match kind_of(schema):
        case "integer" | "number" as kind:
            return bounded(1, schema, whole=kind == "integer")
        case "boolean":
            return not _OFF.search(utterance.heard)
        case "array":
            return []
        case "object":
            return _object(schema, root, utterance)
        case _:
            return free_text(utterance)[: schema.get("maxLength") or None]


def free_text(utterance: Utterance) -> str:
    """What stands behind "saying", "that", "about", "for" or the function's own words, else all of it."""
    said = utterance.said.strip(" .!?")
    led = re.search(r"\b(?:saying|that says|about|titled|called|that|for|of|:)\s+(.+)$", said, re.IGNORECASE)
    if led:
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

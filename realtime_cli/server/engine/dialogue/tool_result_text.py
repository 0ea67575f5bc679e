"""A function's result in a spoken sentence."""

from __future__ import annotations

from typing import Any

from realtime_cli.untrusted_json import parse_json

MAX_LENGTH = 600
MAX_PARTS = 12
_OF_A_CLOCK = {"time", "date", "weekday", "zone", "timezone"}


def outcome_sentence(name: str, output: str) -> str:
    """Say a clock's result as the time, an error as an error, anything else as "The result of f is …"."""
    value = _parsed(output)
    if problem := _problem(value):
        return _sentence(f"{name} did not work: {_short(problem)}")
    if isinstance(value, dict) and "time" in value and value.keys() <= _OF_A_CLOCK:
        return _the_time(value)
    words = _short(in_words(value))
    return _sentence(f"The result of {name} is {words}" if words else f"{name} is done and gave no result")


def _the_time(value: dict[str, Any]) -> str:
    """Like "It is 10:31 in Tokyo on Monday, 2026-05-04", of which only the time must be given."""
    zone = str(value.get("zone") or value.get("timezone") or "")
    place = f" in {zone.rsplit('/')[-1].replace('_', ' ')}" if "/" in zone else ""
    day = ", ".join(str(value[key]) for key in ("weekday", "date") if value.get(key))
    return _sentence(f"It is {value['time']}{place}" + (f" on {day}" if day else ""))


def in_words(value: Any) -> str:
    """JSON without its punctuation: "time 10:31, weekday Monday"."""
    match value:
        case dict() if len(value) == 1:
            return in_words(next(iter(value.values())))
        case dict():
            given = [(key, inner) for key, inner in value.items() if inner not in (None, "", [], {})]
            parts = [f"{str(key).replace('_', ' ')} {in_words(inner)}" for key, inner in given]
            return ", ".join(parts[:MAX_PARTS])
        case list():
            more = f", and {len(value) - MAX_PARTS} more" if len(value) > MAX_PARTS else ""
            return ", ".join(map(in_words, value[:MAX_PARTS])) + more
        case bool():
            return "yes" if value else "no"
    return "nothing" if value is None else str(value).strip()


def _parsed(output: str) -> Any:
    try:
        return parse_json(output)
    except ValueError:
        return output


def _problem(value: Any) -> str:
    if isinstance(value, dict) and value.get("error"):
        return in_words(value["error"])
    if isinstance(value, str) and value.lower().startswith("error"):
        return value.split(":", 1)[-1].strip() or value
    return ""


def _short(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH].rsplit(" ", 1)[0] + " and so on"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

"""What a docstring says: the description, and a sentence for each parameter.

Read are the three ways in which Python people write sections: Google's (``Args:``), NumPy's (``Parameters``
underlined), Sphinx's (``:param name:``). What stands behind the parameters (returns, raises) is for
readers of the code, and the model is not told of it.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(
    r"(args|arguments|parameters|params|other parameters|returns?|yields?|raises|examples?|notes?|warns|"
    r"see also|references|attributes)(:?)\s*$",
    re.IGNORECASE,
)
_PARAMETERS = {"args", "arguments", "parameters", "params", "other parameters"}
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?$")
_SPHINX = re.compile(r":(?:param|parameter|arg|argument|key)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")


@dataclass(slots=True)
class Docstring:
    """``description``: all ahead of the sections. ``parameters``: by name."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Docstring:
    """The parts of a docstring as it stands in the source."""
    lines = inspect.cleandoc(text or "").splitlines()
    found, description = Docstring(), []
    place = 0
    while place < len(lines):
        line = lines[place]
        underlined = place + 1 < len(lines) and re.fullmatch(r"\s*-{3,}\s*", lines[place + 1])
        section = _SECTION.match(line) if line[:1].strip() else None
        if section and (section[2] or underlined):
            begin = place + (2 if underlined else 1)
            place = _end_of_section(lines, begin, underlined=bool(underlined))
            if section[1].lower() in _PARAMETERS:
                _read_section(lines[begin:place], found, _NUMPY if underlined else _GOOGLE)
        elif line.startswith(":"):
            begin, place = place, place + 1
            while place < len(lines) and lines[place].startswith(" "):
                place += 1
            if match := _SPHINX.match(line):
                found.parameters[match[1]] = _joined([match[2], *lines[begin + 1 : place]])
        else:
            description.append(line)
            place += 1
    found.description = re.sub(r"\n{3,}", "\n\n", "\n".join(description)).strip()
    return found


def _end_of_section(lines: list[str], begin: int, *, underlined: bool) -> int:
    """Google's ends where the indentation does, NumPy's at the next one that is underlined."""
    for place in range(begin, len(lines)):
        line = lines[place]
        if not line[:1].strip():
            continue
        if not underlined or (place + 1 < len(lines) and re.fullmatch(r"-{3,}\s*", lines[place + 1])):
            return place
    return len(lines)


def _read_section(lines: list[str], found: Docstring, head: re.Pattern[str]) -> None:
    """Each name at the least indentation, with what is written beside it and, further in, below it."""
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    name, words = "", []
    for line in lines:
        match = head.match(line.strip()) if line.strip() and _indent(line) == min(indents) else None
        if match:
            name, words = match[1], [match[2]] if head is _GOOGLE else []
        else:
            words.append(line)
        if name:
            found.parameters[name] = _joined(words)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(words: list[str]) -> str:
    return " ".join(" ".join(words).split())

"""The tools that come with the program; each is off unless an agent file names it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from realtime_cli import private_file
from realtime_cli.config.tools import BuiltinTool
from realtime_cli.errors import ConfigError
from realtime_cli.tools.calculator import calculate
from realtime_cli.tools.output import fitted, text_of
from realtime_cli.tools.tool import Progress, Rules, Tool, ToolFailed
from realtime_cli.user_path import user_path
from realtime_cli.value import value

MAX_LISTED = 500


def clock(zone: str = "") -> dict[str, str]:
    """Time, date and weekday in an IANA zone; ValueError names an unknown one."""
    try:
        moment = datetime.now(UTC).astimezone(ZoneInfo(zone) if zone else None)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"There is no time zone named {zone!r}.") from error
    return {
        "time": moment.strftime("%H:%M"),
        "date": moment.date().isoformat(),
        "weekday": moment.strftime("%A"),
        "zone": zone or str(moment.tzname()),
    }


def calculator(expression: str) -> str:
    """The result as text."""
    return str(calculate(expression))


def hang_up() -> str:
    """The text for the model; ending the session is up to the session."""
    return "The call ends as soon as the user has heard your goodbye."


def notes_file() -> Path:
    return private_file.state_folder() / "notes.md"


def note(text: str = "") -> str:
    """Add a line to the notes; without a text, all of them."""
    path = notes_file()
    if not text.strip():
        return path.read_text(encoding="utf-8") if path.exists() else "There are no notes."
    with private_file.open_text(path, "a") as notes:
        notes.write(f"- {datetime.now():%Y-%m-%d %H:%M} {' '.join(text.split())}\n")
    return "Noted."


def file_reader(root: Path, limit: int) -> Callable[..., str]:
    """A function that reads below ``root`` and nowhere else, whatever links stand there."""
    root = root.resolve()

    def read_file(path: str = ".") -> str:
        place = (root / path).resolve()
        if not place.is_relative_to(root):
            raise ValueError(f"{path} is outside the folder that may be read.")
        if place.is_dir():
            names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in place.iterdir())
            return "\n".join(names[:MAX_LISTED]) or "(an empty folder)"
        if not place.is_file():
            raise ValueError(f"There is no file {path}.")
        with place.open("rb") as file:
            data = file.read(limit + 1)
        size = max(place.stat().st_size, len(data))
        return fitted(text_of(data, size), limit, size)

    return read_file


@value
class Builtin:
    """What the model is told of a built-in tool."""

    description: str
    properties: dict[str, Any]
    required: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        more = {"required": list(self.required)} if self.required else {}
        return {"type": "object", "properties": self.properties, **more, "additionalProperties": False}


BUILTINS = {
    "clock": Builtin(
        "The current time and date, here or in a time zone.",
        {"zone": {"type": "string", "description": "IANA time zone such as Europe/Oslo; local if absent"}},
    ),
    "calculator": Builtin(
        "The exact result of an arithmetic expression.",
        {"expression": {"type": "string", "description": "such as 2 * (3 + 4) ^ 2, sqrt(2) or sin(pi / 4)"}},
        ("expression",),
    ),
    "read_file": Builtin(
        "Reads a text file, or lists a folder, of the folder that you were given.",
        {"path": {"type": "string", "description": "relative to that folder; . lists it"}},
    ),
    "hang_up": Builtin("Ends the conversation. Say goodbye first; only when the user wants to end it.", {}),
    "note": Builtin(
        "Writes a note down for the user; without a text it gives all notes.",
        {"text": {"type": "string", "description": "one line"}},
    ),
}


class PlainFunction:
    """Runs a short function in a thread."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    async def run(self, arguments: dict[str, Any], progress: Progress) -> str:
        try:
            result = await asyncio.to_thread(self._function, **arguments)
        except (ValueError, OSError) as error:
            raise ToolFailed(str(error)) from error
        return result if isinstance(result, str) else json.dumps(result)


def builtin_tool(written: BuiltinTool, folder: Path) -> Tool:
    """The tool of an entry with ``builtin``. Raises ConfigError if its root is no folder."""
    about = BUILTINS[written.builtin]
    functions: dict[str, Callable[..., Any]] = {
        "clock": clock,
        "calculator": calculator,
        "hang_up": hang_up,
        "note": note,
    }
    if written.root is not None:
        root = user_path(written.root, folder)
        if not root.is_dir():
            raise ConfigError(f"read_file should read in {root}, which is not a folder.")
        functions["read_file"] = file_reader(root, written.max_output_bytes)
    return Tool(
        written.name or written.builtin,
        written.description or about.description,
        about.parameters,
        PlainFunction(functions[written.builtin]),
        Rules.of(written, "always"),
        hangs_up=written.builtin == "hang_up",
    )

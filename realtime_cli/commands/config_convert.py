"""``config convert``: an agent file for another protocol."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tomlkit

from realtime_cli.app.console import echo, out
from realtime_cli.config import load_agent, toml_file
from realtime_cli.config.to_live import to_live
from realtime_cli.errors import ConfigError, ExitCode


def convert(path: Path, to: str, output: Path | None) -> int:
    """Write the agent file as one that speaks Live; what has no counterpart is told on stderr.

    Comments outside ``[connection]`` and ``[session]`` are kept. Raises ConfigError for a file that is wrong
    already, or that would be overwritten.
    """
    if to != "live":
        raise ConfigError(f"--to takes live, not {to}.")
    load_agent(path)
    text = toml_file.read_text(path, "Check the path.")
    made, notes = to_live(tomlkit.parse(text).unwrap())
    document = tomlkit.parse(text)
    for section in ("connection", "session"):
        if section in made:
            _replace(document, section, made[section])
    converted = re.sub(r"(?m)([^\n])\n(?=\[)", r"\1\n\n", tomlkit.dumps(document))  # tables stand apart
    if output is None:
        out(converted.rstrip("\n"))
    else:
        try:
            with output.open("x", encoding="utf-8") as file:
                file.write(converted)
        except FileExistsError:
            raise ConfigError(f"{output} exists already.", "Name another file.") from None
        except OSError as error:
            raise ConfigError(f"{output} cannot be written: {error.strerror}.") from None
    for note in notes:
        echo(f"realtime-cli: {note}.")
    return ExitCode.OK


def _replace(document: Any, section: str, values: dict[str, Any]) -> None:
    """Replace the values of a section where it stands; unchanged lines keep their comments."""
    known = document.get(section)
    if known is None:
        document.add(section, values)
        return
    for key in [key for key in known if key not in values]:
        del known[key]
    for key, value in values.items():
        if key not in known or known[key] != value:
            known[key] = value

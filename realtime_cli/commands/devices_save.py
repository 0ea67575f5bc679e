"""``devices --save``: writes the chosen devices into the agent file and leaves the rest of it as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from realtime_cli.app.console import echo
from realtime_cli.audio import device
from realtime_cli.audio.device_choice import Direction, pick
from realtime_cli.config import toml_file
from realtime_cli.errors import ConfigError

BY_HAND = "Write it by hand: [audio] input = and output ="


def remember(path: Path, choices: Mapping[Direction, str]) -> None:
    """Write the full names of the devices into ``[audio]``.

    Raises AudioDeviceError for a device that is not there, ConfigError for a file that cannot be changed.
    """
    if not choices:
        raise ConfigError("--save has nothing to save.", "Name devices: --input NAME, --output NAME.")
    listed = device.list_devices()
    names = {way: _name(pick(listed, choice, way).name, choice) for way, choice in choices.items()}
    text = with_audio(toml_file.read_text(path), names, str(path))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    said = ", ".join(f"{way} = {name!r}" for way, name in names.items())
    echo(f"{path} has [audio] {said} now.")


def _name(name: str, choice: str) -> str:
    return choice if choice == "default" else name


def with_audio(text: str, names: Mapping[Direction, str], file: str) -> str:
    """The text of an agent file with these keys in ``[audio]``; comments and order are kept.

    Raises ConfigError when the file is not TOML, or ``audio`` is written in a way that cannot be edited.
    """
    wanted = {**toml_file.parse(text, file).get("audio", {}), **names}
    for key, name in names.items():
        text = _with_key(text, key, f"{key} = {json.dumps(name, ensure_ascii=False)}")
    try:
        written = toml_file.parse(text, file).get("audio")
    except ConfigError:
        written = None
    if written != wanted:
        raise ConfigError(f"The [audio] of {file} cannot be edited.", BY_HAND)
    return text


def _with_key(text: str, key: str, line: str) -> str:
    places = toml_file.key_lines(text)
    lines = text.splitlines()
    if at := places.get(("audio", key)):
        lines[at - 1] = line + _comment(lines[at - 1])
    elif table := places.get(("audio",)):
        lines.insert(table, line)
    else:
        lines += ["", "[audio]", line]
    return "\n".join(lines) + "\n"


def _comment(line: str) -> str:
    """The comment behind a value that was a number or a simple text."""
    _, hash_, comment = line.rpartition(" #")
    return f"  #{comment}" if hash_ and comment.count('"') == 0 else ""

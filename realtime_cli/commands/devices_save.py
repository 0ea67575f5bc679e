"""``devices --save``: writes the chosen devices into the agent file and leaves the rest of it as it is."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path

import tomlkit

from realtime_cli.app.console import echo
from realtime_cli.audio import device
from realtime_cli.audio.device_choice import Direction, pick
from realtime_cli.config import toml_file
from realtime_cli.errors import ConfigError


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
        ends = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        path.write_text(text, encoding="utf-8", newline=ends)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    said = ", ".join(f"{way} = {name!r}" for way, name in names.items())
    echo(f"{path} has [audio] {said} now.")


def _name(name: str, choice: str) -> str:
    return choice if choice == "default" else name


def with_audio(text: str, names: Mapping[Direction, str], file: str) -> str:
    """The text of an agent file with these keys in ``[audio]``; comments and order are kept.

    Raises ConfigError when the file is not TOML, or ``audio`` is no table.
    """
    toml_file.parse(text, file)
    document = tomlkit.parse(text)
    audio = document.setdefault("audio", tomlkit.table())
    if not isinstance(audio, MutableMapping):
        raise ConfigError(f"audio in {file} is not a table.", "Make it [audio].")
    audio.update(names)
    return tomlkit.dumps(document)

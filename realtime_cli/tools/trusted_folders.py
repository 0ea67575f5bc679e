"""Folders whose agent files may run their tools: a person said so once."""

from __future__ import annotations

import json
from pathlib import Path

import platformdirs

from realtime_cli import private_file
from realtime_cli.untrusted_json import parse_json

NAME = "trusted-folders.json"


def file() -> Path:
    return platformdirs.user_state_path("realtime-cli") / NAME


def is_trusted(folder: Path) -> bool:
    return str(folder.resolve()) in _known()


def trust(folder: Path) -> None:
    """Remember a folder. A state folder that cannot be written only means being asked again."""
    known = [*_known(), str(folder.resolve())]
    try:
        with private_file.open_text(file(), "w") as out:
            out.write(json.dumps(sorted(set(known)), indent=1) + "\n")
    except OSError:
        return


def _known() -> list[str]:
    try:
        known = parse_json(file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [entry for entry in known if isinstance(entry, str)] if isinstance(known, list) else []

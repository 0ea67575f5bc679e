"""What the user has allowed: per agent file, the hash of what it may do, and what to compare it with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from realtime_cli import private_file
from realtime_cli.tools.permissions import Permissions
from realtime_cli.untrusted_json import parse_json

NAME = "trusted-folders.json"
MAX_KEPT = 8  # allowed states of one agent file, so that an older one needs no new question


def file() -> Path:
    return private_file.state_folder() / NAME


def is_trusted(requested: Permissions) -> bool:
    """Whether exactly this was allowed. A list of folders, as older versions kept it, allows nothing."""
    return requested.hash in _of(requested)


def trust(requested: Permissions) -> None:
    """Remember it. A state folder that cannot be written only means being asked again."""
    before = {key: value for key, value in _of(requested).items() if key != requested.hash}
    now = {
        "demands": [demand.text for demand in requested.demands],
        "written": {demand.text: demand.written for demand in requested.demands},
        "files": requested.files,
    }
    kept = dict([*before.items(), (requested.hash, now)][-MAX_KEPT:])
    known = {**_known(), str(requested.path): kept}
    try:
        if not private_file.is_ours(file()):
            file().unlink(missing_ok=True)
        with private_file.open_text(file(), "w") as out:
            out.write(json.dumps(known, indent=1) + "\n")
    except OSError:
        return


def changes(requested: Permissions) -> list[str]:
    """What is new, gone or changed since the last yes to this agent file; nothing if there was none."""
    if not (kept := _of(requested)):
        return []
    before = list(kept.values())[-1]
    demands = {text for text in _list(before, "demands") if isinstance(text, str)}
    files = _table(before, "files")
    now = {demand.text for demand in requested.demands}
    hidden = _table(before, "written")
    masked = [each.text for each in requested.demands if hidden.get(each.text, each.written) != each.written]
    names = sorted({*files, *requested.files})
    changed = [name for name in names if files.get(name) != requested.files.get(name)]
    return [
        *(f"new: it {text}" for text in sorted(now - demands)),
        *(f"no longer: it {text}" for text in sorted(demands - now)),
        *(f"changed where it is not shown: it {text}" for text in sorted(masked)),
        *(f"{_how(name, files, requested.files)}: {name}" for name in changed),
    ]


def _how(name: str, before: dict[str, Any], now: dict[str, str]) -> str:
    return "new file" if name not in before else "changed file" if name in now else "no longer there"


def _list(entry: dict[str, Any], key: str) -> list[Any]:
    value = entry.get(key)
    return value if isinstance(value, list) else []


def _table(entry: dict[str, Any], key: str) -> dict[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _of(requested: Permissions) -> dict[str, dict[str, Any]]:
    kept = _known().get(str(requested.path))
    entries = kept.items() if isinstance(kept, dict) else ()
    return {key: value for key, value in entries if isinstance(value, dict)}


def _known() -> dict[str, Any]:
    """What is kept; nothing of a file that somebody else could write to."""
    if not private_file.is_ours(file()):
        return {}
    try:
        known = parse_json(file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}

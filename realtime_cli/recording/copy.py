"""A recording once more, under another name: the lines and all that lies beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

from realtime_cli.errors import ConfigError
from realtime_cli.recording.sidecar import sidecars


def refuse(to: Path) -> None:
    """Raise ConfigError if no copy can be made: the path exists, or the folder does not."""
    try:
        if not to.parent.is_dir():
            raise ConfigError(f"There is no folder {to.parent}.", "Name an existing folder.")
        if taken := next((path for path in (to, *sidecars(to)) if path.exists()), None):
            raise ConfigError(f"{taken} already exists.", "Name another place.")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"Nothing can be saved at {to}: {reason}.", "Name another place.") from None


def copy(recording: Path, to: Path) -> None:
    """Copy a finished recording and its sidecars; they stay their owner's. Raises ConfigError."""
    refuse(to)
    try:
        for source, target in zip((recording, *sidecars(recording)), (to, *sidecars(to)), strict=True):
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.exists():
                shutil.copy2(source, target)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"The recording cannot be copied to {to}: {reason}.") from None

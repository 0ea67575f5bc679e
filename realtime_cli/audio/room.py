"""What earlier sessions learned of a room: how much softer the echo is than what was played.

Kept for each pair of devices in the state folder, with its date, so that the echo canceller need not begin
with nothing. Devices are known by name alone: where a loudspeaker was yesterday, headphones may be plugged
in today, or the volume was turned up. So this is only where the canceller's own estimate begins.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter

from realtime_cli import private_file

NAME = "rooms.json"
MAX_ROOMS = 16  # pairs of devices; the one that was heard longest ago goes first
MAX_AGE = timedelta(days=30)
MIN_HEARD_S = 2.0  # of echo, as a greeting gives; of less the mean is chance
ERL_DB = (-30.0, 44.0)  # a softer echo is heard by nobody


class Room(BaseModel, frozen=True, extra="forbid"):
    """Two devices, and the echo return loss that was heard between them on that day."""

    microphone: str
    loudspeaker: str
    erl_db: Annotated[float, Field(ge=ERL_DB[0], le=ERL_DB[1])]
    heard_on: date

    @property
    def devices(self) -> tuple[str, str]:
        return self.microphone, self.loudspeaker


_ROOMS = TypeAdapter(list[Room])


def file() -> Path:
    return private_file.state_folder() / NAME


def known_rooms(today: date, complain: Callable[[str], None] = lambda why: None) -> list[Room]:
    """All that are not too old, the latest first; none of a file that somebody else could write to.

    ``complain`` is told, in a sentence, of a file that this program did not write.
    """
    if not file().exists():
        return []
    try:
        kept = _ROOMS.validate_json(file().read_bytes() if private_file.is_ours(file()) else b"")
    except (OSError, ValueError):
        complain(f"{file()} is damaged, or others can write to it: ignored.")
        return []
    recent = [room for room in kept if timedelta(0) <= today - room.heard_on <= MAX_AGE]
    return sorted(recent, key=lambda room: room.heard_on, reverse=True)


def keep(devices: tuple[str, str], erl_db: float, heard_s: float, today: date) -> bool:
    """Remember what was heard of the echo between a microphone and a loudspeaker; returns whether it did.

    Not if it was heard too briefly or hardly at all, and not where nothing can be written.
    """
    if heard_s < MIN_HEARD_S or not ERL_DB[0] <= erl_db <= ERL_DB[1]:
        return False
    room = Room(microphone=devices[0], loudspeaker=devices[1], erl_db=round(erl_db, 1), heard_on=today)
    others = [each for each in known_rooms(today) if each.devices != devices]
    with suppress(OSError), private_file.open_text(file(), "w") as out:
        out.write(_ROOMS.dump_json([room, *others][:MAX_ROOMS], indent=1).decode() + "\n")
        return True
    return False

"""What ``replay`` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """``recording``: a path, a name as ``sessions list`` tells it, or ``last``. Times as written."""

    recording: str
    speed: float = 1.0
    max: bool = False
    idle_limit: str | None = None
    begin: str | None = None
    end: str | None = None
    turn: int | None = None
    marker: str | None = None
    audio: bool = False
    output: str | None = None
    plain: bool = False
    json: bool = False
    verify: bool = False
    serve: bool = False
    host: str = "127.0.0.1"
    port: int = 8765
    lenient: bool = False
    once: bool = False
    resend: bool = False
    config: Path | None = None
    sets: tuple[str, ...] = ()
    base_url: str | None = None
    approve: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()

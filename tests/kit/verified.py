"""Every recording that a test leaves behind is run through a fresh client session: it must want the same.

A test that talks to a server is by this a test of the recording too, and of the client's determinism.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import read
from realtime_cli.recording.verify import NothingToVerify, side_by_side, verify


def recordings(*folders: Path) -> list[Path]:
    """The recordings of this program below these folders, those of killed processes too."""
    return [path for folder in folders for path in sorted(folder.rglob("*.jsonl")) if _is_ours(path)]


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().startswith(b'{"format":"realtime-cli"')


def differing(path: Path) -> str:
    """How a recording differs from what would be done now; empty when it does not."""
    try:
        verdict = verify(read(path))
    except NothingToVerify:
        return ""  # refused or killed before it began
    except ConfigError as error:
        return f"{path}: {error.message}\n"
    return side_by_side(verdict) if verdict.different else ""


@pytest.fixture
def recordings_verify(tmp_path: Path, own_environment: Path) -> Iterator[None]:
    """Verify what a test recorded, wherever it was put."""
    yield
    said = [f"{path}\n{text}" for path in recordings(tmp_path, own_environment) if (text := differing(path))]
    assert not said, "\n".join(said)

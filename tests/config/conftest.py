"""The agent file of a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.agents import Load, loader


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads an agent from a text; see ``agents.loader``."""
    return loader(tmp_path)

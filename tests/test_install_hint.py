"""The command that installs what is missing, as it works where the program runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from realtime_cli.install_hint import install, install_extra


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of its own, named like the program's."""
    folder = tmp_path / "realtime-voice-cli"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return folder


def test_pipx_injects(prefix: Path) -> None:
    (prefix / "pipx_metadata.json").write_text("{}")
    assert install_extra("mcp") == "pipx inject realtime-voice-cli 'mcp>=1.12'"


def test_a_tool_of_uv_is_reached_by_its_python(prefix: Path) -> None:
    (prefix / "uv-receipt.toml").write_text("")
    assert install("mcp") == f"uv pip install --python {shlex.quote(sys.executable)} mcp"


def test_an_activated_environment_needs_no_path(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert install("mcp") == f"{shlex.quote(sys.executable)} -m pip install mcp"
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    assert install("mcp") == "pip install mcp"


@pytest.mark.parametrize("extra", ["local", "video", "mcp", "yaml", "flac", "load"])
def test_every_extra_has_its_requirements_in_the_metadata(extra: str) -> None:
    assert shlex.split(install_extra(extra))[-1] != "install"


def test_no_hint_names_a_file_that_only_a_clone_has() -> None:
    package = Path(__file__).parents[1] / "realtime_cli"
    named = [path for path in package.rglob("*.py") if "configs/" in path.read_text(encoding="utf-8")]
    assert named == []

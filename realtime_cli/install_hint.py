"""The command that adds a missing part to this very installation: pipx, uv tool or a virtual environment."""

from __future__ import annotations

import os
import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "realtime-voice-cli"


def install_extra(extra: str) -> str:
    """The command that installs what an extra consists of, such as ``pip install 'mcp>=1.12'``."""
    return install(*_requirements(extra))


def install(*requirements: str) -> str:
    """The command that installs distributions where this program runs."""
    return f"{_installer()} {shlex.join(requirements)}"


def socks_over_http() -> str:
    """What to say where ``httpx2`` has no client: the environment names a SOCKS proxy."""
    return (
        "The environment names a SOCKS proxy, but socksio is not installed. "
        f"Install it with: {install('socksio')}."
    )


def _installer() -> str:
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {prefix.name}"
    if (prefix / "uv-receipt.toml").is_file() or find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(sys.executable)}"
    activated = os.environ.get("VIRTUAL_ENV", "")
    if activated and Path(activated) == prefix:
        return "pip install"
    return f"{shlex.quote(sys.executable)} -m pip install"


def _requirements(extra: str) -> list[str]:
    """What the extra needs, as the metadata of the installed package says."""
    try:
        declared = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        declared = []
    marker = re.compile(rf"""extra == ["']{re.escape(extra)}["']""")
    return [line.partition(";")[0].strip() for line in declared if marker.search(line)]

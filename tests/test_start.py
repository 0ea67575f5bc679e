"""What a process loads before it does anything: every run pays for it, and tests start thousands."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

ASKED = """
import gc, sys
from realtime_cli.cli import main
sys.argv[1:] = ["text", "--config", "configs/text.toml", "--no-record", "Hello"]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
assert gc.isenabled() and gc.get_freeze_count()
print(*sorted(sys.modules), file=sys.stderr)
"""


def modules_of(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


@cache
def text_session() -> set[str]:
    """All that is loaded when a question has been answered by the local server."""
    return modules_of(ASKED)


def live_rooms(modules: set[str]) -> list[str]:
    return [
        name for name in sorted(modules) if name.startswith("realtime_cli.") and "live" in name.split(".")
    ]


def test_a_realtime_session_loads_nothing_of_live() -> None:
    loaded = text_session()
    assert "realtime_cli.server.session" in loaded
    assert live_rooms(loaded) == []


def test_a_session_in_text_does_without_numpy_and_devices() -> None:
    assert not text_session() & {"numpy", "sounddevice", "samplerate", "prompt_toolkit", "jsonschema", "mcp"}


def test_talk_connects_before_it_loads_what_hears_and_shows() -> None:
    code = "import sys, realtime_cli.commands.talk; print(*sorted(sys.modules), file=sys.stderr)"
    loaded = modules_of(code)
    assert "realtime_cli.wire.websocket" in loaded
    assert not loaded & {"numpy", "sounddevice", "rich.console", "prompt_toolkit", "realtime_cli.tui.screen"}


def test_nor_does_the_session_factory() -> None:
    code = "import sys, realtime_cli.app.session_factory; print(*sorted(sys.modules), file=sys.stderr)"
    loaded = modules_of(code)
    assert "realtime_cli.client.any_session" in loaded
    assert live_rooms(loaded) == []

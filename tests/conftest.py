"""What every test can rely on: no keys, no terminal settings and no folders of the person who runs it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kit.verified import recordings_verify

__all__ = ["recordings_verify"]

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ahead of the first import of onnxruntime

# Processes keep what they compiled, as they do for users: compiling it anew is 40 % of a short one's work,
# and the tests start thousands.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Who starts the tests in the background (nohup, a CI's runner) has Ctrl+C ignored, which children inherit;
# of a handler they inherit nothing.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: twice the cores; much of the time somebody speaks and all wait."""
    return 2 * (os.cpu_count() or 1)


FOREIGN = (
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "XAI_API_KEY",
    "OPENAI_BASE_URL",
    "NO_COLOR",
    "FORCE_COLOR",
    "ACCESSIBLE",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No keys of anybody, and fresh state, config and cache folders; returns their parent."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith("REALTIME_CLI_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("state", "config", "cache", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    return home

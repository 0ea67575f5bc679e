"""Headless Chromium by way of chromedriver's own protocol (W3C WebDriver): enough to look and click."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
]


DESKTOP, PHONE = (1200, 900), (390, 844)
ENTER, ARROW_DOWN, HOME, END = "\ue007", "\ue015", "\ue011", "\ue010"


def available() -> bool:
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


needs_browser = pytest.mark.skipif(not available(), reason="no chromium with chromedriver here")


def violations(file: Path, profile: Path, *, dark: bool) -> dict[tuple[int, int], list[Any]]:
    """What axe-core finds on a page, on a desktop and on a phone."""
    found = {}
    with browser(profile, dark=dark) as window:
        for size in (DESKTOP, PHONE):
            window.open(file, *size)
            found[size] = window.axe_violations()
    return {size: each for size, each in found.items() if each}


class Browser:
    """One page in one window."""

    def __init__(self, session: str) -> None:
        self._session = session

    def _ask(self, path: str, **body: Any) -> Any:
        return _post(f"{self._session}/{path}", body)

    def open(self, file: Path, width: int, height: int, fragment: str = "") -> None:
        self._ask("window/rect", width=width, height=height)
        self._ask("url", url=f"{file.resolve().as_uri()}#{fragment}")

    def run(self, script: str) -> Any:
        """The value that a JavaScript function body returns."""
        return self._ask("execute/sync", script=script, args=[])

    def click(self, selector: str, x: int = 0, y: int = 0) -> None:
        """A real click, ``x`` and ``y`` pixels from the middle of the element."""
        found = self._ask("element", using="css selector", value=selector)
        move = {"type": "pointerMove", "duration": 0, "origin": found, "x": x, "y": y}
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self._ask("actions", actions=[{"type": "pointer", "id": "mouse", "actions": [move, *press]}])

    def keys(self, *codes: str) -> None:
        """Press keys, one after the other; the codes are W3C WebDriver's."""
        presses = [{"type": kind, "value": code} for code in codes for kind in ("keyDown", "keyUp")]
        self._ask("actions", actions=[{"type": "key", "id": "keyboard", "actions": presses}])

    def axe_violations(self) -> list[Any]:
        """What axe-core finds on the page, without those inside it: the rule and the elements."""
        axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
        keep = "found => { window.found = found.violations; }"
        self.run(f"{axe}; axe.run(document, {{ iframes: false }}).then({keep})")
        self.wait_for("window.found")
        found = self.run("return window.found.map(one => [one.id, one.nodes.map(node => node.html)])")
        assert isinstance(found, list)
        return found

    def wait_for(self, condition: str, seconds: float = 20.0) -> None:
        """Until a JavaScript expression is true; fails the test when it never is."""
        deadline = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < deadline, condition
            time.sleep(0.05)


def _post(url: str, body: Any) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())["value"]


@contextmanager
def browser(profile: Path, *, dark: bool = False) -> Iterator[Browser]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        ["chromedriver", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Chromium that hangs is ended with it
    )
    try:
        flags = [*FLAGS, f"--user-data-dir={profile}", *(["--force-dark-mode"] if dark else [])]
        capabilities = {
            "alwaysMatch": {"goog:chromeOptions": {"args": flags, "binary": shutil.which("chromium")}}
        }
        base = f"http://127.0.0.1:{port}/session"
        session = _when_up(base, {"capabilities": capabilities})["sessionId"]
        try:
            yield Browser(f"{base}/{session}")
        finally:
            end = urllib.request.Request(f"{base}/{session}", method="DELETE")
            urllib.request.urlopen(end, timeout=20).close()
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()


def _when_up(url: str, body: Any) -> Any:
    deadline = time.monotonic() + 30
    while True:
        try:
            return _post(url, body)
        except ConnectionRefusedError:
            pass
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
        assert time.monotonic() < deadline, "chromedriver did not start"
        time.sleep(0.05)

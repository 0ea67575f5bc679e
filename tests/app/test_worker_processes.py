"""Work in processes of its own, and their ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.interrupts import catch_signals, release_signals
from realtime_cli.app.worker_processes import side_by_side
from realtime_cli.errors import ConfigError, ExitCode


def work(part: Any) -> None:
    """In a process: what the part says."""
    match part:
        case Path():
            part.write_text("done", encoding="utf-8")
        case int():
            sys.exit(part)
        case "mistake":
            raise ConfigError("It is wrong.")
        case "interrupted":
            raise KeyboardInterrupt
        case ("sleeps", folder):
            (folder / "asleep").touch()
            time.sleep(60)


def test_each_part_is_done_and_has_its_exit_code(tmp_path: Path) -> None:
    codes = side_by_side(work, [tmp_path / "a", 7, "mistake", "interrupted"])
    assert codes == [0, 7, ExitCode.USAGE, ExitCode.INTERRUPTED]
    assert (tmp_path / "a").read_text(encoding="utf-8") == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_an_end_that_is_asked_for_ends_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # it is put back at the end

    def end_it() -> None:
        while not (tmp_path / "asleep").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    catch_signals()
    thread = threading.Thread(target=end_it)
    thread.start()
    began_s = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            side_by_side(work, [("sleeps", tmp_path)])
    finally:
        release_signals()
    thread.join()
    assert time.monotonic() - began_s < 50, "nobody slept to the end"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

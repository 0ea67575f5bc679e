"""A signal ends the program wherever it comes, whatever a library makes of the exception."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime_cli.own_python import own_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

HEAD = """
import os, signal, sys
from realtime_cli.app import interrupts
from realtime_cli import cli

interrupts.catch_signals()

class Caller:  # Python drops what its end raises
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
"""


def run_python(code: str, name: str = "SIGINT", before: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        own_python("-c", before + HEAD.format(name=name) + code),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_that_was_dropped_ends_it_before_the_loop(name: str) -> None:
    ran = run_python(
        """
async def main():
    print("it went on")

caller = Caller()
del caller
print("dropped")
try:
    interrupts.run(main())
except KeyboardInterrupt:
    print("heeded")
""",
        name,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("dropped\nheeded\n", "", 0)


def test_an_interrupt_that_became_another_error_is_no_bug() -> None:
    ran = run_python(
        """
def asked(arguments):
    def command(**options):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("a schema cannot be built") from None
    return command

cli._asked = asked
cli.main()
"""
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 130)


def test_an_interrupt_out_of_an_exec_is_no_death_by_signal() -> None:
    """Dataclasses and named tuples are made by exec, and Python remembers that one was left in this way."""
    ran = run_python(
        """
def asked(arguments):
    def command(**options):
        exec("os.kill(os.getpid(), signal.SIGINT)")
    return command

cli._asked = asked
cli.main()
"""
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 130)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_in_the_loop_what_runs_is_cancelled_and_cleans_up(name: str) -> None:
    ran = run_python(
        f"""
import asyncio

async def main():
    try:
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.{name})
        await asyncio.sleep(30)
    finally:
        await asyncio.sleep(0.01)
        print("cleaned up")

try:
    interrupts.run(main())
except KeyboardInterrupt:
    print("interrupted")
os.kill(os.getpid(), signal.{name})  # afterwards as before
"""
    )
    assert ran.stdout == "cleaned up\ninterrupted\n"
    assert ran.stderr.endswith("KeyboardInterrupt\n")


def test_to_be_cancelled_by_nobody_is_a_bug(tmp_path: Path) -> None:
    ran = run_python(
        f"""
import asyncio, tempfile

async def main():
    raise asyncio.CancelledError

tempfile.tempdir = {str(tmp_path)!r}
cli._asked = lambda arguments: lambda **options: interrupts.run(main())
cli.main()
"""
    )
    assert ran.returncode == 70
    assert ran.stderr.startswith("realtime-cli: This is a bug: CancelledError.")


def test_a_second_interrupt_does_not_wait() -> None:
    ran = run_python(
        """
import asyncio

async def main():
    interrupts.on_signals(lambda: print("asked to end"))
    for after_s in (0.01, 0.05):
        asyncio.get_running_loop().call_later(after_s, os.kill, os.getpid(), signal.SIGINT)
    await asyncio.sleep(30)

try:
    interrupts.run(main())
except KeyboardInterrupt:
    print("ended")
"""
    )
    assert (ran.stdout, ran.stderr) == ("asked to end\nended\n", "")


def test_sighup_is_left_alone_under_nohup() -> None:
    ran = run_python(
        """
import asyncio

async def main():
    interrupts.on_signals(lambda: print("asked to end"))
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.05)

interrupts.run(main())
""",
        before="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("asked to end\n", "", 0)

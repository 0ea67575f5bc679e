"""How far a command has come: only at a terminal, only for who waits long, and gone at the end."""

from __future__ import annotations

import asyncio
import io

from realtime_cli.app.progress import progress
from tests.tui.pseudo_terminal import pseudo_terminal


async def test_the_share_and_what_is_left_and_then_nothing() -> None:
    async with pseudo_terminal() as terminal:
        with progress("Reading", 4, stream=terminal.stdout, quiet_s=0.0) as step:
            assert step("a") == "a"
            shown = await terminal.until("left")
            step.phase("Making html")
            await terminal.until("Making html ...")
        terminal.stdout.flush()
        await terminal.until("\r\x1b[K")
    assert "Reading: 25%, about 0 s left" in shown


async def test_a_phase_that_counts_begins_anew() -> None:
    async with pseudo_terminal() as terminal:
        with progress("Reading", 1, stream=terminal.stdout, quiet_s=0.0) as step:
            step(1)
            assert "Reading: 100%" in await terminal.until("left")
            for _ in step.over("Making html", "ab"):
                await asyncio.sleep(0.2)
            assert "Making html: 50%, about 0 s left" in await terminal.until("100%")


async def test_what_is_quick_says_nothing() -> None:
    async with pseudo_terminal() as terminal:
        with progress("Reading", 2, stream=terminal.stdout) as step:
            step(1)
            step(2)
        terminal.stdout.write("end")
        terminal.stdout.flush()
        assert await terminal.until("end") == "end"


def test_a_file_gets_nothing() -> None:
    stream = io.StringIO()
    with progress("Reading", 2, stream=stream, quiet_s=0.0) as step:
        step(1)
        step.phase("Making html")
    assert stream.getvalue() == ""

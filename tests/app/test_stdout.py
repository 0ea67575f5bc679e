"""Answers on stdout, until nobody reads them any more."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from realtime_cli.app.ending import NoStdout
from realtime_cli.app.stdout import Answers, Stdout
from realtime_cli.client import inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import narrate
from realtime_cli.errors import ConfigError
from realtime_cli.tui.end_summary import EndSummary
from tests.tui.scenes import done, local, received, writes


def told(*entries: Entry, ended: bool = False) -> str:
    out = Kept()
    answers = Answers(out)
    for event in narrate(entries):
        answers.observe(event)
    if ended:
        answers.end(EndSummary())
    return out.text


class Kept(Stdout):
    """What would be on stdout."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


def test_an_answer_is_written_as_it_comes_and_ends_its_line() -> None:
    entries = [writes(1, "A", "R", "It is "), writes(2, "A", "R", "noon."), *done(3, "A", "R")]
    assert told(*entries[:1]) == "It is "
    assert told(*entries) == "It is noon.\n"
    assert told(*entries, *done(4, "B", "R2"), ended=True) == "It is noon.\n"


def test_an_answer_that_broke_off_ends_its_line_too() -> None:
    assert told(writes(1, "A", "R", "It is "), ended=True) == "It is \n"
    assert told(ended=True) == ""


def test_what_is_spoken_is_written_and_nothing_else_is() -> None:
    where = {"response_id": "R", "item_id": "A"}
    spoken = received(1, "response.output_audio_transcript.delta", delta="Yes.", **where)
    assert (
        told(local(inputs.Typed(0, "Well?")), spoken, received(2, "error", error={"message": "odd"}))
        == "Yes."
    )


def test_a_reader_who_leaves_is_noticed_once_and_nothing_is_written_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pipe(io.StringIO):
        writes = 0

        def flush(self) -> None:
            self.writes += 1
            raise BrokenPipeError

    pipe = Pipe()
    monkeypatch.setattr(sys, "stdout", pipe)
    out = Stdout()
    assert (out.write("one"), out.write("two")) == (3, 3)
    assert (out.gone, out.failure, pipe.writes) == (True, "", 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    file = os.open("/dev/full", os.O_WRONLY)
    with open(file, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        out = Stdout()
        out.write("one")
        assert (out.gone, out.failure) == (True, "stdout cannot be written: No space left on device.")
        monkeypatch.undo()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, file)  # what is left in the buffer goes nowhere
        os.close(null)


def test_without_stdout_there_is_nowhere_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", NoStdout())
    with pytest.raises(ConfigError, match="no stdout"):
        Stdout()

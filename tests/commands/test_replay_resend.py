"""``replay --resend``: the user's half of a recording again, and two sessions side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from realtime_cli.client.inputs import Typed
from realtime_cli.commands.replay_resend import RecordedTurn, RecordedUser, comparison, said_in
from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import read
from realtime_cli.recording.timeline import timeline
from tests.recording.conversation import microphone, record_conversation
from tests.recording.sample import received, record


def test_sound_and_words_keep_their_distance_from_when_the_session_was_ready(tmp_path: Path) -> None:
    said = said_in(read(record_conversation(tmp_path / "s.jsonl")))

    assert len(said.frames) == len(microphone())
    assert said.frames[0][0] == pytest.approx(1.02 - 0.3)
    assert np.array_equal(said.frames[120][1], microphone()[120])
    assert [(at, typed.text) for at, typed in said.typed] == [(pytest.approx(11.7), "And in Rome?")]


def test_a_recording_in_which_nobody_spoke_cannot_be_resent(tmp_path: Path) -> None:
    record(tmp_path / "s.jsonl", [received(0.1, "session.created")])

    with pytest.raises(ConfigError, match="no user turns"):
        said_in(read(tmp_path / "s.jsonl"))


async def test_the_recorded_user_speaks_types_and_ends_in_order() -> None:
    done = asyncio.Event()
    acts: list[object] = []
    frame = np.ones(480, np.int16)

    def hear(samples: np.ndarray | None) -> None:
        acts.append("end" if samples is None else int(samples[0]))
        if samples is None:
            done.set()

    user = RecordedUser(
        RecordedTurn(((0.0, frame), (0.06, frame * 2)), ((0.03, Typed(0.0, "hi")),), 0.1), tail_s=0.04
    )
    user.connect(lambda typed: acts.append(typed.text))
    user.start(hear)
    await done.wait()
    await user.close()

    assert acts == [1, "hi", 2, 0, 0, "end"]


def test_two_sessions_side_by_side(tmp_path: Path) -> None:
    before = timeline(read(record_conversation(tmp_path / "s.jsonl")))
    record(tmp_path / "empty.jsonl", [])

    table = comparison(before, timeline(read(tmp_path / "empty.jsonl")))

    assert "| first audio, median | 600 ms | – |" in table
    assert "| tool calls | clock | none |" in table
    assert "| cost | $0.0432 | unknown |" in table
    assert "You: And in Rome?" in table

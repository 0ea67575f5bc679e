"""A conversation that was kept is judged from its files alone."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import pytest

from realtime_cli.client import inputs
from realtime_cli.recording.format import Header
from tests.bench.bench_conversation import PREFIX_MS, RECORDING, SCRIPT, Script, judge, main
from tests.recording.sample import heard, local, received, record

STARTED = "2026-11-29T12:00:00.000+00:00"


def voice(at: float) -> list:
    """The server hears speech then, and dates it to 0.1 s before."""
    start_ms = round(1000 * (at - 0.1)) - PREFIX_MS
    return [received(at, "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=f"user_{at}")]


def kept(folder: Path, entries: list, *spoken_s: tuple[float, float]) -> Path:
    """A conversation in which the user spoke at these times."""
    record(folder / RECORDING, entries, Header(started=STARTED))
    began = datetime.fromisoformat(STARTED).timestamp()
    script = Script(spoken=[(began + begin, began + end) for begin, end in spoken_s])
    (folder / SCRIPT).write_text(json.dumps(asdict(script)))
    return folder


def test_a_voice_while_nobody_spoke_is_a_self_interruption(tmp_path):
    """Nor is the echo of an answer that comes soon after the user's last word the user's."""
    sound = [entry for at in range(300) for entry in heard(at / 50, 1)]
    entries = [
        *sound[:100],
        *voice(1.0),
        *sound[100:250],
        *voice(2.5),
        *sound[250:500],
        *voice(5.0),
        *sound[500:],
    ]
    judged = judge(kept(tmp_path, entries, (0.95, 1.5)))
    assert judged["at_s"] == [2.5, 5.0]
    assert judged["blips"] == 0


def test_a_new_connection_counts_the_sound_from_its_beginning(tmp_path):
    sound = [entry for at in range(300) for entry in heard(at / 50, 1)]
    again = local(inputs.Connected(4.0, "ws://127.0.0.1", 1))
    [late] = voice(5.0 - 4.0)
    entries = [*sound[:400], again, *sound[400:500], replace(late, value=replace(late.value, at=5.0), at=5.0)]
    entries += sound[500:]
    assert judge(kept(tmp_path, entries, (4.85, 5.5)))["at_s"] == []


def test_the_loudspeaker_is_last_loud_before_the_moment_that_is_asked_for():
    script = Script(loud=[(1.0, 2.0), (3.0, 5.0), (7.0, 8.0)])
    assert script.last_loud(1.5, 2.5) == 2.0
    assert script.last_loud(1.5, 4.0) == 4.0
    assert script.last_loud(1.5, 6.0) == 5.0


def test_a_recording_that_is_there_is_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / RECORDING).touch()
    monkeypatch.setattr(sys, "argv", ["bench_conversation", "180", "80", "aec", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    assert "already" in capsys.readouterr().err

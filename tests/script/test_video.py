"""A script that shows a film: paused, gone on with, and looked at less closely."""

from __future__ import annotations

from pathlib import Path

from realtime_cli.client.effects import Send
from realtime_cli.client.inputs import Noted
from realtime_cli.errors import ExitCode
from realtime_cli.recording.reader import read
from tests.kit.cli import run_cli
from tests.video.material import BLUE, GREEN, RED, film

SCRIPT = """
quiet_ms = 200
agent = { connection = { provider = "local" }, video = { source = "SOURCE", interval_s = 0.1 } }

[[turns]]
user = "Say after me: one."

[[turns]]
video = "pause"

[[turns]]
silence_ms = 500

[[turns]]
video = "low"

[[turns]]
video = "resume"

[[turns]]
silence_ms = 500
"""


def test_frames_flow_pause_and_change_their_detail(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", (RED, GREEN, BLUE), seconds_each=10)
    (tmp_path / "film.toml").write_text(SCRIPT.replace("SOURCE", str(source)))

    ended = run_cli("run", tmp_path / "film.toml", "--record", tmp_path / "rec", "--trust", tmp_path)

    assert ended.returncode == ExitCode.OK, ended.stdout + ended.stderr
    (path,) = (tmp_path / "rec").glob("*.jsonl")
    details: dict[int, list[str]] = {turn: [] for turn in range(7)}
    turn = 0
    for entry in read(path).entries():
        if isinstance(entry.value, Noted) and entry.value.data.get("mark") == "turn":
            turn = entry.value.data["turn"]
        elif isinstance(entry.value, Send):
            parts = getattr(getattr(entry.value.event, "item", None), "content", None) or ()
            details[turn] += [part.detail for part in parts if part.type == "input_image"]
    assert set(details[1]) == {"auto"}
    assert not details[3]
    assert not details[4]
    assert len(details[6]) >= 2
    assert set(details[6]) == {"low"}

"""Minutes of talk in a room that echoes: does the agent interrupt itself, does the user get through?

    python -m tests.bench.bench_conversation [SECONDS] [ECHO_DELAY_MS] [GUARD] [FOLDER_TO_KEEP_IT]

Virtual devices with the loudspeaker leaking into the microphone (10 dB softer), the local agent, real
speech. Every third question asks for a long text, which is then interrupted. A self-interruption is a
``speech_started`` while nobody spoke. A real interruption is timed from the first sound of the user's
voice, as the server dates it, to the last loud sample that a capture of the loudspeaker has.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.wav_file import wav_header
from realtime_cli.client import effects, inputs
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.reader import read
from realtime_cli.server.engine.synthesiser import HibariVoice
from tests.bench.bench_talk import OnAScreen, wait_for
from tests.bench.sound.capture import Capture
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, running

QUESTIONS = ("heart-04", "michael-05", "more-talk-02", "heart-06", "human-08", "heart-01", "michael-01")
PREFIX_MS = 300  # turn_detection.prefix_padding_ms: audio_start_ms lies so much before the voice
GRACE_S = 1.2
"""A verdict of the server may come so long after the last word."""
LOSS_DB = 10
"""Of the way from the loudspeaker to the microphone."""


@dataclass
class Script:
    """Who spoke when, in unix seconds; ``cut`` are the interruptions."""

    spoken: list[tuple[float, float]] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)

    def covers(self, at: float) -> bool:
        return any(begin <= at <= end + GRACE_S for begin, end in self.spoken)


def speak(devices: VirtualDevices, path: Path, script: Script) -> None:
    began = time.time()
    devices.speak(path)
    script.spoken.append((began, time.time()))


def converse(devices: VirtualDevices, recording: Path, long_question: Path, seconds: float) -> Script:
    """Ask in turn; every third time for something long, and interrupt that."""
    script, until, turn = Script(), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        turn += 1
        if turn % 3:
            speak(devices, clip_path(QUESTIONS[turn % len(QUESTIONS)]), script)
            time.sleep(0.8)
            hear_out(devices)
            continue
        begun = played(recording)
        speak(devices, long_question, script)
        while played(recording) == begun:
            time.sleep(0.1)
        time.sleep(2.5)
        script.cut.append(time.time())
        speak(devices, clip_path("more-case-stop"), script)
        time.sleep(1.0)
        hear_out(devices)
    return script


def hear_out(devices: VirtualDevices) -> None:
    """Until the agent has said what it has to say; a long text that was not cut is not waited for."""
    with suppress(AssertionError):
        devices.silence(1.2, timeout_s=40)


def played(recording: Path) -> int:
    """How many parts have begun to be heard."""
    entries = read(recording).entries()
    return len({entry.value.item_id for entry in entries if isinstance(entry.value, inputs.Played)})


def judge(recording: Path, script: Script, speaker: Capture) -> dict[str, Any]:
    """Self-interruptions, and how long real ones took in ms."""
    started_unix_s = datetime.fromisoformat(read(recording).header.started).timestamp()
    entries = [(started_unix_s + entry.at, entry.value) for entry in read(recording).entries()]
    starts = [
        (at, v.event)
        for at, v in entries
        if isinstance(v, inputs.Received) and isinstance(v.event, s.InputAudioBufferSpeechStarted)
    ]
    own = [round(at - started_unix_s, 1) for at, _ in starts if not script.covers(at)]
    stops = [(at, v) for at, v in entries if isinstance(v, inputs.PlaybackStopped)]
    to_monotonic = time.monotonic() - time.time()
    waits, missed = [], 0
    for cut_at in script.cut:
        verdict = next(((at, event) for at, event in starts if cut_at < at < cut_at + 4), None)
        stop = next((at for at, _ in stops if cut_at < at < cut_at + 4), None)
        if verdict is None or stop is None:
            missed += 1
            continue
        voice_at = sent_at(entries, float(verdict[1].audio_start_ms or 0) + PREFIX_MS)
        silent_at = speaker.last_loud(cut_at + to_monotonic, stop + to_monotonic + 0.5) - to_monotonic
        waits.append(1000 * (silent_at - voice_at))
    stopped = [v for _, v in stops if any(not item.finished for item in v.items)]
    return {
        "minutes": round((entries[-1][0] - entries[0][0]) / 60, 1),
        "user turns": len(script.spoken),
        "self-interruptions": len(own),
        "at_s": own,
        "interruptions": len(script.cut),
        "not heeded": missed,
        "voice to silence ms": {"median": round(statistics.median(waits)), "worst": round(max(waits))}
        if waits
        else None,
        "residual dBFS at the stops": [v.residual_dbfs for v in stopped],
        "near dBFS at the stops": [v.near_dbfs for v in stopped],
    }


def sent_at(entries: list[tuple[float, Any]], wanted_ms: float) -> float:
    """When the microphone's sound of that millisecond went out."""
    total_ms = 0.0
    for at, value in entries:
        if isinstance(value, effects.Send) and value.event.type == "input_audio_buffer.append":
            total_ms += len(value.event.audio or "") * 3 / 4 / 48
            if total_ms >= wanted_ms:
                return at
    return float("nan")


def long_question(folder: Path) -> Path:
    """Spoken by the local synthesiser, as no clip asks for it."""
    sound = np.concatenate(list(HibariVoice().speak("Please read me a long text.")))
    path = folder / "ask.wav"
    path.write_bytes(wav_header(2 * len(sound)) + sound.astype("<i2").tobytes())
    return path


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 180.0
    delay_ms = int(sys.argv[2]) if len(sys.argv) > 2 else 80
    guard = sys.argv[3] if len(sys.argv) > 3 else "aec"
    kept = sys.argv[4] if len(sys.argv) > 4 else ""
    with tempfile.TemporaryDirectory() as temporary, running(echo=(delay_ms, LOSS_DB)) as devices:
        folder = kept or temporary
        recording, question = Path(folder) / "talk.jsonl", long_question(Path(folder))
        more = ["--set", "conversation.greet=false", "--set", f"audio.echo={guard}"]
        talk = OnAScreen(devices, "--config", "configs/local.toml", "--record", str(recording), *more)
        speaker = Capture("speaker.monitor", devices.environment())
        try:
            wait_for(recording, "session.updated")
            time.sleep(1)
            script = converse(devices, recording, question, seconds)
        finally:
            talk.stop()
            speaker.close()
        for name, value in judge(recording, script, speaker).items():
            print(f"{name:28} {value}")


if __name__ == "__main__":
    main()

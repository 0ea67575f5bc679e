"""Minutes of talk in a room that echoes: does the agent interrupt itself, does the user get through?

    python -m tests.bench.bench_conversation [SECONDS] [ECHO_DELAY_MS] [GUARD] [FOLDER_TO_KEEP_IT]
    python -m tests.bench.bench_conversation --judge FOLDER

Virtual devices with the loudspeaker leaking into the microphone (10 dB softer), the local agent, real
speech. Every third question asks for a long text, which is then interrupted. A self-interruption is a
``speech_started`` at a sound that nobody spoke. A real interruption is timed from the first sound of the
user's voice, as the server dates it, to the last loud sample that a capture of the loudspeaker has. Blips are
what ``tests/bench/blips.py`` counts. A kept conversation can be judged again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.wav_file import wav_header
from realtime_cli.client import effects, inputs
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.reader import read
from realtime_cli.server.engine.synthesiser import HibariVoice
from tests.bench.bench_talk import OnAScreen, wait_for
from tests.bench.blips import blips
from tests.bench.sound.capture import Capture
from tests.kit.speech import clip_path
from tests.kit.virtual_devices import VirtualDevices, running

RECORDING, SCRIPT = "talk.jsonl", "script.json"
QUESTIONS = ("heart-04", "michael-05", "more-talk-02", "heart-06", "human-08", "heart-01", "michael-01")
PREFIX_MS = 300  # turn_detection.prefix_padding_ms: audio_start_ms lies so much before the voice
GRACE_S = 0.45
"""A word may be sent so much later: devices, pre-roll. The agent answers later still."""
EARLY_S = 0.2
"""A server may date a word before its first sound by so much."""
LOSS_DB = 10
"""Of the way from the loudspeaker to the microphone."""
CLOCKS_S = 0.05
"""The clocks of recording and script are so far apart: a voice began 30 ms before it was spoken."""
VOICE_TAIL_S = 0.3
"""What the user said may come out of the microphone so much later."""


@dataclass
class Script:
    """Who spoke when, in unix seconds: the user, with interruptions since ``cut``; the loudspeaker.

    ``rss_mib``: of ``talk`` with its server inside, after each turn.
    """

    spoken: list[tuple[float, float]] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)
    loud: list[tuple[float, float]] = field(default_factory=list)
    rss_mib: list[float] = field(default_factory=list)

    def covers(self, at: float) -> bool:
        return any(begin - EARLY_S <= at <= end + GRACE_S for begin, end in self.spoken)

    def last_loud(self, since: float, until: float) -> float:
        """When the loudspeaker was last loud between these times; nan if never."""
        ends = [min(end, until) for begin, end in self.loud if begin < until and end >= since]
        return max(ends, default=float("nan"))


def speak(devices: VirtualDevices, path: Path, script: Script) -> None:
    began = time.time()
    devices.speak(path)
    script.spoken.append((began, time.time()))


def converse(
    devices: VirtualDevices, talk: OnAScreen, recording: Path, long_question: Path, seconds: float
) -> Script:
    """Ask in turn; every third time for something long, and interrupt that."""
    script, until, turn = Script(), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        turn += 1
        script.rss_mib.append(talk.status("VmRSS") / 1024)
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


def judge(folder: Path) -> dict[str, Any]:
    """Self-interruptions, how long real ones took in ms, and blips (second, ms, dBFS)."""
    recording = folder / RECORDING
    script = Script(**json.loads((folder / SCRIPT).read_text()))
    started_unix_s = datetime.fromisoformat(read(recording).header.started).timestamp()
    entries = [(started_unix_s + entry.at, entry.value) for entry in read(recording).entries()]
    starts = [
        (at, v.event)
        for at, v in entries
        if isinstance(v, inputs.Received) and isinstance(v.event, s.InputAudioBufferSpeechStarted)
    ]
    own = [
        round(at - started_unix_s, 1)
        for at, event in starts
        if not script.covers(voice_sent_at(entries, at, event))
    ]
    stops = [(at, v) for at, v in entries if isinstance(v, inputs.PlaybackStopped)]
    waits, missed = [], 0
    for cut_at in script.cut:
        verdict = next(((at, event) for at, event in starts if cut_at < at < cut_at + 4), None)
        stop = next((at for at, _ in stops if cut_at < at < cut_at + 4), None)
        if verdict is None or stop is None:
            missed += 1
            continue
        voice_at = voice_sent_at(entries, *verdict)
        waits.append(1000 * (script.last_loud(cut_at, stop + 0.5) - voice_at))
    stopped = [v for _, v in stops if any(not item.finished for item in v.items)]
    sound = read(recording).sound().stereo
    user = [
        (begin - started_unix_s - CLOCKS_S, end - started_unix_s + VOICE_TAIL_S)
        for begin, end in script.spoken
    ]
    left = blips(sound[:, 0], sound[:, 1], user)
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
        "memory MiB, in tenths": [round(float(np.mean(part)), 1) for part in tenths(script.rss_mib)],
        "blips": len(left),
        "blips at_s, ms, dBFS": [tuple(blip) for blip in left],
    }


def tenths(values: list[float]) -> list[list[float]]:
    edges = [len(values) * number // 10 for number in range(11)]
    return [values[begin:end] for begin, end in pairwise(edges) if begin < end]


def voice_sent_at(
    entries: list[tuple[float, Any]], told_at: float, event: s.InputAudioBufferSpeechStarted
) -> float:
    """When the sound that the server took for a voice went out; each connection counts from its beginning."""
    wanted_ms, total_ms, sent_at = float(event.audio_start_ms or 0) + PREFIX_MS, 0.0, float("nan")
    for at, value in entries:
        if at > told_at:
            break
        if isinstance(value, inputs.Connected):
            total_ms = 0.0
        elif isinstance(value, effects.Send) and value.event.type == "input_audio_buffer.append":
            before_ms, total_ms = total_ms, total_ms + len(value.event.audio or "") * 3 / 4 / 48
            if before_ms < wanted_ms <= total_ms:
                sent_at = at
    return sent_at


def long_question(folder: Path) -> Path:
    """Spoken by the local synthesiser, as no clip asks for it."""
    sound = np.concatenate(list(HibariVoice().speak("Please read me a long text.")))
    path = folder / "ask.wav"
    path.write_bytes(wav_header(2 * len(sound)) + sound.astype("<i2").tobytes())
    return path


def hold(folder: Path, seconds: float, delay_ms: int, guard: str) -> None:
    """Hold a conversation; its recording and its script are then in ``folder``."""
    with running(echo=(delay_ms, LOSS_DB)) as devices:
        recording, question = folder / RECORDING, long_question(folder)
        more = ["--set", "conversation.greet=false", "--set", f"audio.echo={guard}"]
        talk = OnAScreen(devices, "--config", "configs/local.toml", "--record", str(recording), *more)
        speaker = Capture("speaker.monitor", devices.environment())
        try:
            wait_for(recording, "session.updated")
            time.sleep(1)
            script = converse(devices, talk, recording, question, seconds)
        finally:
            talk.stop()
            speaker.close()
    to_unix = time.time() - time.monotonic()
    script.loud = [(begin + to_unix, end + to_unix) for begin, end in speaker.stretches(0.0, quiet_s=0.02)]
    (folder / SCRIPT).write_text(json.dumps(asdict(script)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", nargs="?", type=float, default=180.0)
    parser.add_argument("delay_ms", nargs="?", type=int, default=80)
    parser.add_argument("guard", nargs="?", default="aec")
    parser.add_argument("folder", nargs="?", type=Path, help="where the recording is kept")
    parser.add_argument(
        "--judge", type=Path, metavar="FOLDER", help="judge what was kept there; hold nothing"
    )
    options = parser.parse_args()
    if options.folder and (options.folder / RECORDING).exists():
        parser.error(f"there is a recording in {options.folder} already")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.judge or options.folder or Path(temporary)
        if not options.judge:
            hold(folder, options.seconds, options.delay_ms, options.guard)
        for name, value in judge(folder).items():
            print(f"{name:28} {value}")


if __name__ == "__main__":
    main()

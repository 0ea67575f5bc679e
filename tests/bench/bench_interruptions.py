"""What cuts the agent off, and how late: every way of ``audio.barge_in`` on a labelled set.

    python -m tests.bench.bench_interruptions [POLICY ...] [--set SET] [--every N] [--echo DELAY_MS LOSS_DB]

A real ``talk`` with the local agent, on virtual devices. While the agent reads a long text, each sound of a
labelled set is spoken into the microphone: 4 to 10 s for each, more where the agent is cut off and has to be
asked again. Sets: ``tuning`` (``tests.bench.interjections``), ``seen`` and ``untouched`` (the halves of
``tests.bench.held_out``), ``held-out`` (both halves).

A false cut is an agent that was stopped by anything but an interruption. The delay of a true one is from
the first sample spoken to the agent's last loud one, in a capture of the loudspeaker (so it holds the way
through both devices, some 60 ms). The last lines are a table of the policies, one row each.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.audio.wav_file import wav_header
from realtime_cli.client import inputs
from realtime_cli.recording.reader import read
from tests.bench.bench_talk import OnAScreen, wait_for
from tests.bench.held_out import held_out
from tests.bench.interjections import Interjection, interjections
from tests.bench.sound.capture import Capture
from tests.kit.virtual_devices import VirtualDevices, running

POLICIES = ("immediate", "duck", "reversible")
SETS: dict[str, Callable[[], list[Interjection]]] = {
    "tuning": interjections,
    "seen": lambda: held_out("seen"),
    "untouched": lambda: held_out("untouched"),
    "held-out": held_out,
}
HEAD = (
    "| `audio.barge_in` | stopped by what was no interruption | stopped by interruptions "
    "| silent after, median | 95 % | taken back | held for, median |\n|---|---|---|---|---|---|---|"
)
ASK = b"tPlease read me a long text.\r"  # t: write
MAX_SPOKEN_S = 2.0
JUDGED_S = 3.0  # from the first sample spoken: later stops have another reason
PLAYS_S = 1.5
TRUNCATED = b"conversation.item.truncated"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sound, and when it was begun (unix seconds)."""

    sound: Interjection
    at: float


def wav(path: Path, sound: Samples) -> Path:
    path.write_bytes(wav_header(2 * len(sound)) + sound.astype("<i2").tobytes())
    return path


def stops(recording: Path) -> list[float]:
    """When the agent was cut, in unix seconds."""
    found = read(recording)
    began = datetime.fromisoformat(found.header.started).timestamp()
    return [
        began + entry.at
        for entry in found.entries()
        if isinstance(entry.value, inputs.PlaybackStopped)
        and any(not item.finished for item in entry.value.items)
    ]


def reads_on(talk: OnAScreen, speaker: Capture) -> None:
    """The agent reads: asked to, if it is silent."""
    for _ in range(40):
        now = time.monotonic()
        if now - speaker.last_loud(now - PLAYS_S, now) < 0.6:
            return
        os.write(talk.terminal, ASK)
        time.sleep(PLAYS_S + 1.0)
    raise AssertionError("the agent does not read")


def answer_is_over(speaker: Capture) -> None:
    """What the agent says to an interruption is short, and no reading."""
    while speaker.last_loud(time.monotonic() - PLAYS_S) > 0:
        time.sleep(0.2)


def speak_all(
    devices: VirtualDevices,
    talk: OnAScreen,
    speaker: Capture,
    sounds: Sequence[Interjection],
    recording: Path,
) -> list[Spoken]:
    spoken = []
    for sound in sounds:
        reads_on(talk, speaker)
        path = wav(recording.with_name("sound.wav"), sound.sound[: round(MAX_SPOKEN_S * RATE_HZ)])
        told = recording.stat().st_size
        spoken.append(Spoken(sound, time.time()))
        devices.speak(path)
        time.sleep(2.0)
        with recording.open("rb") as file:
            file.seek(told)
            if TRUNCATED in file.read():
                answer_is_over(speaker)
    return spoken


def report(policy: str, spoken: list[Spoken], recording: Path, speaker: Capture) -> str:
    """Print what was cut of each kind; returns the policy's row of the table."""
    of_kind, cut_of_kind = Counter(one.sound.kind for one in spoken), Counter[str]()
    delays, cuts, to_monotonic = [], stops(recording), time.monotonic() - time.time()
    for place, one in enumerate(spoken):
        until = min(one.at + JUDGED_S, spoken[place + 1].at if spoken[place + 1 :] else one.at + JUDGED_S)
        cut = next((at for at in cuts if one.at < at < until), None)
        if (cut is not None) != one.sound.meant:
            print(f"  {'missed' if one.sound.meant else 'cut'}: {one.sound.kind}, {one.sound.name}")
        if cut is None:
            continue
        cut_of_kind[one.sound.kind] += 1
        if one.sound.meant:
            silent = speaker.last_loud(one.at + to_monotonic, cut + to_monotonic + 0.2) - to_monotonic
            if silent == silent:  # not where the agent paused just then
                delays.append(1000 * (silent - one.at))
    false = sum(count for kind, count in cut_of_kind.items() if kind != "interruption")
    wrong = sum(not one.sound.meant for one in spoken)
    print(f"{policy}: {', '.join(f'{kind} {cut_of_kind[kind]}/{of_kind[kind]}' for kind in of_kind)}")
    held = held_ms(recording)
    return (
        f"| `{policy}` | {false} of {wrong} | {cut_of_kind['interruption']} of {of_kind['interruption']} "
        f"| {_ms(delays)} | {_ms(delays, 95)} | {len(held) or ''} | {_ms(held)} |"
    )


def held_ms(recording: Path) -> list[float]:
    """How long the agent was held for what was taken back."""
    notes = [entry.value for entry in read(recording).entries() if isinstance(entry.value, inputs.Noted)]
    told = [note.text for note in notes if note.topic == "barge_in" and "goes on" in note.text]
    return [float(text.split()[5]) for text in told]


def _ms(values: list[float], percent: float = 50) -> str:
    return f"{np.percentile(values, percent):.0f} ms" if values else ""


def run(policy: str, sounds: Sequence[Interjection], echo: tuple[int, float] | None) -> str:
    with tempfile.TemporaryDirectory() as name, running(echo=echo) as devices:
        folder = Path(name)
        recording = folder / "talk.jsonl"
        policy_options = ("--set", f"audio.barge_in={policy}", "--set", "conversation.greet=false")
        talk = OnAScreen(
            devices, "--config", "configs/local.toml", "--record", str(recording), *policy_options
        )
        speaker = Capture("speaker.monitor", devices.environment())
        began = time.monotonic()
        try:
            wait_for(recording, "session.updated")
            time.sleep(1)
            spoken = speak_all(devices, talk, speaker, sounds, recording)
        finally:
            talk.stop()
            speaker.close()
        print(f"{policy}: {len(spoken)} sounds in {time.monotonic() - began:.0f} s")
        return report(policy, spoken, recording, speaker)


def main() -> None:
    words = sys.argv[1:]
    every = int(words[words.index("--every") + 1]) if "--every" in words else 1
    echo = None
    if "--echo" in words:
        place = words.index("--echo")
        echo = (int(words[place + 1]), float(words[place + 2]))
    named = words[words.index("--set") + 1] if "--set" in words else "tuning"
    sounds = SETS[named]()[::every]
    rows = [run(policy, sounds, echo) for policy in [word for word in words if word in POLICIES] or POLICIES]
    print(HEAD, *rows, sep="\n")


if __name__ == "__main__":
    main()

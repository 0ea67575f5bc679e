"""What is said into the agent's greeting, through virtual devices: how many words arrive wrong?

    python -m tests.bench.bench_greeting [ECHO_DELAY_MS] [SOFTER_DB] [INTO_S] [NAME ...]

The loudspeaker leaks into the microphone. Each utterance is spoken into the greeting of a ``talk`` of its
own, so long after its first sound. First with nothing known of the room, then with what a talk has kept.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from realtime_cli.protocol import server_events as s
from realtime_cli.script.words import word_error_rate
from tests.end_to_end.test_talk import received
from tests.kit.speech import clip_path, transcripts
from tests.kit.virtual_devices import VirtualDevices, running

NAMES = ("heart-02", "heart-04", "michael-01", "michael-02", "human-08", "more-talk-01")
HEARD_OUT_S = 3.0
DEFAULTS = ("80", "10", "0.6")


def into_greeting(devices: VirtualDevices, name: str, into_s: float, recording: Path) -> str:
    """What the server understood of an utterance; "" speaks nothing and hears the greeting out."""
    command = [
        "-m",
        "realtime_cli",
        "talk",
        "--config",
        "configs/local.toml",
        "--json",
        "--record",
        str(recording),
    ]
    child = devices.spawn(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert child.stdout
    heard = next(line for line in map(json.loads, child.stdout) if line["type"] == "agent_heard")
    time.sleep(max(0.0, into_s - (heard["at"] - heard["began_at"])))
    if name:
        devices.speak(clip_path(name))
        time.sleep(HEARD_OUT_S)
    else:
        devices.silence(1.5)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    events = received(recording, s.ConversationItemInputAudioTranscriptionCompleted)
    return " ".join(event.transcript for _, event in events)


def main() -> None:
    delay_ms, softer_db, into_s = (
        float(given) for given in (*sys.argv[1:4], *DEFAULTS[len(sys.argv[1:4]) :])
    )
    names = sys.argv[4:] or NAMES
    texts = [transcripts()[name] for name in names]
    with running(echo=(round(delay_ms), softer_db)) as devices:
        for known in (False, True):
            heard = []
            for name in names:
                with tempfile.TemporaryDirectory() as temporary:
                    folder = Path(temporary)
                    os.environ["XDG_STATE_HOME"] = str(folder)
                    if known:
                        into_greeting(devices, "", 0, folder / "before.jsonl")
                    heard.append(into_greeting(devices, name, into_s, folder / "talk.jsonl"))
                    print(f"  {name}: {heard[-1]}", flush=True)
            errors = 100 * word_error_rate(" ".join(texts), " ".join(heard))
            room = "known" if known else "unknown"
            print(
                f"{into_s:g} s into it, {delay_ms:g} ms late, {softer_db:g} dB softer, {room}: {errors:.1f} %"
            )


if __name__ == "__main__":
    main()

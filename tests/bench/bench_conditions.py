"""How much of the test clips the local recogniser understands under each condition of a script.

Run: ``python -m tests.bench.bench_conditions [seeds]``. Every row is made twice with the first seed: the
sound must be the same, sample for sample.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import Samples
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.format import Script, ScriptTurn
from realtime_cli.script.listening import LocalListener
from realtime_cli.script.user_sound import UserSounds
from realtime_cli.script.words import word_errors
from tests.kit.speech import FOLDER, transcripts

ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as recorded", {}),
    *((f"room, {snr} dB", {"noise": "room", "snr_db": snr}) for snr in (20, 10, 5, 0, -5)),
    *((f"babble, {snr} dB", {"noise": "babble", "snr_db": snr}) for snr in (20, 10, 5, 0, -5)),
    *((f"tv, {snr} dB", {"noise": "tv", "snr_db": snr}) for snr in (20, 10, 5, 0, -5)),
    *(
        (
            f"second speaker, {db} dB",
            {"second_speaker": "Dad, have you seen my keys?", "second_speaker_db": db},
        )
        for db in (-20, -10, 0)
    ),
    *((f"reverberation {ms} ms", {"reverb_ms": ms}) for ms in (300, 800, 2000)),
    *((f"gain {db} dB", {"gain_db": db}) for db in (-20, -40, -55)),
    *((f"clipped {db} dB", {"clip_db": db}) for db in (6, 20, 40)),
    ("G.711 mu-law", {"codec": "g711_ulaw"}),
    ("G.711 A-law", {"codec": "g711_alaw"}),
    *((f"packet loss {share:.0%}", {"packet_loss": share}) for share in (0.05, 0.1, 0.2, 0.4)),
    ("packet loss 10% in threes", {"packet_loss": 0.1, "burst_packets": 3}),
    *((f"jitter {ms} ms", {"jitter_ms": ms}) for ms in (10, 30, 60)),
    *((f"speed {speed}", {"speed": speed}) for speed in (0.7, 1.3, 1.6, 2.0)),
    ("keys over it", {"dtmf": "5#"}),
)


async def made(names: Sequence[str], conditions: dict[str, Any], voice: LocalSpeechSource) -> list[Samples]:
    turns = [ScriptTurn.model_validate({"wav": f"{name}.wav"}) for name in names]
    script = Script.model_validate({"turns": [{"silence_ms": 1}], "conditions": conditions})
    sounds = UserSounds(script, Path(FOLDER), voice)
    clips = [await sounds.clip(number, turn) for number, turn in enumerate(turns, 1)]
    return [np.concatenate(clip.frames) for clip in clips if clip is not None]


async def main(seeds: int) -> None:
    names = sorted(name for name, words in transcripts().items() if words)
    voice, listener = LocalSpeechSource(), LocalListener()
    print(f"{len(names)} clips, {seeds} seeds\n{'condition':28}  word errors   same again")
    for title, conditions in ROWS:
        rates = []
        for seed in range(seeds):
            sounds = await made(names, {**conditions, "seed": seed}, voice)
            if seed == 0:
                again = await made(names, {**conditions, "seed": seed}, voice)
                same = all(map(np.array_equal, sounds, again))
            pairs = [
                word_errors(transcripts()[n], listener.listen(s)) for n, s in zip(names, sounds, strict=True)
            ]
            rates.append(sum(wrong for wrong, _ in pairs) / sum(count for _, count in pairs))
        spread = f" ({min(rates):.1%} to {max(rates):.1%})" if seeds > 1 else ""
        print(f"{title:28}  {np.mean(rates):6.1%}{spread}   {'yes' if same else 'NO'}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))

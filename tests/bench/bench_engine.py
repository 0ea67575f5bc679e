"""What the local engine costs: loading, listening, recognising, speaking, memory.

Run: ``python -m tests.bench.bench_engine [rounds]``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, Samples
from realtime_cli.audio.resample import convert
from realtime_cli.script.words import word_errors
from realtime_cli.server.engine.crop import crop, find_speech
from realtime_cli.server.engine.engine import Engine
from realtime_cli.server.engine.synthesiser import CannedVoice
from tests.kit.speech import clip, clip_set, transcripts

SENTENCES = (
    "Hello, what can I do for you?",
    "It is half past ten in Tokyo.",
    "Seventeen times twenty three is three hundred and ninety one.",
)


def cpu_and_wall_ms(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def frames(sound: Samples) -> Iterator[Samples]:
    return (sound[at : at + FRAME_SAMPLES] for at in range(0, len(sound), FRAME_SAMPLES))


def loading() -> Engine:
    before = resident_mb()
    start = time.perf_counter()
    engine = asyncio.run(Engine.load())
    side_by_side = time.perf_counter() - start
    after = resident_mb()
    alone = Engine()
    parts = (alone._warm_hearing, alone._warm_recogniser, alone._warm_speech)
    one_by_one = sum(cpu_and_wall_ms(part)[1] for part in parts) / 1000
    print(f"load and warm, first time in the process   {side_by_side:6.2f} s")
    print(f"the same again, one by one, files cached   {one_by_one:6.2f} s")
    print(f"resident, before and after                 {before:6.0f} and {after:.0f} MB")
    return engine


def listening(engine: Engine, rounds: int) -> None:
    sound = np.concatenate([clip(name) for name in sorted(transcripts())])[: 60 * RATE_HZ]
    seconds = len(sound) / RATE_HZ
    detector = engine.voice_activity()
    per_second = median(
        cpu_and_wall_ms(lambda: [detector.feed(frame) for frame in frames(sound)])[0] / seconds
        for _ in range(rounds)
    )
    resampled = cpu_and_wall_ms(lambda: convert(sound, RATE_HZ, 16_000))[0] / seconds
    print(f"voice activity, 20 ms frames               {per_second:6.1f} ms CPU per second listened")
    print(f"  of which resampling, done in one block   {resampled:6.1f} ms ({resampled / per_second:.0%})")


def spoken_parts(engine: Engine) -> dict[str, Samples]:
    found = {}
    for name in transcripts():
        sound = clip(name)
        speech = find_speech(engine.voice_activity().feed(sound))
        if speech:
            found[name] = crop(sound, speech.onset_ms, speech.end_ms)
    return found


def recognising(engine: Engine, rounds: int) -> None:
    parts = spoken_parts(engine)
    three_seconds = clip("heart-06")[: 3 * RATE_HZ]
    took = median(
        cpu_and_wall_ms(lambda: engine.recogniser.transcribe(three_seconds))[1] for _ in range(rounds)
    )
    print(f"recognition of 3 s                         {took:6.0f} ms, {took / 3000:.1%} of real time")
    told = {name: engine.recogniser.transcribe(part) for name, part in parts.items()}
    uncut = {name: engine.recogniser.transcribe(clip(name)) for name in parts}
    cut_rate, uncut_rate = sum_of_errors(told), sum_of_errors(uncut)
    print(f"word errors over {len(told)} clips, cropped        {cut_rate:6.1%}, uncropped {uncut_rate:.1%}")
    errors: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for name, heard in told.items():
        wrong, length = word_errors(transcripts()[name], heard)
        errors[clip_set(name)] += wrong
        words[clip_set(name)] += length
    for name in words:
        print(f"  {name:12} {errors[name]:3} of {words[name]:3} words  {errors[name] / words[name]:6.1%}")


def sum_of_errors(told: dict[str, str]) -> float:
    pairs = [word_errors(transcripts()[name], heard) for name, heard in told.items()]
    return sum(wrong for wrong, _ in pairs) / sum(length for _, length in pairs)


def speaking(engine: Engine, rounds: int) -> None:
    firsts: list[float] = []
    lasted_ms = 0.0
    took_ms = 0.0
    for _ in range(rounds):
        for sentence in SENTENCES:
            start = time.perf_counter()
            chunks: list[Samples] = []
            for chunk in engine.synthesiser.speak(sentence):
                if not chunks:
                    firsts.append(1000 * (time.perf_counter() - start))
                chunks.append(chunk)
            took_ms += 1000 * (time.perf_counter() - start)
            lasted_ms += sum(map(len, chunks)) / RATE_HZ * 1000
    canned = median(cpu_and_wall_ms(lambda: list(CANNED.speak(SENTENCES[2])))[0] for _ in range(rounds))
    heart = median(
        cpu_and_wall_ms(lambda: list(engine.synthesiser.speak(SENTENCES[2])))[0] for _ in range(rounds)
    )
    print(
        f"speech, first chunk                        {median(firsts):6.0f} ms, "
        f"{lasted_ms / took_ms:.0f} x real time"
    )
    print(
        f"a sentence: heart and the canned voice     {heart:6.1f} and {canned:.2f} ms CPU, "
        f"{heart / max(canned, 0.01):.0f} : 1"
    )


CANNED = CannedVoice()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    engine = loading()
    listening(engine, rounds)
    recognising(engine, rounds)
    speaking(engine, rounds)


if __name__ == "__main__":
    main()

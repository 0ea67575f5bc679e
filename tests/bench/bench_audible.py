"""How far off the measures that listen are, over sounds whose words are known.

Run: ``python -m tests.bench.bench_audible``.
"""

from __future__ import annotations

import asyncio

import numpy as np

from realtime_cli.audio.pcm import Samples
from realtime_cli.script.clips import LocalSpeechSource
from realtime_cli.script.listening import LocalListener
from realtime_cli.script.words import compare
from tests.kit.audible import measured
from tests.kit.speech import clip, clip_set, transcripts


def main() -> None:
    voice, listener = LocalSpeechSource(), LocalListener()

    def say(text: str) -> Samples:
        return asyncio.run(voice(text))

    found = list(measured(say, listener.listen))
    for each, whole, faulty in found:
        print(
            f"{each.transcript:54} whole {whole.errors}/{whole.words}  not heard: {' '.join(faulty.missing)}"
        )
    words = sum(whole.words for _, whole, _ in found)
    print(f"false alarms: {sum(whole.errors for _, whole, _ in found)} of {words} words")
    noticed = sum(set(each.missing) <= set(faulty.missing) for each, _, faulty in found)
    print(f"missing words noticed: {noticed} of {len(found)} sentences")
    sets: dict[str, list[float]] = {}
    for name, text in transcripts().items():
        if text:
            said = compare(text, listener.listen(clip(name)))
            sets.setdefault(clip_set(name), []).append(said.errors / said.words)
    for kind, rates in sets.items():
        print(f"{kind:12} {len(rates):3} clips: WER mean {np.mean(rates):.1%}, worst {max(rates):.0%}")


if __name__ == "__main__":
    main()

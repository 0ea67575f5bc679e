"""How well a user is understood who speaks while the agent does: word errors of the local recogniser.

    python -m tests.bench.bench_double_talk [NAME ...]
    python -m tests.bench.bench_double_talk --early [NAME ...]
    python -m tests.bench.bench_double_talk --early --known LOUDER_DB [NAME ...]
    python -m tests.bench.bench_double_talk --tune FIELD VALUE [VALUE ...]

The second form has the user speak into the very first answer, before the canceller has learned the room:
0.3, 0.6 and 1.5 s after the agent has begun. With ``--known`` the canceller knows the room from an earlier
session, in which the echo was louder than it is now by so much (negative: softer).

The third form tries values of one tuned number (of ``CancellerTuning``, or ``suppressor.FIELD``): word
errors at a usual loudness, and the greatest probability of a voice that the agent's echo alone leaves in
any of the test's rooms. A value passes with at most 25 points more word errors and less than 0.5.

Every utterance is spoken into a synthetic room in which the agent talks without a pause, and goes through
the canceller and the gate behind it; the same utterance alone is the measure of comparison. The echo is so
many dB softer than the user; a laptop on a table at a usual loudness gives 10 to 15.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from realtime_cli.audio.echo_canceller import CancellerTuning, EchoCanceller
from realtime_cli.audio.pcm import FRAME_SAMPLES, RATE_HZ, SAMPLES_PER_MS, Samples, dbfs
from realtime_cli.audio.wav_file import read_wav
from realtime_cli.script.words import word_error_rate
from tests.audio.echo_rooms import ROOMS, cancelled, far_speech, through_room
from tests.kit.speech import clip_path, transcripts

LEAD_S = 4
"""The agent speaks for so long before the user does: the canceller has learned the room."""
AGENT = ("heart-01", "michael-02", "heart-03", "michael-04")
DELAYS_MS = (60, 200)
SOFTER_DB = (18, 12, 6)
EARLY_S = (0.3, 0.6, 1.5)
EARLY_ROOMS = ((80, 10), (120, 6))
USUAL_SOFTER_DB = 12
FIRST_SOUND = 600  # of 32768
USUAL = CancellerTuning()


def clip(name: str) -> Samples:
    with clip_path(name).open("rb") as file:
        return np.concatenate(list(read_wav(file, name)))


def echo_of(far: Samples, delay_ms: int, level_dbfs: float, chance: np.random.Generator) -> Samples:
    """The agent as the microphone hears it: direct sound, reflections of 150 ms, a little noise."""
    seconds = np.arange(150 * SAMPLES_PER_MS) / RATE_HZ
    response = 0.05 * chance.standard_normal(len(seconds)) * np.exp(-seconds / 0.04)
    response[0] = 0.5
    size = len(far) + len(response)
    heard = np.fft.irfft(np.fft.rfft(far, size) * np.fft.rfft(response, size), size)[: len(far)]
    heard = np.concatenate([np.zeros(delay_ms * SAMPLES_PER_MS), heard])[: len(far)]
    scale = 10 ** ((level_dbfs - dbfs(np.clip(heard, -32768, 32767).astype(np.int16))) / 20)
    noisy = scale * heard + 3 * chance.standard_normal(len(heard))
    return np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)


def through_double_talk(
    user: Samples, delay_ms: int, softer_db: float, seed: int = 1, tuning: CancellerTuning = USUAL
) -> Samples:
    """What is sent of the user's utterance while the agent talks all the time."""
    chance = np.random.default_rng(seed)
    size = LEAD_S * RATE_HZ + len(user) + RATE_HZ // 2
    size -= size % FRAME_SAMPLES
    far = np.resize(np.concatenate([clip(name) for name in AGENT]), size)
    near = echo_of(far, delay_ms, dbfs(user) - softer_db, chance).astype(np.int32)
    near[LEAD_S * RATE_HZ : LEAD_S * RATE_HZ + len(user)] += user
    heard = np.clip(near, -32768, 32767).astype(np.int16)
    return _sent(EchoCanceller(tuning=tuning), far, heard)[LEAD_S * RATE_HZ - RATE_HZ // 4 :]


def through_early_talk(
    user: Samples, delay_ms: int, softer_db: float, into_s: float, was_louder_db: float | None = None
) -> Samples:
    """What is sent of an utterance that begins so long after the agent has first been heard."""
    far = _from_first_sound(np.concatenate([clip(name) for name in AGENT]))
    user = _from_first_sound(user)
    begins = round((1 + into_s) * RATE_HZ)  # the agent is silent for a second before
    size = begins + len(user) + RATE_HZ // 2
    size -= size % FRAME_SAMPLES
    far = np.concatenate([np.zeros(RATE_HZ, np.int16), np.resize(far, size - RATE_HZ)])
    echo = echo_of(far, delay_ms, dbfs(user) - softer_db, np.random.default_rng(1))
    near = echo.astype(np.int32)
    near[begins : begins + len(user)] += user
    canceller = EchoCanceller()
    if was_louder_db is not None:
        before = EchoCanceller()
        _sent(before, far, echo)
        canceller.begin_with(before.learned[0] - was_louder_db)
    sent = _sent(canceller, far, np.clip(near, -32768, 32767).astype(np.int16))
    return sent[begins - RATE_HZ // 4 :]


def _sent(canceller: EchoCanceller, far: Samples, near: Samples) -> Samples:
    cleaned = []
    for at in range(0, len(far), FRAME_SAMPLES):
        canceller.played(far[at : at + FRAME_SAMPLES])
        cleaned.append(canceller.process(near[at : at + FRAME_SAMPLES]))
    return np.concatenate(cleaned)


def _from_first_sound(sound: Samples) -> Samples:
    return sound[int(np.argmax(np.abs(sound.astype(np.int32)) > FIRST_SOUND)) :]


def early(
    recogniser: Any,
    names: Sequence[str],
    delay_ms: int,
    softer_db: float,
    into_s: float = 0.6,
    was_louder_db: float | None = None,
) -> float:
    """Word error rate of what is said into the first answer."""
    sent = (through_early_talk(clip(name), delay_ms, softer_db, into_s, was_louder_db) for name in names)
    return _errors(names, [recogniser.transcribe(sound) for sound in sent])


def alone(recogniser: Any, names: Sequence[str]) -> float:
    """Word error rate over all these utterances as they are."""
    return _errors(names, [recogniser.transcribe(clip(name)) for name in names])


def in_double_talk(
    recogniser: Any, names: Sequence[str], delay_ms: int, softer_db: float, tuning: CancellerTuning = USUAL
) -> float:
    """The same while the agent talks."""
    sent = (through_double_talk(clip(name), delay_ms, softer_db, tuning=tuning) for name in names)
    return _errors(names, [recogniser.transcribe(sound) for sound in sent])


def _errors(names: Sequence[str], heard: list[str]) -> float:
    texts = transcripts()
    return word_error_rate(" ".join(texts[name] for name in names), " ".join(heard))


def voice_left(tuning: CancellerTuning) -> float:
    """The greatest probability of a voice in what is left of the agent's echo, over the test's rooms."""
    from realtime_cli.server.engine.voice_activity import VoiceActivity

    far = far_speech()
    left = (cancelled(far, through_room(far, *room), tuning=tuning)[0] for room in ROOMS.values())
    return max(max(VoiceActivity().feed(sound)) for sound in left)


def tuned(field: str, value: float) -> CancellerTuning:
    if field.startswith("suppressor."):
        part: dict[str, Any] = {field.split(".")[1]: value}
        return replace(USUAL, suppressor=replace(USUAL.suppressor, **part))
    whole: dict[str, Any] = {field: value}
    return replace(USUAL, **whole)


def tune(recogniser: Any, field: str, values: Sequence[str]) -> None:
    names = [name for name, text in transcripts().items() if text]
    clean = alone(recogniser, names)
    for value in values:
        tuning = tuned(field, float(value))
        more = 100 * (in_double_talk(recogniser, names, DELAYS_MS[0], USUAL_SOFTER_DB, tuning) - clean)
        print(f"{field} {value}: {more:+.1f} points, voice left {voice_left(tuning):.2f}", flush=True)


def main() -> None:
    from realtime_cli.server.engine.recogniser import Recogniser

    recogniser = Recogniser()
    if sys.argv[1:2] == ["--tune"]:
        tune(recogniser, sys.argv[2], sys.argv[3:])
        return
    if sys.argv[1:2] == ["--early"]:
        known = sys.argv[2:3] == ["--known"]
        was_louder_db = float(sys.argv[3]) if known else None
        names = sys.argv[4 if known else 2 :] or [name for name, text in transcripts().items() if text]
        for delay_ms, softer_db in EARLY_ROOMS:
            for into_s in EARLY_S:
                errors = 100 * early(recogniser, names, delay_ms, softer_db, into_s, was_louder_db)
                print(
                    f"{into_s} s into it, {delay_ms} ms late, {softer_db} dB softer: {errors:.1f} %",
                    flush=True,
                )
        return
    names = sys.argv[1:] or [name for name, text in transcripts().items() if text]
    clean = alone(recogniser, names)
    print(f"{len(names)} utterances alone: {100 * clean:.1f} % word errors")
    for delay_ms in DELAYS_MS:
        for softer_db in SOFTER_DB:
            double = in_double_talk(recogniser, names, delay_ms, softer_db)
            print(
                f"echo {delay_ms} ms late, {softer_db} dB softer than the user: {100 * double:.1f} %, "
                f"{100 * (double - clean):+.1f} points",
                flush=True,
            )


if __name__ == "__main__":
    main()

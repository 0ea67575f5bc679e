"""What the interruption detector makes of every labelled sound: without devices, in a minute.

    python -m tests.bench.bench_detector [tuning] [seen] [untouched] [--echo DELAY_MS SOFTER_DB] [--each]

Sets: ``tuning`` is ``tests.bench.interjections``; ``seen`` and ``untouched`` are the halves of
``tests.bench.held_out``. The sound is heard in a room with noise, after the user has spoken once. With
``--echo`` the agent speaks, is held and goes on as in ``barge_in = "reversible"``, and its echo, so much
softer than the user, goes through the canceller. ``--each`` names the sounds that were judged wrongly, but
not of the untouched half.

A sound is cut for if the detector says that it is meant and the server hears speech, too, or if it was some
words whose transcript says so (the local server's voice activity and recogniser stand in for a server's).
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from realtime_cli.audio.background import room_noise
from realtime_cli.audio.echo_canceller import EchoCanceller
from realtime_cli.audio.interruption import InterruptionDetector
from realtime_cli.audio.pcm import (
    FRAME_SAMPLES,
    RATE_HZ,
    SAMPLES_PER_MS,
    Samples,
    silence,
    to_float,
    to_int16,
)
from realtime_cli.client.backchannels import interrupts
from realtime_cli.client.waits import SERVER_HEARS_S
from realtime_cli.server.engine.recogniser import Recogniser
from realtime_cli.server.engine.voice_activity import VoiceActivity
from realtime_cli.server.turn_detector import WINDOW_MS, TurnDetector, TurnStarted
from tests.bench.held_out import held_out
from tests.bench.interjections import USER_RMS, Interjection, as_user, interjections
from tests.kit.speech import clip

SETS = ("tuning", "seen", "untouched")
SPOKEN_S = 2.0
AFTER_S = 2.0
LEAD_S = 4.0  # the agent speaks before: the canceller has learnt the room
NOISE_DBFS = -62.0
STRENGTH = ("", "begun", "noise", "far", "short", "words", "meant")  # what a later sound does not take back
HEARD_LATE_MS = 100.0  # a word's last sound, in the room
SILENCE_MS = 500.0  # after which the server ends a turn
AGENT = ("heart-01", "michael-02", "heart-03", "michael-04")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times are ms of the sound; None: never. ``held_again``: after the sound, for what nobody said."""

    sound: Interjection
    begun_ms: float | None
    verdict: str
    verdict_ms: float
    server_ms: float | None
    held_again: bool
    words: str = ""

    @property
    def cut_ms(self) -> float | None:
        """When it is known that it is meant, without what the wire takes."""
        if self.server_ms is None or self.server_ms > self.verdict_ms + 1000 * SERVER_HEARS_S:
            return None
        if self.verdict == "meant":
            return max(self.verdict_ms, self.server_ms)
        return max(self.verdict_ms, words_known_ms(self.sound)) if interrupts(self.words) else None

    @property
    def resumed(self) -> bool:
        """Whether the agent went on before it was clear that it was meant."""
        return self.cut_ms is not None and self.verdict == "short"


def words_known_ms(sound: Interjection) -> float:
    """When the server has their transcript, without what it takes to recognise them."""
    return len(sound.sound) / SAMPLES_PER_MS + SILENCE_MS


class Room:
    """What the microphone hears: the user's side, noise, and the agent's echo where there is one."""

    def __init__(self, user: Samples, echo: tuple[int, float] | None) -> None:
        chance = np.random.default_rng(1)
        noise = room_noise(len(user), chance)
        noise *= 10 ** (NOISE_DBFS / 20) / float(np.sqrt(np.mean(noise**2)))
        size = len(user) + RATE_HZ
        self._near = np.zeros(size)
        self._near[: len(user)] = to_float(user) + noise
        self._response = np.zeros(0)
        if echo:
            delay_ms, softer_db = echo
            seconds = np.arange(100 * SAMPLES_PER_MS) / RATE_HZ
            tail = 0.1 * chance.standard_normal(len(seconds)) * np.exp(-seconds / 0.04)
            tail[0] = 1.0
            gain = 10 ** (-softer_db / 20) / float(np.sqrt(np.sum(tail**2)))
            self._response = np.concatenate([np.zeros(delay_ms * SAMPLES_PER_MS), gain * tail])

    def hear(self, at: int, far: Samples) -> Samples:
        if len(self._response) and far.any():
            echo = np.convolve(to_float(far), self._response)
            end = min(len(self._near), at + len(echo))
            self._near[at:end] += echo[: end - at]
        return to_int16(self._near[at : at + len(far)].astype(np.float32))


def judged(sound: Interjection, echo: tuple[int, float] | None) -> Outcome:
    detector, begin = InterruptionDetector(), round((LEAD_S if echo else 0.5) * RATE_HZ)
    spoken = sound.sound[: round(SPOKEN_S * RATE_HZ)]
    once = as_user(to_float(clip("heart-04")), USER_RMS)
    detector.heard(np.concatenate([silence(RATE_HZ // 2), once, silence(RATE_HZ)]))
    size = begin + len(spoken) + round(AFTER_S * RATE_HZ)
    size -= size % FRAME_SAMPLES
    user = silence(size)
    user[begin : begin + len(spoken)] = spoken
    room, agent = Room(user, echo), np.resize(np.concatenate([clip(name) for name in AGENT]), size)
    canceller = EchoCanceller() if echo else None
    says, place, heard = "", 0, []
    begun_ms, verdict, verdict_ms, held_again = None, "", 0.0, False
    for at in range(0, size, FRAME_SAMPLES):
        far, at_ms = silence(FRAME_SAMPLES), (at - begin) / SAMPLES_PER_MS
        held = says in ("begun", "meant") or (says == "words" and at_ms < words_known_ms(sound))
        if canceller and not held:
            far, place = agent[place : place + FRAME_SAMPLES], place + FRAME_SAMPLES
        near = room.hear(at, far)
        if canceller:
            canceller.played(far)
            near = canceller.process(near)
        heard.append(near)
        for one in detector.heard(near):
            says, ms = one.verdict, (at + FRAME_SAMPLES - begin) / SAMPLES_PER_MS
            held_again |= says == "begun" and ms > len(spoken) / SAMPLES_PER_MS + HEARD_LATE_MS
            if ms > 0 and STRENGTH.index(says) >= STRENGTH.index(verdict):
                begun_ms = ms if begun_ms is None else begun_ms
                verdict, verdict_ms = says, ms
    all_heard = np.concatenate(heard)
    words = ""
    if verdict in ("short", "words"):
        spoken_until = begin + len(spoken) + RATE_HZ // 4
        words = recogniser().transcribe(all_heard[begin - RATE_HZ // 4 : spoken_until])
    server_ms = _server(all_heard, begin)
    return Outcome(sound, begun_ms, verdict, verdict_ms, server_ms, held_again, words)


@cache
def recogniser() -> Recogniser:
    return Recogniser()


def _server(heard: Samples, begin: int) -> float | None:
    """When the local server says that the user speaks, in ms of the sound."""
    turns = TurnDetector({"type": "server_vad"}, 0.0)
    for number, probability in enumerate(VoiceActivity().feed(heard), 1):
        at_ms = number * WINDOW_MS - begin / SAMPLES_PER_MS
        for mark in turns.feed(probability):
            if isinstance(mark, TurnStarted) and at_ms > 0:
                return at_ms
    return None


def report(name: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    wrong = [one for one in outcomes if not one.sound.meant]
    true = [one for one in outcomes if one.sound.meant]
    alone = sum(one.verdict in ("meant", "words") for one in wrong)
    false = [one for one in wrong if one.cut_ms is not None]
    count = Counter(one.sound.kind for one in wrong)
    cut_of_kind = Counter(one.sound.kind for one in false)
    kinds = ", ".join(f"{kind} {cut_of_kind[kind]}/{count[kind]}" for kind in count)
    heard_well = sum(replace(one, words=one.sound.words).cut_ms is not None for one in wrong)
    yield (
        f"{name:10} false cuts {len(false)}/{len(wrong)} (with a transcript without errors {heard_well}, "
        f"by ear alone {alone}): {kinds}"
    )
    cut = [one.cut_ms for one in true if one.cut_ms is not None]
    words = sum(one.cut_ms is not None and one.verdict != "meant" for one in true)
    resumed, again = sum(one.resumed for one in true), sum(one.held_again for one in outcomes)
    yield (
        f"{'':10} true ones {len(cut)}/{len(true)}, {words} of them by their words; "
        f"the agent went on for a moment: {resumed}; "
        f"held again after {again} of all sounds, by what nobody said"
    )
    held = [one.begun_ms for one in true if one.begun_ms is not None]
    yield (
        f"{'':10} held after ms: {statistics.median(held):.0f}, worst {max(held):.0f}; "
        f"known after ms: {statistics.median(cut):.0f}, worst {max(cut):.0f}"
    )


def mistakes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for one in outcomes:
        if (one.cut_ms is not None) != one.sound.meant:
            length_ms = len(one.sound.sound) / SAMPLES_PER_MS
            yield (
                f"  {one.sound.kind:12} {one.sound.name}, {length_ms:.0f} ms: {one.verdict or 'not heard'} "
                f"after {one.verdict_ms:.0f}, server {one.server_ms}, {one.words!r}"
            )


def main() -> None:
    words = sys.argv[1:]
    echo = None
    if "--echo" in words:
        place = words.index("--echo")
        echo = (int(words[place + 1]), float(words[place + 2]))
    for name in [word for word in words if word in SETS] or SETS:
        sounds = interjections() if name == "tuning" else held_out("seen" if name == "seen" else "untouched")
        outcomes = [judged(sound, echo) for sound in sounds]
        print(*report(name, outcomes), sep="\n", flush=True)
        if "--each" in words and name != "untouched":
            print(*mistakes(outcomes), sep="\n", flush=True)


if __name__ == "__main__":
    main()

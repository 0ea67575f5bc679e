"""Whether what was played is what the transcript says: the local recogniser listens to the loudspeaker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples, silence
from realtime_cli.errors import ConfigError
from realtime_cli.script.expectations import CheckResult
from realtime_cli.script.format import Expect
from realtime_cli.script.listening import Listener
from realtime_cli.script.turn_collector import TurnRecord
from realtime_cli.script.words import compare, normalise

AROUND_S = 0.1  # quiet edges of a word are below what counts as audible
NAMES = ("audible_text", "audible_wer")


def asks_to_listen(expect: Expect) -> bool:
    return bool(expect.asks & set(NAMES))


@dataclass
class PlayedSound:
    """What the loudspeaker played, block by block; ``now``: session seconds."""

    now: Callable[[], float]
    _blocks: list[tuple[float, Samples]] = field(default_factory=list)

    def add(self, block: Samples) -> None:
        """A block of int16 mono 24 kHz that begins to be heard now; silence is left out."""
        if block.any():
            self._blocks.append((self.now(), block.copy()))

    def of(self, turn: TurnRecord) -> Samples:
        """What was heard of a turn's answers, with its pauses."""
        spans = [span for part in turn.spans.values() for span in part]
        if not spans:
            return silence(0)
        begin_s = min(begin for begin, _ in spans) - AROUND_S
        end_s = max(end for _, end in spans) + AROUND_S
        heard: list[Samples] = []
        at_s = begin_s
        for when, block in self._blocks:
            if begin_s <= when < end_s:
                heard += [silence(max(0, round((when - at_s - 0.02) * RATE_HZ))), block]
                at_s = max(at_s, when) + len(block) / RATE_HZ
        return np.concatenate([*heard, silence(round(AROUND_S * RATE_HZ))])


@dataclass
class AudibleWords:
    """Compares sound and transcript. Used after the conversation, because it takes time."""

    played: PlayedSound
    listen: Listener

    async def verdicts(
        self, number: int, expect: Expect, turns: Sequence[TurnRecord], *, spoken: bool
    ) -> list[CheckResult]:
        """For a turn, or (0) for all ``turns`` together. ``spoken``: the agent has a voice."""
        if not spoken:
            return unheard(number, expect, "no measurement: the agent answers in text")
        try:
            heard = [await self.listen(sound) if len(sound := self.played.of(turn)) else "" for turn in turns]
        except ConfigError as error:
            return unheard(number, expect, str(error))
        return [
            CheckResult(number, name, "passed" if right else "failed", expected, found)
            for name, right, expected, found in _compared(expect, turns, heard)
        ]


def unheard(number: int, expect: Expect, why: str) -> list[CheckResult]:
    """Verdicts if nothing could be listened to: what was not measured has failed."""
    asked = [name for name in NAMES if name in expect.asks]
    return [CheckResult(number, name, "failed", "the reply to be heard", why) for name in asked]


def _compared(
    expect: Expect, turns: Sequence[TurnRecord], heard: Sequence[str]
) -> Iterator[tuple[str, bool, str, str]]:
    whole = " ".join(filter(None, heard))
    told = f'heard "{whole}"' if whole else "nothing was heard"
    wanted = expect.audible_text
    for text in [wanted] if isinstance(wanted, str) else wanted or ():
        yield "audible_text", _has(whole, text), f'"{text}" to be heard', told
    if expect.audible_wer is not None:
        # Of an answer that was cut off only the beginning can be heard.
        pairs = [
            compare(turn.reply, words, open_end=turn.cut_off)
            for turn, words in zip(turns, heard, strict=True)
        ]
        errors, count = sum(pair.errors for pair in pairs), sum(pair.words for pair in pairs)
        rate = errors / count if count else 1.0
        missing = " ".join(word for pair in pairs for word in pair.missing)
        found = f"{rate:.0%} of {count} words" + (f"; not heard: {missing}" if missing else "") + f"; {told}"
        expected = f"at most {expect.audible_wer:.0%} of the words to sound otherwise than they are written"
        yield "audible_wer", rate <= expect.audible_wer, expected, found


def _has(heard: str, text: str) -> bool:
    """Whether these words occur in sequence; "8" and "eight" are the same word."""
    words, wanted = normalise(heard), normalise(text)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))

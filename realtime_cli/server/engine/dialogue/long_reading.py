"""Long answers on request, so that there is something to interrupt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from realtime_cli.server.engine.dialogue.numbers import in_words

MAX_COUNT = 200
_USER_WILL = re.compile(
    r"\b(?:i (?:want|would like|will|am going|have|need|like|can)|let me)\b(?: to)?"
    r" (?:read|tell|recite|say|count)\b"
)
_COUNT = re.compile(
    r"(?<!the )(?<!a )(?<!my )(?<!your )\bcount\b(?! (?:on|as|in|me|of|the|my|your|how)\b)"
    r"(?P<down>.*\bdown\b)?"
)
_LONG = r"(?:(?:something|anything) long|long (?:text|letter|story|tale|poem|article|chapter))"
_READ = re.compile(
    rf"\b(?:read|tell|recite|say|give|speak)\b.*\b{_LONG}\b"
    r"|\b(?:read|tell|recite)\b.*\b(?:story|tale|poem)\b|\bread (?:me |us )?(?:something|a (?:text|letter))\b"
    r"|\bkeep talking\b|\btalk for\b"
)

STORY = (
    "Here is a long text; interrupt me whenever you like.",
    "The lighthouse on the northern rock had two keepers, and they never agreed about the weather.",
    "Marta read the clouds each morning and wrote down what they promised.",
    "Ivo read the birds instead, because birds, he said, have something to lose.",
    "On quiet days they were both right, and the notebook filled with small, even letters.",
    "Then came a week in which the sea lay flat, and nothing moved at all.",
    "The clouds said rain; the gulls said sun; the barometer said nothing, for its needle had stuck.",
    "On the third evening a fishing boat came in without a light.",
    "The old man at the helm wanted neither food nor water, but an opinion.",
    "Shall I sail tonight, he asked, or shall I wait?",
    "Marta looked up, Ivo looked out, and for the first time in years neither of them spoke.",
    "So they carried the great lamp down the stairs, all hundred and twelve of them, and lit it on the pier.",
    "In its light the three of them could see the first long waves, coming slowly out of the dark.",
    "The old man thanked them, tied his boat with a second rope, and slept in the kitchen.",
    "By morning the wind had taken the roof from the shed, and left the boat alone.",
    "Marta wrote in the notebook: storm, as the waves had said.",
    "From that day on they kept a third column, and asked the water first.",
    "That is the end of the text.",
)


def read_aloud(normalised: str) -> Iterator[str] | None:
    """Sentence by sentence, if one is asked for."""
    if _USER_WILL.search(normalised):
        return None
    if counting := _COUNT.search(normalised):
        return count(normalised, down=bool(counting["down"]))
    return iter(STORY) if _READ.search(normalised) else None


def count(normalised: str, down: bool) -> Iterator[str]:
    """Each number is a sentence of its own, which is what makes it slow."""
    numbers = [min(int(digits), MAX_COUNT) for digits in re.findall(r"\d+", normalised)]
    match numbers:
        case [first, last, *_]:
            pass
        case [only]:
            first, last = (only, 0) if down else (1, only)
        case _:
            first, last = (10, 0) if down else (1, 10)
    step = 1 if last >= first else -1
    for number in range(first, last + step, step):
        yield f"{in_words(number).capitalize()}."

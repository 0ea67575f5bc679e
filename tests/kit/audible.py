"""The corpus of what was audible: sentences, and what is left out of their sound."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime_cli.audio.pcm import Samples
from realtime_cli.script.words import Comparison, compare, normalise

CORPUS = Path(__file__).parents[1] / "data" / "audible" / "sentences.json"


@dataclass(frozen=True)
class Sentence:
    """``missing``: what the faulty sound lacks."""

    transcript: str
    missing: list[str]

    @property
    def without(self) -> str:
        """The words that are left, in order."""
        words = normalise(self.transcript)
        at = next(n for n in range(len(words)) if words[n : n + len(self.missing)] == self.missing)
        return " ".join([*words[:at], *words[at + len(self.missing) :]]).capitalize() + "."


def sentences() -> list[Sentence]:
    return [Sentence(**each) for each in json.loads(CORPUS.read_text())]


def measured(
    say: Callable[[str], Samples], listen: Callable[[Samples], str]
) -> Iterator[tuple[Sentence, Comparison, Comparison]]:
    """Each sentence with how its whole and its faulty sound compare with the transcript."""
    for each in sentences():
        whole, faulty = listen(say(each.transcript)), listen(say(each.without))
        yield each, compare(each.transcript, whole), compare(each.transcript, faulty)

"""Recorded runs judged again, with what their scripts expect today; nothing is held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from realtime_cli.audio.pcm import RATE_HZ, dbfs
from realtime_cli.client.cost import load_prices
from realtime_cli.conversation.events import ConversationEvent, ScriptAnnotated
from realtime_cli.conversation.narrated import narrator_of
from realtime_cli.errors import ConfigError, ExitCode
from realtime_cli.loop import Outcome
from realtime_cli.recording import file
from realtime_cli.recording.reader import Recording, read
from realtime_cli.recording.stored import stored
from realtime_cli.script.clips import SOUNDING_DBFS
from realtime_cli.script.judging import Check, Judge, Judging
from realtime_cli.script.live import speaks
from realtime_cli.script.result import Case, CaseResult
from realtime_cli.script.turn_collector import BLOCK_S, Span, TurnCollector


def recorded_cases(cases: Sequence[Case], folder: Path) -> list[tuple[Case, Path]]:
    """Each recording in a folder with the case that it is a run of, oldest first.

    ``run`` names recordings by the script and its variant. Raises ConfigError when there is none.
    """
    recordings = [one.path for one in reversed(stored(folder))]
    found: list[tuple[Case, Path]] = []
    for case in {(case.script.path, case.name): case for case in cases}.values():  # not for each repeat
        own = [path for path in recordings if _is_of(case, path)]
        found += [(replace(case, repeat=number), path) for number, path in enumerate(own, 1)]
    if not found:
        raise ConfigError(
            f"{folder} has no recording of these scripts.", "Record them: realtime-cli run --record FOLDER"
        )
    return found


def _is_of(case: Case, path: Path) -> bool:
    stem = path.name.removesuffix(".gz").removesuffix(".jsonl")
    name = re.sub(r"^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_", "", stem)
    return re.fullmatch(rf"{re.escape(file.plain(case.name))}(-\d+)?", name) is not None


async def rejudged(
    case: Case, path: Path, judge: Judge | None = None, check: Check | None = None
) -> CaseResult:
    """What the recorded conversation is worth by the case's script. Raises ConfigError."""
    recording = read(path)
    options = recording.header.options()
    collected = TurnCollector(
        text_mode=case.text,
        with_voice=speaks(options),
        only_transcribes=options.patch.get("type") == "transcription",
    )
    narrator = narrator_of(options, load_prices(recording.header.session.get("prices")))
    events = [event for entry in recording.entries() for event in narrator.narrate(entry)]
    for begin_s, end_s in _told(events) or _heard(recording):
        collected.sounded(begin_s, end_s)
    for event in events:
        collected.observe(event)
    if not any(turn.number for turn in collected.turns):
        raise ConfigError(f"{path} was not recorded by a script.", "Record it with: realtime-cli run")
    judging = Judging(case, collected, judge, check, path)
    await judging.ask()
    end = recording.end
    error = "" if end.exit_code == ExitCode.OK else end.reason or "The recording breaks off."
    return judging.result(error, Outcome(ExitCode(end.exit_code), end.reason), end.at)


def _told(events: Sequence[ConversationEvent]) -> list[Span]:
    """When the speaker was heard, as the script noted it."""
    marks = [event for event in events if isinstance(event, ScriptAnnotated) and event.mark == "sounded"]
    return [(float(begin), float(end)) for mark in marks for begin, end in mark.data["spans"]]


def _heard(recording: Recording) -> Iterator[Span]:
    """The same from the recorded sound, for recordings without such notes: right where nothing was late."""
    played = recording.sound().stereo[:, 1]
    samples = round(BLOCK_S * RATE_HZ)
    for begin in range(0, len(played), samples):
        block = played[begin : begin + samples]
        if block.any() and dbfs(block) > SOUNDING_DBFS:
            yield begin / RATE_HZ, (begin + len(block)) / RATE_HZ

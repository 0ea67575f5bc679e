"""When a recorded moment is shown: speed, shortened pauses, and places that have names."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.config.time_span import seconds_of
from realtime_cli.conversation.events import ScriptAnnotated
from realtime_cli.conversation.narrated import narrate, narrator_of
from realtime_cli.conversation.turns import TurnLog
from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import Recording

# What happens all the time or is not visible: these do not interrupt a pause.
_UNEVENTFUL = (inputs.Levels, inputs.SoundState, inputs.MicrophoneFrame, inputs.TimerFired, effects.SetTimer)


class TimeWarp:
    """Session seconds to shown seconds; pauses longer than ``idle_limit_s`` are cut to it."""

    def __init__(self, moments: Iterable[float] = (), idle_limit_s: float | None = None) -> None:
        self._cut_at: list[float] = []
        self._cut_s: list[float] = []
        last, total = 0.0, 0.0
        for moment in sorted(moments) if idle_limit_s is not None else ():
            if idle_limit_s is not None and moment - last > idle_limit_s:
                total += moment - last - idle_limit_s
                self._cut_at.append(moment)
                self._cut_s.append(total)
            last = max(last, moment)
        self._limit = idle_limit_s

    def shown(self, at: float) -> float:
        """When, on a clock without the cut pauses, the moment ``at`` comes."""
        place = bisect.bisect_right(self._cut_at, at)
        before = self._cut_s[place - 1] if place else 0.0
        if place < len(self._cut_at):  # inside a pause the clock stands still once the limit is reached
            begin = self._cut_at[place] - before
            return min(at - before, begin - (self._cut_s[place] - before))
        return at - before


def eventful(entry: Entry) -> bool:
    """Whether a viewer or listener would notice it."""
    value = entry.value
    if isinstance(value, effects.Send):
        return value.event.type != "input_audio_buffer.append"
    return not isinstance(value, _UNEVENTFUL)


def time_warp(recording: Recording, idle_limit_s: float | None) -> TimeWarp:
    if idle_limit_s is None:
        return TimeWarp()
    return TimeWarp((entry.at for entry in recording.entries() if eventful(entry)), idle_limit_s)


def moment_of(recording: Recording, text: str, option: str) -> float:
    """Session seconds of what an option says: a time, or ``turn:N``. Raises ConfigError."""
    kind, colon, number = text.partition(":")
    if colon and kind.strip().casefold() == "turn" and number.strip().isdecimal():
        return turn_at(recording, int(number))
    return seconds_of(text, option)


def turn_at(recording: Recording, number: int) -> float:
    """When turn ``number`` (from 1) begins: the script's turn, where a script held the conversation.

    Raises ConfigError when there are fewer.
    """
    starts = turn_starts(recording, of_script=True)
    if not 1 <= number <= len(starts):
        raise ConfigError(f"There is no turn {number}.", f"The recording has {len(starts)} turns.")
    return starts[number - 1]


def turn_starts(recording: Recording, *, of_script: bool = False) -> list[float]:
    """When each turn begins, in session seconds; with ``of_script`` those of its script, if it had one."""
    log, scripted = TurnLog(), []
    for event in narrate(recording.entries(), narrator_of(recording.header.options())):
        log.observe(event)
        if of_script and isinstance(event, ScriptAnnotated) and event.mark == "turn":
            scripted.append(event.at)
    return scripted or [turn.began_at for turn in log.turns]


def marker_at(recording: Recording, words: str) -> float:
    """When the first note was made that contains ``words``; raises ConfigError when there is none."""
    notes = []
    for entry in recording.entries():
        if isinstance(entry.value, inputs.Noted) and entry.value.topic == "note":
            if words.casefold() in entry.value.text.casefold():
                return entry.at
            notes.append(entry.value.text)
    have = f"There are: {', '.join(notes)}." if notes else "The recording has no notes."
    raise ConfigError(f"No note contains {words!r}.", have)

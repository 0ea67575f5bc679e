"""Runs recorded inputs through a fresh client session and compares what it wants with what was done."""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.any_session import client_session
from realtime_cli.client.entry import Entry
from realtime_cli.errors import ConfigError
from realtime_cli.protocol import codec
from realtime_cli.protocol.codec import APPENDS
from realtime_cli.protocol.rules import UNKNOWN, Wire
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.redactor import Redactor

_INPUTS = typing.get_args(inputs.Input)
_EFFECTS = typing.get_args(effects.Effect)
CONTEXT = 6  # steps shown before the one that differs
_BRIEF = 160


class NothingToVerify(ConfigError):
    """A recording in which nothing happened, so that there is nothing to verify."""


@dataclass(frozen=True, slots=True)
class Step:
    """One input and the effects it had, as lines."""

    at: float
    happened: str
    recorded: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.recorded == self.now


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """``different`` holds the steps that differ; ``before`` those that led to the first of them."""

    steps: int
    different: tuple[Step, ...]
    before: tuple[Step, ...] = ()


def verify(recording: Recording, read: Callable[[Entry], Entry] = lambda entry: entry) -> VerifyResult:
    """Compare every step; ``read`` is called with each entry, for a line of progress.

    Raises ConfigError for a recording that cannot be verified.
    """
    if recording.header.foreign:
        raise ConfigError(
            f"{recording.path} is a log of another tool: it does not contain the client's inputs.",
            "Only recordings of this program can be verified.",
        )
    count = 0
    different: list[Step] = []
    recent: list[Step] = []
    before: tuple[Step, ...] = ()
    for step in _steps(recording, read):
        count += 1
        if not step.same:
            before = before if different else tuple(recent)
            different.append(step)
        recent = [*recent[1 - CONTEXT :], step] if step.recorded or step.now else recent
    if recording.end.lost:
        raise ConfigError(
            f"{recording.end.lost} entries of {recording.path} were lost while recording.",
            "It can be shown, but not verified.",
        )
    if not count:
        raise NothingToVerify(
            f"{recording.path} contains no inputs of a session, so there is nothing to verify.",
            "Verify a recording of a session that at least connected.",
        )
    return VerifyResult(count, tuple(different), before)


def _steps(recording: Recording, read: Callable[[Entry], Entry]) -> Iterator[Step]:
    session = client_session(recording.header.options())
    scrubber = Redactor()
    pending: tuple[Entry, list[str]] | None = None
    recorded: list[str] = []
    for entry in map(read, recording.entries()):
        if isinstance(entry.value, _INPUTS):
            if pending:
                yield _step(pending, recorded)
            effects_now = session.handle(typing.cast(inputs.Input, entry.value))
            pending, recorded = (
                (entry, [_line(effect, scrubber) for effect in effects_now if _counts(effect)]),
                [],
            )
        elif isinstance(entry.value, _EFFECTS) and _counts(entry.value):
            recorded.append(_line(entry.value, scrubber))
    if pending and not (recording.end.crashed and len(recorded) < len(pending[1])):
        yield _step(pending, recorded)  # the last actions of a killed process may be missing


def _step(pending: tuple[Entry, list[str]], recorded: list[str]) -> Step:
    entry, now = pending
    return Step(entry.at, _happened(entry), tuple(recorded), tuple(now))


def _counts(effect: Any) -> bool:
    """Whether an entry is compared; notes are not, since they are recorded as marks at another time."""
    return not isinstance(effect, effects.Note)


def _line(effect: Any, scrubber: Redactor) -> str:
    """An effect as one line; of sound only the length is compared, which is all that decides."""
    if isinstance(effect, effects.Send):
        fields = json.loads(codec.encode(effect.event))
        if fields.get("type") in APPENDS:
            return f"send {fields['type']} ({len(fields.get('audio', ''))} characters of sound)"
        _leave_out_unknown(effect.event, fields)
        return scrubber.scrub(
            "send " + json.dumps(_without_images(fields), ensure_ascii=False, sort_keys=True)
        )
    if isinstance(effect, effects.Play):
        return f"play {effect.item_id}[{effect.content_index}] {len(effect.audio)} bytes of {effect.format}"
    if isinstance(effect, effects.Close):
        return f"close {int(effect.exit_code)}"  # its text is for people, like that of notes
    return scrubber.scrub(repr(effect))


def _leave_out_unknown(sent: Any, fields: Any) -> None:
    """Take from ``fields`` the keys that our models do not know: a later version may have sent more."""
    if isinstance(sent, Wire) and isinstance(fields, dict):
        if not type(sent).__name__.startswith(UNKNOWN):
            for key in sent.model_extra or ():
                fields.pop(key, None)
        for key, inner in fields.items():
            _leave_out_unknown(getattr(sent, key, None), inner)
    elif isinstance(sent, list | tuple) and isinstance(fields, list):
        for part, inner in zip(sent, fields, strict=False):
            _leave_out_unknown(part, inner)


def _without_images(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_images(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_images(inner) for inner in value]
    return "(image)" if isinstance(value, str) and value.startswith(("data:image/", "$image:")) else value


def _happened(entry: Entry) -> str:
    value = entry.value
    if isinstance(value, inputs.Received):
        return f"received {value.event.type}"
    if isinstance(value, inputs.MicrophoneFrame):
        return f"Heard ({len(value.audio)} bytes)"
    return repr(value)


def side_by_side(verdict: VerifyResult, width: int = 120) -> str:
    """Two dialogues: what was done, and what would be done now; ``!`` marks where they part."""
    half = max(20, (width - 5) // 2)
    lines = [f"  {'recorded':<{half}} | now"]
    for step in (*verdict.before, *verdict.different[:3]):
        lines.append(f"  {step.at:9.3f} s  {step.happened}"[:width])
        for index in range(max(len(step.recorded), len(step.now))):
            left = step.recorded[index] if index < len(step.recorded) else "(nothing)"
            right = step.now[index] if index < len(step.now) else "(nothing)"
            lines += _pair(left, right, half)
    more = len(verdict.different) - 3
    if more > 0:
        lines.append(f"  … and {more} more steps differ")
    return "\n".join(lines) + "\n"


def _pair(left: str, right: str, half: int) -> list[str]:
    """One effect on both sides, wrapped; long ones begin a little before the place where they differ."""
    mark = " " if left == right else "!"
    first = next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    if mark == "!" and first > half:
        kind = left.split(" ", 1)[0]
        left, right = (f"{kind} …{text[max(0, first - 30) :]}" for text in (left, right))
    left, right = left[:_BRIEF], right[:_BRIEF]
    rows = range(0, max(len(left), len(right), 1), half)
    return [f"{mark} {left[n : n + half]:<{half}} | {right[n : n + half]}" for n in rows]

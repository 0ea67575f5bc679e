"""Plays a recording as a server: what it expects from a client, and what it answers. No I/O.

Strict: every recorded client event must come, in order, with the recorded content (ids aside), and
as much sound as was recorded before the server's next word. Lenient: events are matched by type, those
that do not come are passed over, those that nobody expects are ignored, and sound is not counted.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.client.effects import Send
from realtime_cli.client.inputs import Connected, Received
from realtime_cli.protocol import codec
from realtime_cli.protocol.codec import APPENDS
from realtime_cli.recording.reader import Recording

GOODBYE = "session.close"  # of Live; the program sends it, not the session, so it is not recorded
LOOK_AHEAD = 20  # how many expected events a lenient match may pass over
SOUND_TOLERANCE = 0.9  # a client whose frames are of another size may still owe the last of them


@dataclass(frozen=True, slots=True)
class Expected:
    """A client event of the recording."""

    at: float
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """A server event of the recording, sent once ``sound_bytes`` have been appended in all."""

    at: float
    text: str
    sound_bytes: int


@dataclass
class ReplayServer:
    """One connection's walk through the recorded events. Times are seconds of the caller's clock.

    ``pace``: recorded seconds pass at this rate; None sends at once what may be sent.
    """

    steps: deque[Expected | RecordedReply]
    strict: bool = True
    pace: float | None = 1.0
    mismatches: list[str] = field(default_factory=list)
    _sound_bytes: int = 0
    _anchor: tuple[float, float] | None = None
    _ids: dict[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether everything recorded has been sent and answered."""
        return not self.steps

    @property
    def unmet(self) -> list[str]:
        """Types of the client events that have not come."""
        return [step.event["type"] for step in self.steps if isinstance(step, Expected)]

    # -- from the client ------------------------------------------------------------------------

    def received(self, text: str, now: float) -> str | None:
        """Take an event; returns an ``error`` event when it is not the one that is expected."""
        try:
            event = codec.parse(text)
        except codec.UndecodableEvent as error:
            return self._mismatch({}, f"not an event: {error.reason}")
        if event["type"] in APPENDS:
            self._sound_bytes += sound_size(event.get("audio"))
            return None
        place = self._place_of(event)
        if place is None and event["type"] == GOODBYE:
            return None
        if place is None:
            return self._mismatch(event, self._nearest(event)) if self.strict else None
        self._meet(place, event, now)
        return None

    def _place_of(self, event: dict[str, Any]) -> int | None:
        """The place of the expected event that this one is."""
        expected = [(n, step) for n, step in enumerate(self.steps) if isinstance(step, Expected)]
        if self.strict:
            return next((n for n, step in expected[:1] if alike(step.event, event)), None)
        same_type = [(n, step) for n, step in expected[:LOOK_AHEAD] if step.event["type"] == event["type"]]
        exact = [n for n, step in same_type if alike(step.event, event)]
        return next(iter(exact or [n for n, _ in same_type]), None)

    def _meet(self, place: int, event: dict[str, Any], now: float) -> None:
        met = self.steps[place]
        assert isinstance(met, Expected)
        kept = [
            step
            for n, step in enumerate(self.steps)
            if n > place or (n < place and isinstance(step, RecordedReply))
        ]
        self.steps = deque(kept)
        self._anchor = (now, met.at)
        for name in ("event_id",):
            if met.event.get(name) and event.get(name):
                self._ids[met.event[name]] = event[name]
        ours, theirs = (found.get("item") or {} for found in (met.event, event))
        if isinstance(ours, dict) and ours.get("id") and isinstance(theirs, dict) and theirs.get("id"):
            self._ids[ours["id"]] = theirs["id"]

    def _nearest(self, event: dict[str, Any]) -> str:
        expected = [step.event for step in self.steps if isinstance(step, Expected)]
        if not expected:
            return f"{event['type']} came, but the recording expects nothing more"
        nearest = max(expected[:LOOK_AHEAD], key=lambda one: _likeness(one, event))
        if nearest["type"] != event["type"]:
            return f"{event['type']} came, but the recording has {expected[0]['type']}"
        where = next(differences(nearest, event), "")
        early = "" if nearest is expected[0] else f", and before it {expected[0]['type']} is expected"
        return f"{event['type']} differs from the recorded one{f' in {where}' if where else ''}{early}"

    def _mismatch(self, event: dict[str, Any], reason: str) -> str:
        self.mismatches.append(reason)
        error = {
            "type": "invalid_request_error",
            "code": "recording_mismatch",
            "message": reason,
            "param": None,
            "event_id": event.get("event_id"),
        }
        return json.dumps({"type": "error", "event_id": "event_mismatch", "error": error})

    # -- to the client --------------------------------------------------------------------------

    def due(self, now: float) -> list[str]:
        """The answers that are to be sent now."""
        if self._anchor is None:
            self._anchor = (now, self.steps[0].at if self.steps else 0.0)
        ready = []
        while self.steps and isinstance(self.steps[0], RecordedReply) and self._may_go(self.steps[0], now):
            answer = self.steps.popleft()
            assert isinstance(answer, RecordedReply)
            ready.append(self._with_their_ids(answer.text))
        return ready

    def next_at(self) -> float | None:
        """When the next answer is due by the clock; None when it waits for the client."""
        if (
            not self.steps
            or not isinstance(self.steps[0], RecordedReply)
            or not self._has_sound(self.steps[0])
        ):
            return None
        return self._when(self.steps[0])

    def _may_go(self, answer: RecordedReply, now: float) -> bool:
        when = self._when(answer)
        return self._has_sound(answer) and (when is None or when <= now)

    def _has_sound(self, answer: RecordedReply) -> bool:
        return not self.strict or self._sound_bytes >= answer.sound_bytes * SOUND_TOLERANCE

    def _when(self, answer: RecordedReply) -> float | None:
        if self.pace is None or self._anchor is None:
            return None
        now, at = self._anchor
        return now + max(0.0, answer.at - at) / self.pace

    def _with_their_ids(self, text: str) -> str:
        for ours, theirs in self._ids.items():
            text = text.replace(json.dumps(ours), json.dumps(theirs))
        return text


def replay_server(recording: Recording, *, strict: bool = True, pace: float | None = 1.0) -> ReplayServer:
    """The first connection of a recording, ready to be walked through."""
    return ReplayServer(deque(_steps(recording)), strict, pace)


def _steps(recording: Recording) -> Iterator[Expected | RecordedReply]:
    sound_bytes = 0
    for entry in recording.entries(sound=True):
        value = entry.value
        if isinstance(value, Connected) and value.attempt:
            return
        if isinstance(value, Received):
            yield RecordedReply(entry.at, value.raw, sound_bytes)
        elif isinstance(value, Send):
            event = codec.parse(codec.encode(value.event))
            if event["type"] in APPENDS:
                sound_bytes += sound_size(event.get("audio"))
            else:
                yield Expected(entry.at, event)


def sound_size(encoded: Any) -> int:
    """Bytes of a base64 text; 0 for what is none."""
    try:
        return len(base64.b64decode(encoded)) if isinstance(encoded, str) else 0
    except binascii.Error:
        return 0


def alike(recorded: dict[str, Any], event: dict[str, Any]) -> bool:
    """The same but for ids that the client makes up."""
    return next(differences(recorded, event), None) is None


def differences(recorded: Any, event: Any, path: str = "") -> Iterator[str]:
    """Dotted paths at which two events differ; masked secrets match anything."""
    if isinstance(recorded, dict) and isinstance(event, dict):
        for key in sorted(recorded.keys() | event.keys()):
            if path + key not in ("event_id", "item.id"):
                yield from differences(recorded.get(key), event.get(key), f"{path}{key}.")
    elif isinstance(recorded, list) and isinstance(event, list) and len(recorded) == len(event):
        for n, (one, other) in enumerate(zip(recorded, event, strict=True)):
            yield from differences(one, other, f"{path}{n}.")
    elif recorded != event and not (isinstance(recorded, str) and "***" in recorded):
        yield path.rstrip(".")


def _likeness(recorded: dict[str, Any], event: dict[str, Any]) -> float:
    one, other = (json.dumps(value, sort_keys=True)[:2000] for value in (recorded, event))
    same_type = float(recorded["type"] == event["type"])
    return same_type + difflib.SequenceMatcher(None, one, other).quick_ratio()

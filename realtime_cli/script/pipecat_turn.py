"""The turns of Pipecat's scripted scenarios, and what they expect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_cli.script.expectations import awaited_events

Tree = dict[str, Any]

EVENTS = {
    "user_started_speaking": "user.speech_started",
    "vad_user_started_speaking": "user.speech_started",
    "user_stopped_speaking": "user.speech_stopped",
    "vad_user_stopped_speaking": "user.speech_stopped",
    "user_transcription": "user.transcribed",
    "bot_started_speaking": "agent.speech_started",
    "bot_stopped_speaking": "agent.speech_stopped",
    "bot_interrupted": "interrupted",
    "llm_started": "response.created",
    "response": "agent.replied",
    "llm_response": "agent.replied",
    "tts_response": "agent.replied",
    "function_call": "tool.called",
    "function_call_stopped": "tool.finished",
}
REPLIES = ("response", "llm_response", "tts_response")
KEYS = re.compile(r"^[0-9A-D*#]+$")
LONGER_MS = 1000  # a turn without an answer ends after this long; a longer silence is a turn of its own
OF_A_TURN = ("user", "audio", "dtmf", "image", "send_after", "expect")
OF_AN_EVENT = (
    "event",
    "absent",
    "text_contains",
    "text_excludes",
    "within_ms",
    "calls",
    "name",
    "args",
    "eval",
    "check_from",
)


@dataclass
class ConvertedTurns:
    """``longest_ms``: the longest time that any expectation has."""

    made: list[Tree] = field(default_factory=list)
    longest_ms: int = 0


def converted_turns(
    turns: Sequence[Tree], spoken: bool, text: bool, file_of: Callable[[str], str], left: list[str]
) -> ConvertedTurns:
    """All turns; what cannot be taken over is added to ``left``."""
    found = ConvertedTurns()
    for number, turn in enumerate(turns, 1):
        one = _Turn(turn, f"turn {number}: ", text, left)
        done = one.done(spoken, file_of)
        if done is None:
            continue
        expect = one.expected()
        found.made += [*one.before, {**done, "expect": expect} if expect else done]
        found.longest_ms = max(found.longest_ms, one.longest_ms)
        if one.quiet_ms > LONGER_MS:
            follows = turns[number] if number < len(turns) else {}
            if "send_after" in follows:
                left.append(f"turn {number}: that nothing more is said for {one.quiet_ms} ms")
            else:
                quiet = {"note": "nothing more is said", "silence_ms": one.quiet_ms}
                found.made.append({**quiet, "expect": {"no_reply": True}})
    return found


class _Turn:
    def __init__(self, turn: Tree, where: str, text: bool, left: list[str]) -> None:
        self._turn = turn
        self._where = where
        self._text = text
        self._left = left
        self._expect: Tree = {}
        self._replies = 0
        self._judged: list[str] = []
        self._calls_in_turn = 0
        self.before: list[Tree] = []
        self.longest_ms = 0
        self.quiet_ms = 0

    def _name(self, what: str) -> None:
        self._left.append(self._where + what)

    # -- what the user does -----------------------------------------------------------------------

    def done(self, spoken: bool, file_of: Callable[[str], str]) -> Tree | None:
        """Without what is expected. None for a turn that cannot be."""
        turn, made = self._turn, Tree()
        for key in turn.keys() - set(OF_A_TURN):
            self._name(key)
        if turn.get("dtmf") is not None:
            keys = str(turn["dtmf"]).replace("_", "")
            if not KEYS.match(keys):
                self._name(f"dtmf: {turn['dtmf']} are not telephone keys; the turn")
                return None
            made["dtmf"] = keys
        elif turn.get("audio"):
            made = {"wav": file_of(str(turn["audio"])), "text": self._words(spoken=False)}
        elif turn.get("user"):
            made = {"say": self._words(spoken=True)} if spoken else {"user": self._words(spoken=False)}
        if turn.get("image"):
            made = self._image(made, file_of(str(turn["image"])))
        if after := turn.get("send_after"):
            made["at"] = self._at(after)
        return made

    def _words(self, *, spoken: bool) -> Any:
        said = self._turn.get("user") or ""
        if not isinstance(said, list):
            return str(said)
        parts = [int(part["pause_ms"]) if isinstance(part, dict) else str(part) for part in said]
        if spoken:
            return parts
        self._name("pause_ms: in text nobody pauses")
        return " ".join(part for part in parts if isinstance(part, str))

    def _image(self, made: Tree, name: str) -> Tree:
        """Theirs is there when the bot asks for it; ours goes with the message, or ahead of what is said."""
        self._name(f"image: {name} is sent at once, not when the agent asks for it")
        if "user" in made or not made:
            return {**made, "image": name}
        self.before.append({"image": name, "respond": False})
        return made

    def _at(self, after: Tree) -> Tree:
        event = after.get("event")
        if event is not None and event not in EVENTS:
            self._name(f"send_after.event: {event}; it begins after the turn before")
        return {"after": EVENTS.get(str(event), "turn"), "ms": int(after.get("delay_ms", 0))}

    # -- what is expected of the agent ------------------------------------------------------------

    def expected(self) -> Tree:
        for expected in self._turn.get("expect") or ():
            self._one(expected)
        if len(self._judged) == 1:
            self._expect["judge"] = self._judged[0]
        elif self._judged:
            listed = "; ".join(f"({number}) {each}" for number, each in enumerate(self._judged, 1))
            self._expect["judge"] = f"All of this is true: {listed}"
        if self._calls_in_turn > 1:
            self._expect["calls_in_order"] = True
        return self._expect

    def _one(self, expected: Tree) -> None:
        event = str(expected["event"])
        self.longest_ms = max(self.longest_ms, int(expected.get("within_ms", 0)))
        for key in expected.keys() - set(OF_AN_EVENT):
            if event in EVENTS:
                self._name(f"{event}.{key}")
        ours = EVENTS.get(event)
        if ours is None:
            self._name(f"the event {event}")
        elif expected.get("absent"):
            self._absent(event, ours, expected)
        elif self._text and not awaited_events([ours], text_mode=True):
            self._name(f"the event {event}: in text nobody speaks")
        else:
            anywhere = expected.get("check_from") == "turn_start"
            if event != "function_call_stopped":  # one that is cancelled never finishes
                self._expect.setdefault("events" if anywhere else "in_order", []).append(ours)
            elif not expected.get("calls"):
                self._expect.setdefault("events", []).append(ours)
            for key, value in self._fields(event, expected):
                if isinstance(value, list) and key in self._expect:
                    self._expect[key] += value
                else:
                    self._expect[key] = value
            self._replies += event in REPLIES

    def _absent(self, event: str, ours: str, expected: Tree) -> None:
        if event in REPLIES:
            self.quiet_ms = max(self.quiet_ms, int(expected.get("within_ms", 60_000)))
            if not self._replies:
                self._expect["no_reply"] = True
            elif self.quiet_ms <= LONGER_MS:
                self.quiet_ms = LONGER_MS + 1
            return
        if self._text and not awaited_events([ours], text_mode=True):
            self._name(f"no {event}: in text nobody speaks")
            return
        self._expect.setdefault("absent", []).append(ours)
        if "within_ms" in expected:
            self._name(f"{event}.within_ms: it is absent for as long as the turn takes")

    def _fields(self, event: str, expected: Tree) -> Iterator[tuple[str, Any]]:
        if "text_contains" in expected:
            yield ("heard" if event == "user_transcription" else "contains"), [str(expected["text_contains"])]
        if "text_excludes" in expected:
            yield "not", [str(expected["text_excludes"])]
        if "within_ms" in expected:
            if event in (*REPLIES, "bot_started_speaking") and not self._replies:
                yield "within_ms", int(expected["within_ms"])
            else:
                again = " of a further reply" if event in REPLIES else ""
                self._name(f"{event}.within_ms{again}: the turn may take that long")
        calls = expected.get("calls") or ([expected] if expected.get("name") else [])
        if event == "function_call" and calls:
            self._calls_in_turn += 1
            yield "calls", [_call(call) for call in calls]
        elif calls:
            yield from self._stopped(event, calls)
        if "eval" in expected:
            self._judge(event, str(expected["eval"]), calls)

    def _stopped(self, event: str, calls: Sequence[Tree]) -> Iterator[tuple[str, Any]]:
        """How calls ended: that is what the ``args`` of theirs tell."""
        for call in calls:
            args = dict(call.get("args") or {})
            status = "cancelled" if args.pop("cancelled", False) is True else "done"
            yield "calls", [{"name": str(call["name"]), "status": status}]
            if args:
                self._name(f"{event}.calls: {call['name']} with {args}")

    def _judge(self, event: str, rubric: str, calls: Sequence[Tree]) -> None:
        if event == "function_call":
            names = " and ".join(str(call["name"]) for call in calls) or "the tool"
            rubric = f"the call of {names}: {rubric}"
        elif event not in REPLIES:
            self._name(f"{event}.eval")
            return
        self._judged.append(rubric)


def _call(call: Tree) -> Tree:
    return {"name": str(call["name"]), **({"args": call["args"]} if call.get("args") else {})}

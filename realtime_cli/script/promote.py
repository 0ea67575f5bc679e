"""A script from a recorded session: clips of what the user said, the tools that were called expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.client.inputs import Typed
from realtime_cli.client.latency import ToolRun, Turn
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.timeline import Said, Timeline, timeline

BEFORE_S, AFTER_S = 0.25, 0.1  # the end already has the silence that ended the turn
Tree = dict[str, Any]


@dataclass(frozen=True)
class Promoted:
    """The script's tree, and its clips by file name (int16 mono 24 kHz)."""

    script: Tree
    clips: Mapping[str, Samples]


def promote(recording: Recording, name: str, agent: str | None) -> Promoted:
    """The script of a recording; ``agent``: its agent file; else the recorded settings stand in it.

    Clips are named relative to the script, in the folder ``NAME.clips``.
    """
    told = timeline(recording)
    promoting = _Promoting(recording, told, name)
    turns = [promoting.turn(turn) for turn in told.turns]
    script: Tree = {"name": name, "agent": agent if agent else _agent(recording)}
    if told.turns and told.turns[0].by != "agent":
        script["set"] = {"conversation.greet": False}
    if mocks := _mocks(told, recording):
        script["mocks"] = mocks
    return Promoted({**script, "turns": turns}, promoting.clips)


class _Promoting:
    def __init__(self, recording: Recording, told: Timeline, name: str) -> None:
        self._told = told
        self._typed = _typed_messages(recording)
        self._sound = recording.sound()
        self._name = name
        self.clips: dict[str, Samples] = {}

    def turn(self, turn: Turn) -> Tree:
        """One turn as a table of the script."""
        heard = [said.text for said in self._told.said if said.item_id in turn.user_items]
        typed = [text for at, text in self._typed if at == turn.ended_at]
        words = " ".join(typed if turn.by == "text" and typed else heard)
        made = self._given(turn, words)
        if at := self._interrupts(turn):
            made["at"] = at
        calls = [_call(run) for run in turn.tools]
        return {**made, "expect": {"calls": calls}} if calls else made

    def _given(self, turn: Turn, words: str) -> Tree:
        if turn.by == "agent":
            return {"note": "the agent opens"}
        if turn.by == "text":
            return {"user": words}
        spans = [
            self._told.latency.speech[item] for item in turn.user_items if item in self._told.latency.speech
        ]
        begin = min((span[0] for span in spans), default=turn.began_at)
        end = max((span[1] for span in spans), default=turn.ended_at or begin)
        file = f"{self._name}.clips/{turn.number:02}.wav"
        self.clips[file] = self._cut(begin - BEFORE_S, end + AFTER_S)
        return {"wav": file, **({"text": words} if words else {})}

    def _cut(self, begin_s: float, end_s: float) -> Samples:
        microphone = self._sound.stereo[max(0, int(begin_s * RATE_HZ)) : int(end_s * RATE_HZ), 0]
        return np.ascontiguousarray(microphone)

    def _interrupts(self, turn: Turn) -> Tree | None:
        """When the user spoke over the agent, the script does so at the same point."""

        def cut_by(said: Said) -> bool:
            return said.speaker == "agent" and said.cut_ms is not None and said.begin_s < turn.began_at

        cut = [said for said in self._told.said if cut_by(said) and abs(said.end_s - turn.began_at) < 2.0]
        if not cut or turn.by == "agent" or turn.number == 1:
            return None
        return {"after": "agent.speech_started", "ms": round((turn.began_at - cut[-1].begin_s) * 1000)}


def _typed_messages(recording: Recording) -> list[tuple[float, str]]:
    """When each message was typed, and its text."""
    values = (entry.value for entry in recording.entries())
    return [(value.at, value.text) for value in values if isinstance(value, Typed)]


def _call(run: ToolRun) -> Tree:
    arguments = _parsed(run.arguments)
    return {"name": run.name, **({"args": arguments} if arguments else {})}


def _mocks(told: Timeline, recording: Recording) -> list[Tree]:
    """What each call gave back then, it gives back again."""
    schemas = {tool.get("name"): tool for tool in _patch(recording).get("tools") or ()}
    made: list[Tree] = []
    for _, run in told.tools:
        schema = schemas.get(run.name, {})
        described = {key: schema[key] for key in ("description", "parameters") if schema.get(key)}
        outcome = {"error": run.output} if run.failed else {"result": run.output}
        mock = {"tool": run.name, "when": _parsed(run.arguments), **outcome, **described}
        if mock not in made:
            made.append(mock)
    return made


def _patch(recording: Recording) -> Tree:
    return dict(recording.header.session.get("patch") or {})


def _agent(recording: Recording) -> Tree:
    """The recorded settings: server and session, without tools (those are mocked)."""
    connection = recording.header.config.get("connection") or {}
    kept = {key: connection[key] for key in ("provider", "model", "base_url") if connection.get(key)}
    if kept.get("provider") == "local":  # its address is another one each time
        kept.pop("base_url", None)
    session = {key: value for key, value in _patch(recording).items() if key not in ("tools", "type")}
    return {"connection": kept or {"provider": "local"}, "session": without_none(session)}


def without_none(tree: Any) -> Any:
    """TOML has no null: where the API takes it, ``false`` stands for it."""
    if isinstance(tree, dict):
        return {key: without_none(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [without_none(value) for value in tree]
    return False if tree is None else tree


def _parsed(arguments: str) -> Tree:
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

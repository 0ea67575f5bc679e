"""A script from a recorded session: clips of what the user said, the tools that were called expected."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.client.inputs import Pressed, RawEvent, SettingsChanged, Typed
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.conversation.turns import ConversationTurn, ToolUse
from realtime_cli.protocol import client_events as c
from realtime_cli.protocol import server_events as s
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.timeline import timeline
from realtime_cli.untrusted_json import parse_json

BEFORE_S, AFTER_S = 0.25, 0.1  # the end already has the silence that ended the turn
LONG_SILENCE_S = 0.6
LOUD = 500  # int16; about -36 dBFS
CUT_WITHIN_S = 2.0
OF_MANUAL_TURNS = ({"type": "input_audio_buffer.commit"}, {"type": "response.create"})
Tree = dict[str, Any]


@dataclass(frozen=True)
class Promoted:
    """The script's tree, its clips (int16 mono 24 kHz) and its images, by file name."""

    script: Tree
    clips: Mapping[str, Samples]
    images: Mapping[str, bytes]


def promote(recording: Recording, name: str, agent: str | None) -> Promoted:
    """The script of a recording; ``agent``: its agent file; else the recorded settings stand in it.

    Clips and images are named relative to the script, in the folder ``NAME.clips``.
    """
    told = timeline(recording)
    promoting = _Promoting(recording, told, name)
    script: Tree = {"name": name, "agent": agent if agent else _agent(recording)}
    if told.turns and told.turns[0].by != "agent":
        script["set"] = {"conversation.greet": False}
    if mocks := _mocks(told, recording):
        script["mocks"] = mocks
    return Promoted({**script, "turns": promoting.turns()}, promoting.clips, promoting.images)


class _Promoting:
    """What the user did, in the order of its time: spoke, typed, pressed a key, changed the settings."""

    def __init__(self, recording: Recording, told: Timeline, name: str) -> None:
        self._told = told
        self._values: list[Any] = [entry.value for entry in recording.entries()]
        self._words = dict(_said_words(self._values))
        self._sound = recording.sound()
        self._name = name
        self.clips: dict[str, Samples] = {}
        self.images: dict[str, bytes] = {}

    def turns(self) -> list[Tree]:
        """The turns of the script."""
        deeds: list[tuple[float, Tree]] = []
        for turn in self._told.turns:
            deeds += self._of_turn(turn)
        deeds += [(value.at, made) for value in self._values if (made := self._of_hand(value))]
        return [made for _, made in sorted(deeds, key=lambda deed: deed[0])]

    def _of_turn(self, turn: ConversationTurn) -> Iterator[tuple[float, Tree]]:
        calls = [_call(run) for run in turn.tools]
        expect: Tree = {"calls": calls} if calls else {}
        if turn.by == "agent":
            yield turn.began_at, _expecting({"note": "the agent opens"}, expect)
        elif turn.by == "voice":
            yield turn.began_at, self._spoken(turn, expect)
        elif typed := [value for value in self._values if isinstance(value, Typed) and _within(value, turn)]:
            *before, last = typed
            for value in before:
                yield value.at, self._typed(value, {})
            yield last.at, self._typed(last, expect)
        elif not any(isinstance(value, RawEvent) and value.at == turn.ended_at for value in self._values):
            yield turn.began_at, _expecting({"user": self._heard(turn)}, expect)

    def _of_hand(self, value: Any) -> Tree | None:
        """A key, a change of settings, a raw event; what a spoken turn does by itself is left out."""
        match value:
            case Pressed() if value.key in ("mute", "interrupt"):
                return self._timed(value.at, {"press": value.key}, {})
            case SettingsChanged():
                patch = {key: inner for key, inner in value.patch.items() if key != "type"}
                return {"settings": without_none(patch)}
            case RawEvent() if value.event not in OF_MANUAL_TURNS:
                return {"event": without_none(value.event)}
        return None

    def _heard(self, turn: ConversationTurn) -> str:
        words = (self._words.get(item_id, "") for item_id in turn.user_items)
        return " ".join(text for text in words if text)

    # -- spoken and typed -------------------------------------------------------------------------

    def _spoken(self, turn: ConversationTurn, expect: Tree) -> Tree:
        spans = [
            self._told.latency.speech[item] for item in turn.user_items if item in self._told.latency.speech
        ]
        begin = min((span[0] for span in spans), default=turn.began_at)
        end = max((span[1] for span in spans), default=turn.ended_at or begin)
        if begin == end:  # turns by hand: whatever was said since the turn before
            begin = self._free_since(turn)
        file = f"{self._name}.clips/{turn.number:02}.wav"
        self.clips[file] = self._cut(begin - BEFORE_S, end + AFTER_S)
        words = self._heard(turn)
        return self._timed(turn.began_at, {"wav": file, **({"text": words} if words else {})}, expect)

    def _free_since(self, turn: ConversationTurn) -> float:
        ends = [other.response_ended_at or other.ended_at for other in self._told.turns[: turn.number - 1]]
        return max((end for end in ends if end is not None), default=0.0)

    def _cut(self, begin_s: float, end_s: float) -> Samples:
        """The microphone's sound, less a long silence ahead of it."""
        microphone = self._sound.stereo[max(0, int(begin_s * RATE_HZ)) : int(end_s * RATE_HZ), 0]
        loud = np.flatnonzero(np.abs(microphone.astype(np.int32)) > LOUD)
        silent = int(loud[0]) if len(loud) else 0
        skipped = silent - int(BEFORE_S * RATE_HZ) if silent > LONG_SILENCE_S * RATE_HZ else 0
        return np.ascontiguousarray(microphone[skipped:])

    def _typed(self, typed: Typed, expect: Tree) -> Tree:
        made: Tree = {"user": typed.text} if typed.text else {}
        if typed.images:
            made["image"] = [name for uri in typed.images if (name := self._image(uri))]
            made |= {"detail": typed.detail} if typed.detail else {}
        if not typed.respond:
            made["respond"] = False
        return self._timed(typed.at, made, expect)

    def _image(self, uri: str) -> str:
        """The file that an image becomes; an address stays one."""
        if uri.startswith("$image:"):
            uri = self._sound.image(uri.removeprefix("$image:"))
        head, comma, data = uri.partition(",")
        if not comma or not head.startswith("data:image/"):
            return uri
        kind = head.removeprefix("data:image/").partition(";")[0]
        file = f"{self._name}.clips/{len(self.images) + 1:02}.{kind}"
        self.images[file] = base64.b64decode(data)
        return file

    def _timed(self, at_s: float, made: Tree, expect: Tree) -> Tree:
        """What cut the agent off does so at the same point again."""
        for said in self._told.said:
            was_cut = said.speaker == "agent" and said.cut_ms is not None and said.begin_s < at_s
            if was_cut and abs(said.end_s - at_s) < CUT_WITHIN_S:
                after = {"after": "agent.speech_started", "ms": round((at_s - said.begin_s) * 1000)}
                answered = {"no_reply": True} if "press" in made else {}
                return _expecting({**made, "at": after}, {"interrupted": True, **answered, **expect})
        return _expecting(made, expect)


def _said_words(values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Ids of the user's items and their words, written or as the server understood them."""
    for value in values:
        event = getattr(value, "event", None)
        match event:
            case s.ConversationItemAdded() | s.ConversationItemDone() | c.ConversationItemCreate():
                item: Any = event.item
                parts = getattr(item, "content", None) or ()
                words = [getattr(part, "text", None) or getattr(part, "transcript", None) for part in parts]
                if item is not None and item.id and any(words):
                    yield item.id, " ".join(filter(None, words))
            case s.ConversationItemInputAudioTranscriptionCompleted() if event.item_id:
                yield event.item_id, event.transcript or ""


def _within(typed: Typed, turn: ConversationTurn) -> bool:
    """A turn of several messages begins with the first and ends with the last."""
    return turn.began_at <= typed.at <= (turn.ended_at or turn.began_at)


def _expecting(made: Tree, expect: Tree) -> Tree:
    return {**made, "expect": expect} if expect else made


def _call(run: ToolUse) -> Tree:
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
        found = parse_json(arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""A script from a recorded session: clips of what the user said, the tools that were called expected."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.conversation import events as e
from realtime_cli.conversation.timeline import Timeline
from realtime_cli.conversation.turns import ConversationTurn, ToolUse
from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.timeline import timeline
from realtime_cli.script.turn_metrics import read_arguments

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
    left_out: Sequence[str] = ()
    """What could not be taken over, in sentences."""


def promote(recording: Recording, name: str, agent: str | None) -> Promoted:
    """The script of a recording; ``agent``: its agent file; else the recorded settings stand in it.

    Clips and images are named relative to the script, in the folder ``NAME.clips``. Raises ConfigError for a
    recording in which the user does nothing.
    """
    log = _UserLog()
    recorded = timeline(recording, readers=[log])
    promoting = _Promoting(recording, recorded, log, name)
    script: Tree = {"name": name, "agent": agent if agent else _agent(recording)}
    if recorded.turns and recorded.turns[0].by != "agent":
        script["set"] = {"conversation.greet": False}
    if mocks := _mocks(recorded, recording):
        script["mocks"] = mocks
    if not (turns := promoting.turns()):
        raise ConfigError(
            f"{recording.path.name} cannot become a script: the user does nothing in it.",
            "Take a recording in which somebody speaks, types or presses a key.",
        )
    return Promoted({**script, "turns": turns}, promoting.clips, promoting.images, promoting.left_out)


class _UserLog:
    """What the user did, event by event."""

    def __init__(self) -> None:
        self.typed: list[e.UserTextFinal] = []
        self.words: dict[str, str] = {}
        """By item id, as the server understood them."""
        self.by_hand: list[e.KeyPressed | e.SettingsRequested | e.RawEventRequested] = []

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.UserTextFinal(spoken=True):
                self.words[event.item_id] = event.text
            case e.UserTextFinal():
                self.typed.append(event)
            case e.KeyPressed() | e.SettingsRequested() | e.RawEventRequested():
                self.by_hand.append(event)


class _Promoting:
    """What the user did, in the order of its time: spoke, typed, pressed a key, changed the settings."""

    def __init__(self, recording: Recording, recorded: Timeline, log: _UserLog, name: str) -> None:
        self._recorded = recorded
        self._log = log
        self._raw_at = {event.at for event in log.by_hand if isinstance(event, e.RawEventRequested)}
        self._sound = recording.sound()
        self._name = name
        self.clips: dict[str, Samples] = {}
        self.images: dict[str, bytes] = {}
        self.left_out: list[str] = []

    def turns(self) -> list[Tree]:
        """The turns of the script."""
        deeds: list[tuple[float, Tree]] = []
        for turn in self._recorded.turns:
            deeds += self._of_turn(turn)
        deeds += [(event.at, made) for event in self._log.by_hand if (made := self._of_hand(event))]
        return [made for _, made in sorted(deeds, key=lambda deed: deed[0])]

    def _of_turn(self, turn: ConversationTurn) -> Iterator[tuple[float, Tree]]:
        calls = [_call(run) for run in turn.tools]
        expect: Tree = {"calls": calls} if calls else {}
        if turn.by == "agent":
            yield turn.began_at, _expecting({"note": "the agent opens"}, expect)
        elif turn.by == "voice":
            if made := self._spoken(turn, expect):
                yield turn.began_at, made
        elif typed := [
            one for one in self._log.typed if one.turn == turn.number and one.at not in self._raw_at
        ]:
            *before, last = typed
            for one, requested in (*((one, {}) for one in before), (last, expect)):
                if one.text or one.images:
                    yield one.at, self._typed(one, requested)
                else:
                    self.left_out.append(f"turn {turn.number}: a message without words")

    def _of_hand(self, event: e.ConversationEvent) -> Tree | None:
        """A key, a change of settings, a raw event; what a spoken turn does by itself is left out."""
        match event:
            case e.KeyPressed(key="mute" | "interrupt"):
                return self._timed(event.at, {"press": event.key}, {})
            case e.SettingsRequested():
                patch = {key: inner for key, inner in event.patch.items() if key != "type"}
                return {"settings": without_none(patch)}
            case e.RawEventRequested() if event.event not in OF_MANUAL_TURNS:
                return {"event": without_none(event.event)}
        return None

    def _heard(self, turn: ConversationTurn) -> str:
        words = (self._log.words.get(item_id, "") for item_id in turn.user_items)
        return " ".join(text for text in words if text)

    # -- spoken and typed -------------------------------------------------------------------------

    def _spoken(self, turn: ConversationTurn, expect: Tree) -> Tree | None:
        """The turn with its clip; where the sound is missing its words, and None without those."""
        spans = [
            self._recorded.latency.speech[item]
            for item in turn.user_items
            if item in self._recorded.latency.speech
        ]
        begin = min((span[0] for span in spans), default=turn.began_at)
        end = max((span[1] for span in spans), default=turn.ended_at or begin)
        if begin == end:  # turns by hand: whatever was said since the turn before
            begin = self._free_since(turn)
        file = f"{self._name}.clips/{turn.number:02}.wav"
        clip, words = self._cut(begin - BEFORE_S, end + AFTER_S), self._heard(turn)
        if not len(clip):
            self.left_out.append(f"turn {turn.number}: its sound, which is not in the recording")
            return self._timed(turn.began_at, {"say": words}, expect) if words else None
        self.clips[file] = clip
        return self._timed(turn.began_at, {"wav": file, **({"text": words} if words else {})}, expect)

    def _free_since(self, turn: ConversationTurn) -> float:
        ends = [
            other.response_ended_at or other.ended_at for other in self._recorded.turns[: turn.number - 1]
        ]
        return max((end for end in ends if end is not None), default=0.0)

    def _cut(self, begin_s: float, end_s: float) -> Samples:
        """The microphone's sound, less a long silence ahead of it."""
        microphone = self._sound.stereo[max(0, int(begin_s * RATE_HZ)) : int(end_s * RATE_HZ), 0]
        loud = np.flatnonzero(np.abs(microphone.astype(np.int32)) > LOUD)
        silent = int(loud[0]) if len(loud) else 0
        skipped = silent - int(BEFORE_S * RATE_HZ) if silent > LONG_SILENCE_S * RATE_HZ else 0
        return np.ascontiguousarray(microphone[skipped:])

    def _typed(self, typed: e.UserTextFinal, expect: Tree) -> Tree:
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
        for said in self._recorded.said:
            was_cut = said.speaker == "agent" and said.cut_ms is not None and said.begin_s < at_s
            if was_cut and abs(said.end_s - at_s) < CUT_WITHIN_S:
                after = {"after": "agent.speech_started", "ms": round((at_s - said.begin_s) * 1000)}
                answered = {"no_reply": True} if "press" in made else {}
                return _expecting({**made, "at": after}, {"interrupted": True, **answered, **expect})
        return _expecting(made, expect)


def _expecting(made: Tree, expect: Tree) -> Tree:
    return {**made, "expect": expect} if expect else made


def _call(run: ToolUse) -> Tree:
    arguments = read_arguments(run.arguments)
    return {"name": run.name, **({"args": arguments} if arguments else {})}


def _mocks(recorded: Timeline, recording: Recording) -> list[Tree]:
    """What each call gave back then, it gives back again."""
    schemas = {tool.get("name"): tool for tool in _patch(recording).get("tools") or ()}
    made: list[Tree] = []
    for _, run in recorded.tools:
        schema = schemas.get(run.name, {})
        described = {key: schema[key] for key in ("description", "parameters") if schema.get(key)}
        outcome = {"error": run.output} if run.failed else {"result": run.output}
        mock = {"tool": run.name, "when": read_arguments(run.arguments), **outcome, **described}
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

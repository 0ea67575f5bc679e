"""A script from a recorded session: clips of what the user said, what the agent said and called expected."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from realtime_cli.audio.pcm import RATE_HZ, Samples
from realtime_cli.conversation import events as e
from realtime_cli.conversation.timeline import SpokenLine, Timeline
from realtime_cli.conversation.turns import ConversationTurn, ToolUse
from realtime_cli.errors import ConfigError
from realtime_cli.recording.reader import Recording
from realtime_cli.recording.timeline import timeline
from realtime_cli.script.promoted_agent import agent_of_recording, without_none
from realtime_cli.script.recorded_clips import RecordedClips
from realtime_cli.script.telling_words import telling_words
from realtime_cli.script.turn_metrics import read_arguments

CUT_AFTER_S = 0.15  # an interruption comes at most this long after the cut was reported
AT_ONCE_S = 1.5
UNANSWERED_S = 3.0  # a user who leaves this soon did not wait for an answer
LONG_TURN_S = 10.0  # half of the time that a script gives a turn
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
    if not (turns := promoting.turns()):
        raise ConfigError(
            f"{recording.path.name} cannot become a script: the user does nothing in it.",
            "Take a recording in which somebody speaks, types or presses a key.",
        )
    script: Tree = {"name": name, "agent": agent if agent else agent_of_recording(recording)}
    if recorded.turns and recorded.turns[0].by != "agent":
        script["set"] = {"conversation.greet": False}
    if promoting.typed_only:
        script["mode"] = "text"
    if mocks := _mocks(recorded, recording):
        script["mocks"] = mocks
    return Promoted({**script, "turns": turns}, promoting.clips, promoting.images, promoting.left_out)


class _UserLog:
    """What the user did, event by event, and the errors that came of it."""

    def __init__(self) -> None:
        self.typed: list[e.UserTextFinal] = []
        self.words: dict[str, str] = {}
        """By item id, as the server understood them."""
        self.by_hand: list[e.KeyPressed | e.SettingsRequested | e.RawEventRequested] = []
        self.errors: list[tuple[float, str]] = []

    def observe(self, event: e.ConversationEvent) -> None:
        match event:
            case e.UserTextFinal(spoken=True):
                self.words[event.item_id] = event.text
            case e.UserTextFinal():
                self.typed.append(event)
            case e.KeyPressed() | e.SettingsRequested() | e.RawEventRequested():
                self.by_hand.append(event)
            case e.ErrorReported(expected=False):
                self.errors.append((event.at, event.code))
            case e.AgentResponseEnded(status="failed", out_of_band=False):
                self.errors.append((event.at, "failed"))


@dataclass(frozen=True, slots=True)
class _Deed:
    """One thing that the user did. ``turn``: the one whose answer it has, if it has one."""

    at: float
    made: Tree
    turn: ConversationTurn | None = None
    owed: bool = False
    """A script waits for an answer to it."""


class _Promoting:
    """What the user did, in the order of its time: spoke, typed, pressed a key, changed the settings."""

    def __init__(self, recording: Recording, recorded: Timeline, log: _UserLog, name: str) -> None:
        self._recorded = recorded
        self._log = log
        self._raw_at = {event.at for event in log.by_hand if isinstance(event, e.RawEventRequested)}
        self._sound = recording.sound()
        self._microphone = RecordedClips(self._sound.stereo[:, 0])
        self._name = name
        self._said_until_s = 0.0
        self._agent_lines = [line for line in recorded.said if line.speaker == "agent"]
        spoken = any(turn.by == "voice" for turn in recorded.turns)
        patch = recording.header.session.get("patch") or {}
        self.typed_only = not spoken and patch.get("output_modalities") == ["text"]
        self.clips: dict[str, Samples] = {}
        self.images: dict[str, bytes] = {}
        self.left_out: list[str] = []

    def turns(self) -> list[Tree]:
        """The turns of the script."""
        deeds: list[_Deed] = []
        for turn in self._recorded.turns:
            deeds += self._of_turn(turn)
        deeds += [made for event in self._log.by_hand if (made := self._of_hand(event))]
        deeds = self._answered(_merged(sorted(deeds, key=lambda deed: deed.at)))
        return list(self._expecting(deeds))

    # -- what the user did ------------------------------------------------------------------------

    def _of_turn(self, turn: ConversationTurn) -> Iterator[_Deed]:
        if turn.by == "agent":
            opens = turn.number == 1
            note = "the agent opens" if opens else "the agent speaks by itself"
            yield _Deed(turn.began_at, {"note": note}, turn, owed=True)
        elif turn.by == "voice":
            if made := self._spoken(turn):
                yield made
        elif typed := [
            one for one in self._log.typed if one.turn == turn.number and one.at not in self._raw_at
        ]:
            for one in typed:
                if one.text or one.images:
                    last = turn if one is typed[-1] else None
                    yield _Deed(one.at, self._typed(one), last, owed=one.respond)
                else:
                    self.left_out.append(f"turn {turn.number}: a message without words")

    def _of_hand(self, event: e.ConversationEvent) -> _Deed | None:
        """A key, a change of settings, a raw event; what a spoken turn does by itself is left out."""
        match event:
            case e.KeyPressed(key="mute" | "interrupt"):
                return _Deed(event.at, {"press": event.key})
            case e.SettingsRequested():
                patch = {key: inner for key, inner in event.patch.items() if key != "type"}
                return _Deed(event.at, {"settings": without_none(patch)})
            case e.RawEventRequested() if not self._ends_turn_by_hand(event):
                asks = event.event.get("type") == "response.create"
                return _Deed(event.at, {"event": without_none(event.event)}, owed=asks)
        return None

    def _ends_turn_by_hand(self, event: e.RawEventRequested) -> bool:
        """A commit, and the request for an answer that follows it: a spoken turn of a script does both."""
        commits = [
            one.at
            for one in self._log.by_hand
            if isinstance(one, e.RawEventRequested) and one.event.get("type") == "input_audio_buffer.commit"
        ]
        if event.event.get("type") == "input_audio_buffer.commit":
            return True
        asks = event.event == {"type": "response.create"}
        return asks and any(0 <= event.at - at < AT_ONCE_S for at in commits)

    def _spoken(self, turn: ConversationTurn) -> _Deed | None:
        """The turn with its clip; where nothing is heard in it its words, and None without those."""
        spans = [
            self._recorded.latency.speech[item]
            for item in turn.user_items
            if item in self._recorded.latency.speech
        ]
        begin = min((span[0] for span in spans), default=turn.began_at)
        end = max((span[1] for span in spans), default=turn.ended_at or begin)
        if begin == end:  # turns by hand: whatever was said since the turn before
            begin = self._free_since(turn)
        words = " ".join(text for item in turn.user_items if (text := self._log.words.get(item, "")))
        clip, at = self._microphone.whole(begin, end, min(begin, self._said_until_s))
        self._said_until_s = max(self._said_until_s, at + len(clip) / RATE_HZ)
        if not len(clip):
            said = f'; its words are said instead: "{words}"' if words else ""
            self.left_out.append(f"turn {turn.number}: its sound, in which nothing is heard{said}")
            return _Deed(at, {"say": words}, turn, owed=True) if words else None
        file = f"{self._name}.clips/{turn.number:02}.wav"
        self.clips[file] = clip
        return _Deed(at, {"wav": file, **({"text": words} if words else {})}, turn, owed=True)

    def _free_since(self, turn: ConversationTurn) -> float:
        ends = [
            other.response_ended_at or other.ended_at for other in self._recorded.turns[: turn.number - 1]
        ]
        return max((end for end in ends if end is not None), default=0.0)

    def _typed(self, typed: e.UserTextFinal) -> Tree:
        made: Tree = {"user": typed.text} if typed.text else {}
        if typed.images:
            made["image"] = [name for uri in typed.images if (name := self._image(uri))]
            made |= {"detail": typed.detail} if typed.detail else {}
        if not typed.respond:
            made["respond"] = False
        return made

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

    # -- what came of it --------------------------------------------------------------------------

    def _answered(self, deeds: list[_Deed]) -> list[_Deed]:
        """Without the last one, if nobody waited for its answer."""
        if not deeds:
            return deeds
        *before, last = deeds
        if not last.owed or not last.turn or last.turn.response_began_at is not None:
            return deeds
        waited_s = self._recorded.seconds - (last.turn.ended_at or last.at)
        cuts = bool(before and self._placed(last, before[-1], None)[1])
        if waited_s > UNANSWERED_S or cuts or self._errors(last, None):
            return deeds
        self.left_out.append(f"turn {last.turn.number}: the session ended before its answer")
        return before

    def _came_of(self, turn: ConversationTurn) -> bool:
        return bool(turn.tools or turn.answered_at is not None or self._reply(turn))

    def _expecting(self, deeds: Sequence[_Deed]) -> Iterator[Tree]:
        for number, deed in enumerate(deeds):
            before = deeds[number - 1] if number else None
            after = deeds[number + 1] if number + 1 < len(deeds) else None
            at, cut = self._placed(deed, before, after) if before else (None, False)
            expect: Tree = {"interrupted": True} if cut and not self.typed_only else {}
            expect |= {"no_reply": True} if cut and "press" in deed.made else {}
            expect |= {"errors": codes} if (codes := self._errors(deed, after)) else {}
            broken = after is not None and self._placed(after, deed, None)[0] is not None
            if deed.turn:
                expect |= self._said_and_called(deed.turn)
                unended = deed.turn.response_began_at is not None and deed.turn.response_ended_at is None
                silent = deed.owed and not (self._came_of(deed.turn) or codes or broken or unended)
                expect |= {"no_reply": True} if silent and deed.turn.by != "agent" else {}
            made = {**deed.made, **({"at": at} if at else {}), **self._patience(deed)}
            yield {**made, "expect": expect} if expect else made

    def _said_and_called(self, turn: ConversationTurn) -> Tree:
        words = telling_words(self._reply(turn))
        calls = [_call(run) for run in turn.tools]
        return {**({"contains": words} if words else {}), **({"calls": calls} if calls else {})}

    def _lines(self, turn: ConversationTurn) -> list[SpokenLine]:
        return [line for line in self._agent_lines if line.item_id in turn.agent_items]

    def _reply(self, turn: ConversationTurn) -> str:
        """What was heard of the answer; its last word may have been cut."""
        texts = [
            line.text.strip() if line.cut_ms is None else line.text.rpartition(" ")[0].strip()
            for line in self._lines(turn)
        ]
        return " ".join(text for text in texts if text)

    def _errors(self, deed: _Deed, after: _Deed | None) -> list[str]:
        until = after.at if after else float("inf")
        return [code for at, code in self._log.errors if deed.at <= at < until]

    def _patience(self, deed: _Deed) -> Tree:
        """More time than a script gives where the answer took long."""
        if deed.turn is None or deed.turn.ended_at is None:
            return {}
        ends = [line.end_s for line in self._lines(deed.turn) if line.aloud]
        took_s = max([*ends, deed.turn.response_ended_at or 0.0]) - deed.turn.ended_at
        return {"timeout_ms": ceil(2 * took_s) * 1000} if took_s > LONG_TURN_S else {}

    def _placed(self, deed: _Deed, before: _Deed, after: _Deed | None) -> tuple[Tree | None, bool]:
        """When it begins if the agent was not done, and whether it cut the agent off."""
        until = after.at if after else float("inf")
        cut = [
            line
            for line in self._agent_lines
            if line.aloud and line.cut_ms is not None and line.begin_s < deed.at
            if deed.at <= line.end_s + CUT_AFTER_S and line.end_s + CUT_AFTER_S < until
        ]
        over = cut or [
            line for line in self._agent_lines if line.aloud and line.begin_s < deed.at < line.end_s
        ]
        if over:
            begin_s = min(line.begin_s for line in over)
            if begin_s >= before.at:
                return _after("agent.speech_started", deed.at - begin_s), bool(cut)
            return _after("turn", deed.at - before.at), bool(cut)
        running = (
            (turn.response_began_at, turn.response_ended_at or float("inf")) for turn in self._recorded.turns
        )
        if any(begin is not None and begin < deed.at < end for begin, end in running):
            return _after("turn", deed.at - before.at), False
        return None, False


def _after(event: str, seconds: float) -> Tree:
    return {"after": event, "ms": round(seconds * 1000)}


def _merged(deeds: Sequence[_Deed]) -> list[_Deed]:
    """An answer that a raw event asked for is that event's, not one that the agent began by itself."""
    made: list[_Deed] = []
    for deed in deeds:
        asked = made and made[-1].made.get("event", {}).get("type") == "response.create"
        if asked and deed.turn and deed.turn.by == "agent" and deed.at - made[-1].at < AT_ONCE_S:
            made[-1] = replace(made[-1], turn=deed.turn)
        else:
            made.append(deed)
    return made


def _call(run: ToolUse) -> Tree:
    arguments = read_arguments(run.arguments)
    return {"name": run.name, **({"args": without_none(arguments)} if arguments else {})}


def _mocks(recorded: Timeline, recording: Recording) -> list[Tree]:
    """Mocks that return what each call returned then."""
    patch = recording.header.session.get("patch") or {}
    responses = (patch.get("delegation") or {}).get("responses") or {}
    schemas = {tool.get("name"): tool for tool in patch.get("tools") or responses.get("tools") or ()}
    made: list[Tree] = []
    for _, run in recorded.tools:
        if run.hosted:
            continue
        schema = schemas.get(run.name, {})
        described = {key: schema[key] for key in ("description", "parameters") if schema.get(key)}
        outcome = {"error": run.output} if run.failed else {"result": run.output}
        when = without_none(read_arguments(run.arguments))
        mock = {"tool": run.name, "when": when, **outcome, **without_none(described)}
        if mock not in made:
            made.append(mock)
    return made

"""``read``: what keys and typed lines mean for the session. The fourth pump of the conversation loop."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realtime_cli.app.audio_io import ECHO_WORDS
from realtime_cli.audio.echo import SwitchableEchoControl
from realtime_cli.client import inputs, settings
from realtime_cli.client.inputs import Verdict
from realtime_cli.client.session_config import OTHER_MODEL
from realtime_cli.config import LoadedAgent, session_change
from realtime_cli.errors import ConfigError
from realtime_cli.loop import ConversationLoop
from realtime_cli.recording import copy
from realtime_cli.recording.file import path_for
from realtime_cli.tools.approval import InteractiveApprover
from realtime_cli.tui.key_events import KeyEvent, KeyPress, SlashCommand, ToolAnswer, TypedLine
from realtime_cli.untrusted_json import parse_json
from realtime_cli.user_path import user_path

Reload = Callable[[], LoadedAgent]
DETAILS = ("auto", "low", "high")


class Controls:
    """Turns presses into inputs. ``reload`` reads the agent file again; tools' questions lie on ``desk``.

    ``recording`` is where the talk is recorded.
    """

    def __init__(
        self,
        loop: ConversationLoop,
        agent: LoadedAgent,
        reload: Reload,
        desk: InteractiveApprover | None = None,
        echo: SwitchableEchoControl | None = None,
        recording: Path | None = None,
    ) -> None:
        self.save_to: Path | None = None
        """Where a copy of the recording is wanted, once the session is over."""
        self._recording = recording
        self._echo = echo
        self._desk = desk
        self._loop = loop
        self._agent = agent
        self._reload = reload
        self._showing: set[asyncio.Task[None]] = set()

    def press(self, press: KeyEvent) -> None:
        """Handle one key press; a mistake in a command shows a note and never ends the conversation."""
        try:
            match press:
                case TypedLine():
                    self._type(press.text)
                case KeyPress():
                    self._key(press.meaning)
                case SlashCommand():
                    self._command(press.name, press.rest)
                case ToolAnswer():
                    self._answer(press)
        except ConfigError as error:
            self._loop.note("error", "command", str(error))

    def _key(self, meaning: str) -> None:
        match meaning:
            case "mute" | "talk" | "release" | "commit" | "interrupt" | "video" | "quit":
                self._loop.step(inputs.Pressed(self._loop.now(), meaning))
            case "reload":
                self._reread()
            case "note":
                self._loop.note("info", "note", "(marked)")
            case "echo" if self._echo:
                mode = self._echo.switch()
                self._loop.note("info", "echo", f"{ECHO_WORDS[mode]}.", {"mode": mode})

    def _command(self, name: str, rest: str) -> None:
        match name:
            case "video" if rest in DETAILS:
                self._focus(rest)
            case "mute" | "commit" | "interrupt" | "quit" | "video" | "echo":
                self._key(name)
            case "pause" | "resume":
                if self._loop.session.mic_gate.muted != (name == "pause"):
                    self._key("mute")
            case "approve":
                self._approve(rest)
            case "set":
                self._set(rest)
            case "send":
                self._send(rest)
            case "say":
                wording = f"Say exactly this and nothing else: {rest}"
                self._ask({"type": "response.create", "response": {"instructions": wording}})
            case "image":
                self._show_picture(rest)
            case "save":
                self._save(rest)
            case "note":
                self._loop.note("info", "note", rest or "(marked)")
            case "reload":
                self._reread()
            case "tools":
                names = [
                    tool.get("name", "?") for tool in self._loop.session.requested_session.get("tools", ())
                ]
                self._loop.note("info", "tools", ", ".join(names) or "This agent has no tools.")

    def _answer(self, given: ToolAnswer) -> None:
        """Answer the question that was on the screen, if it is still the open one."""
        question = self._desk.question if self._desk else None
        if self._desk is None or question is None or question.call_id != given.call_id:
            self._loop.note("info", "approval", "That question is no longer open.")
        else:
            self._desk.answer(given.verdict, given.text)

    def _approve(self, rest: str) -> None:
        """Answer the oldest question: ``yes``, ``session``, ``no REASON``, or the result that it asks for."""
        question = self._desk.question if self._desk else None
        if self._desk is None or question is None:
            self._loop.note("info", "approval", "There is no open question.")
            return
        word, _, reason = rest.partition(" ")
        verdicts: dict[str, Verdict] = {"yes": "once", "once": "once", "session": "session", "no": "no"}
        if question.kind == "output" and word != "no":
            self._desk.answer("once", rest)
        elif word in verdicts:
            self._desk.answer(verdicts[word], reason)
        else:
            self._loop.note(
                "error", "approval", "Answer /approve yes, /approve session or /approve no REASON."
            )

    def _type(self, text: str) -> None:
        self._loop.step(inputs.Typed(self._loop.now(), text))

    def _show_picture(self, rest: str) -> None:
        """``/image PATH [question]``; a path with blanks stands in quotes. Read and packed in a thread."""
        try:
            words = shlex.split(rest)
        except ValueError:
            words = rest.split()
        if not words:
            raise ConfigError("/image needs the path of a picture.", "Write /image PATH [question].")
        task = asyncio.get_running_loop().create_task(self._show(user_path(words[0]), " ".join(words[1:])))
        self._showing.add(task)
        task.add_done_callback(self._showing.discard)

    async def _show(self, path: Path, question: str) -> None:
        from realtime_cli.video.encode import frame_of_file

        video = self._agent.config.video
        try:
            sight = await asyncio.to_thread(frame_of_file, path, video.max_side, video.quality)
        except (ConfigError, RuntimeError) as error:
            self._loop.note("error", "image", str(error))
            return
        detail = self._loop.session.image_context.detail
        now = self._loop.now()
        self._loop.step(inputs.Typed(now, question, (sight.image,), detail, respond=bool(question)))

    def _save(self, rest: str) -> None:
        """``/save`` says where the recording is; ``/save PATH`` asks for a complete copy of it at the end."""
        if self._recording is None:
            raise ConfigError("This session is not recorded, so there is nothing to save.", "Use --record.")
        if not rest:
            self._loop.note("info", "save", f"The recording is kept at {self._recording}.")
            return
        requested = path_for(user_path(rest.strip("\"'")), self._recording.stem)
        copy.refuse(requested)
        self.save_to = requested
        self._loop.note(
            "info", "save", f"The recording will be copied to {requested} at the end of the session."
        )

    def _focus(self, detail: Any) -> None:
        self._loop.step(inputs.DetailChanged(self._loop.now(), detail))
        self._loop.note("info", "video", f"Image detail is now {detail}.")

    def _ask(self, event: dict[str, Any]) -> None:
        self._loop.step(inputs.RawEvent(self._loop.now(), event))

    def _send(self, rest: str) -> None:
        try:
            event = parse_json(rest)
        except ValueError as error:
            raise ConfigError(f"/send takes one JSON object: {error}.") from error
        if not isinstance(event, dict):
            raise ConfigError("/send takes one JSON object.")
        self._ask(event)

    def _set(self, rest: str) -> None:
        """``/set session.instructions "..."`` or ``key=value``; only session keys change in a session."""
        key, _, value = rest.partition("=") if "=" in rest.split(" ", 1)[0] else rest.partition(" ")
        key, value = key.strip(), value.strip()
        if not key or not value:
            raise ConfigError("/set needs a key and a value.", 'Write /set session.instructions "Be brief."')
        if key == "video.detail":
            if value.strip("\"'") not in DETAILS:
                raise ConfigError("video.detail is auto, low or high.")
            self._focus(value.strip("\"'"))
            return
        if key in ("session.model", "connection.model"):
            raise ConfigError(OTHER_MODEL)
        session = self._loop.session
        if live := session.streams:
            in_force = session.requested_session
        else:
            in_force = settings.merged(session.requested_session, session.effective_session)
        self._patch(session_change(key, value, in_force, self._agent.folder, live=live))

    def _patch(self, patch: dict[str, Any]) -> None:
        self._loop.step(inputs.SettingsChanged(self._loop.now(), patch))

    def _reread(self) -> None:
        """Send what has changed in ``[session]``, and name the other changes.

        Those take effect only in a new session.
        """
        agent, before = self._reload(), self._agent
        old, new = before.config.session_patch(), agent.config.session_patch()
        patch = settings.changes(old, new)
        self._agent = agent
        if patch:
            changed = ", ".join(patch)
            if "tools" in patch:  # those of [[tools]] stand beside them
                others = [
                    tool
                    for tool in self._loop.session.requested_session["tools"]
                    if tool not in old.get("tools", ())
                ]
                patch["tools"] = [*patch["tools"], *others]
            self._loop.note("info", "reload", f"Changed in the agent file: {changed}.")
            self._patch(patch)
        else:
            self._loop.note("info", "reload", "No session setting has changed in the agent file.")
        if waiting := [*settings.dropped(old, new), *_other_sections(before, agent)]:
            text = f"Also changed, but only for the next session: {', '.join(waiting)}."
            self._loop.note("info", "reload", text)


def _other_sections(before: LoadedAgent, after: LoadedAgent) -> list[str]:
    names = [name for name in type(after.config).model_fields if name != "session"]
    return [f"[{name}]" for name in names if getattr(before.config, name) != getattr(after.config, name)]

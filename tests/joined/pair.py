"""A client session and a server session with a wire, a loudspeaker and a clock between them.

Time passes only when it is told to; the wire carries an event only when it is told to. The loudspeaker
is the real playout on that clock, so what was heard is what a device would have played.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections import defaultdict, deque
from typing import Any

import numpy as np

from realtime_cli.audio.playout import Playout
from realtime_cli.client import effects, inputs
from realtime_cli.client.session import ClientSession, SessionOptions
from realtime_cli.protocol import codec
from realtime_cli.server import effects as server_effects
from realtime_cli.server import inputs as server_inputs
from realtime_cli.server.settings import Defaults
from realtime_cli.server.turn_detector import WINDOW_MS
from tests.client.dialogue import describe as describe_client
from tests.joined.engine import Engine
from tests.kit.counted_ids import counted_ids
from tests.kit.fault_injection import Quirks, QuirkySession
from tests.server.dialogue import describe as describe_server

FRAME_MS = 20
LOUD = b"\x40\x1f"  # one sample that counts as speech
Json = dict[str, Any]
USUAL = Quirks()  # of the server, where a test does not say; see conftest.py


class Pair:
    """``since()`` tells as short lines what happened; ``options`` are those of the client's session."""

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        defaults: Defaults | None = None,
        quirks: Quirks | None = None,
        **options: Any,
    ) -> None:
        self.at = 0.0
        self.client = ClientSession(SessionOptions(**options))
        self.engine = engine or Engine()
        self.playout = Playout(clock=lambda: self.at)
        self.up: deque[str] = deque()
        self.down: deque[str] = deque()
        self.last_note = ""
        self.asked: list[Json] = []
        self.emitted: list[Json] = []
        self.received: list[Json] = []
        self.truncated: list[tuple[Json, float]] = []
        """Truncations, and how much of the part had come by then, in ms."""
        self.too_early: list[Json] = []
        """Requests for a response made while the client had been told that one runs."""
        self.calls: list[str] = []
        self.running: dict[str, str] = {}
        self._happened: list[str | tuple[str, Json]] = []
        self.outcome: effects.Close | None = None
        self.user_talks = False
        self.sockets = 0
        self._defaults, self._quirks, self._ids = defaults, quirks or USUAL, counted_ids()
        self._pending: deque[inputs.Input] = deque()
        self._server_pending: deque[server_inputs.Input] = deque()
        self._wakes: dict[str, float] = {}
        self._server_wakes: dict[str, float] = {}
        self._reconnect_at: float | None = None
        self._finished: set[tuple[str, int]] = set()
        self._unheard_bytes = b""
        self._stream = 0
        self._received_ms: defaultdict[str, float] = defaultdict(float)
        self._known_active: str | None = None
        self.open()

    # -- the wire ---------------------------------------------------------------------------------

    def open(self) -> None:
        """A socket to a server session that knows nothing of those before it."""
        self.server = QuirkySession(self._quirks, defaults=self._defaults, new_id=self._ids)
        self._decoder = codec.ServerDecoder()
        self._reconnect_at = None
        self.connected = True
        self.sockets += 1
        self.emitted.append({"type": "opened"})
        self.tell_client(inputs.Connected(self.at, "ws://pair", self.sockets - 1, 1_000 + self.at))
        self.tell_server(server_inputs.ClientConnected(self.at, int(1_000 + self.at), "m"))

    def cut(self, code: int = 1006, reason: str = "") -> None:
        """The socket is gone, with all that was on its way."""
        if not self.connected:
            return
        self.connected = False
        self.up.clear()
        self.down.clear()
        self.engine.forget()
        self._server_wakes.clear()
        self._unheard_bytes = b""
        self.tell_client(inputs.Disconnected(self.at, code, reason))

    def carry_up(self) -> None:
        if self.up:
            self.tell_server(server_inputs.Frame(self.at, self.up.popleft()))

    def carry_down(self) -> None:
        if not self.down:
            return
        text = self.down.popleft()
        if text.startswith("close "):
            self.cut(int(text.removeprefix("close ")))
            return
        try:
            event = self._decoder.decode(text)
        except codec.UndecodableEvent as error:
            self.tell_client(inputs.UndecodableFrame(self.at, error.reason, error.excerpt))
            return
        if event is not None:
            told = json.loads(text)
            self.received.append(told)
            self._keep_count(told)
            self._happened.append(("s", told))
            self.tell_client(inputs.Received(self.at, event, text))

    def _keep_count(self, told: Json) -> None:
        """What a client can know; counted here once more, by other means than it has."""
        response = told.get("response") or {}
        match told["type"]:
            case "session.created":
                self._known_active = None
            case "response.created" if self.in_conversation(response):
                self._known_active = response["id"]
            case "response.done" if response.get("id") == self._known_active:
                self._known_active = None
            case "response.output_audio.delta" if told.get("response_id"):
                self._received_ms[told["item_id"]] += len(base64.b64decode(told["delta"])) / 48

    def in_conversation(self, response: Json) -> bool:
        """Where ids tell nothing, no test that asks this has responses out-of-band."""
        return self._quirks.null_conversation_ids or response["conversation_id"] is not None

    def carry_all(self) -> None:
        while self.up or self.down:
            self.carry_up()
            self.carry_down()

    def work(self, which: int = 0) -> None:
        """The engine gets on with one of its works."""
        if keys := self.engine.keys:
            self.tell_server(self.engine.next(keys[which % len(keys)]))

    def settle(self) -> None:
        """All that can happen without time passing."""
        self.carry_all()
        while self.engine.keys:
            self.work()
            self.carry_all()

    # -- time -------------------------------------------------------------------------------------

    def wait(self, ms: int, *, frame_ms: int = FRAME_MS, wire: bool = True, works: bool = True) -> None:
        """Time passes, frame by frame; the wire may stall and the engine may rest meanwhile."""
        for _ in range(ms // frame_ms):
            self.at = round(self.at + frame_ms / 1000, 6)
            self._wake()
            if self.connected:
                self.tell_client(
                    inputs.MicrophoneFrame(self.at, (LOUD if self.user_talks else b"\0\0") * (24 * frame_ms))
                )
            self.playout.pull(24 * frame_ms)
            self._tell_progress()
            if wire:
                self.carry_all()
            if works:
                self.settle() if wire else self.work()

    def say(self, ms: int = 960, pause_ms: int = 700) -> None:
        """The user speaks, and is silent again."""
        self.user_talks = True
        self.wait(ms)
        self.user_talks = False
        self.wait(pause_ms)

    def _wake(self) -> None:
        for name in [name for name, due in self._wakes.items() if due <= self.at]:
            del self._wakes[name]
            self.tell_client(inputs.TimerFired(self.at, name))
        for name in [name for name, due in self._server_wakes.items() if due <= self.at]:
            if self._server_wakes.pop(name, None) is not None:
                self.tell_server(server_inputs.DeadlineReached(self.at, name))
        if self._reconnect_at is not None and self._reconnect_at <= self.at and not self.connected:
            self.open()

    def _tell_progress(self) -> None:
        for item in self.playout.heard():
            part = (item.item_id, item.content_index)
            if part not in self._finished and (item.heard_ms or item.finished):
                if item.finished:
                    self._finished.add(part)
                self.tell_client(inputs.Played(self.at, *part, item.heard_ms, item.finished))

    # -- the client -------------------------------------------------------------------------------

    def tell_client(self, happened: inputs.Input) -> None:
        self._pending.append(happened)
        if len(self._pending) > 1:
            return  # the step that is going on takes it
        while self._pending:
            for effect in self.client.handle(self._pending[0]):
                self._perform(effect)
            self._pending.popleft()

    def give(self, kind: type, *args: Any, **fields: Any) -> None:
        """Tell the client what happens now."""
        self.tell_client(kind(self.at, *args, **fields))

    def type(self, text: str, *, respond: bool = True) -> None:
        self.give(inputs.Typed, text, respond=respond)

    def press(self, key: str) -> None:
        self.give(inputs.Pressed, key)

    def finish_tool(self, output: str = "42", *, failed: bool = False, which: int = 0) -> None:
        if self.running:
            call_id = list(self.running)[which % len(self.running)]
            del self.running[call_id]
            self.give(inputs.ToolFinished, call_id, output, failed)

    def _perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Send():
                self._send(codec.encode(effect.event))
            case effects.Play():
                self._finished.discard((effect.item_id, effect.content_index))  # late sound is heard as well
                self.playout.push(effect.item_id, effect.content_index, np.frombuffer(effect.audio, "<i2"))
            case effects.PlayEnd():
                self.playout.end(effect.item_id, effect.content_index)
            case effects.StopPlayback():
                heard = self.playout.stop()
                self._finished.clear()
                self._happened.append(f"- stop {effect.cause}")
                self._pending.append(inputs.PlaybackStopped(self.at, effect.cause, heard))
            case effects.CallTool():
                self.calls.append(effect.call_id)
                self.running[effect.call_id] = effect.name
                self._happened.append(f"- call {effect.name} {effect.arguments}")
            case effects.CancelTool():
                self.running.pop(effect.call_id, None)
            case effects.SetTimer():
                self._wakes.pop(effect.name, None)
                if effect.at is not None:
                    self._wakes[effect.name] = effect.at
            case effects.Reconnect():
                self._reconnect_at = effect.at
                if self.connected:
                    self.down.append("close 1000")
            case effects.Close():
                self.outcome = effect
            case effects.Note():
                self.last_note = effect.text
                if effect.level in ("warning", "error"):
                    self._happened.append(f"- {effect.level} {effect.topic}")

    def _send(self, text: str) -> None:
        event = json.loads(text)
        self.asked.append(event)
        if event["type"] == "conversation.item.truncate":
            self.truncated.append((event, self._received_ms[event["item_id"]]))
        elif event["type"] == "response.create" and not _is_out_of_band(event) and self._known_active:
            self.too_early.append(event)
        if self.connected:
            self.up.append(text)
        if event["type"] != "input_audio_buffer.append":
            self._happened.append(("c", event))

    # -- the server -------------------------------------------------------------------------------

    def tell_server(self, happened: server_inputs.Input) -> None:
        """``at`` of the engine's news is set here."""
        self._server_pending.append(dataclasses.replace(happened, at=self.at))
        if len(self._server_pending) > 1:
            return
        while self._server_pending:
            for effect in self.server.handle(self._server_pending[0]):
                self._obey(effect)
            self._server_pending.popleft()

    def _obey(self, effect: server_effects.Effect) -> None:
        match effect:
            case server_effects.Emit():
                text = codec.encode(effect.event)
                self.emitted.append(json.loads(text))
                self.down.append(text)
            case server_effects.DetectVoice():
                self._listen(effect)
            case server_effects.SetDeadline():
                self._server_wakes.pop(effect.name, None)
                if effect.at is not None:
                    self._server_wakes[effect.name] = effect.at
            case server_effects.CloseSocket():
                self.down.append(f"close {effect.code}")
            case _:
                self.engine.perform(effect)

    def _listen(self, effect: server_effects.DetectVoice) -> None:
        """Speech is what is loud, window by window."""
        if effect.stream != self._stream:
            self._stream, self._unheard_bytes = effect.stream, b""
        self._unheard_bytes += effect.audio
        window = 48 * WINDOW_MS
        while len(self._unheard_bytes) >= window:
            loud = LOUD in self._unheard_bytes[:window]
            self._unheard_bytes = self._unheard_bytes[window:]
            self.tell_server(server_inputs.VadResult(self.at, effect.stream, (0.95 if loud else 0.02,)))

    # -- reading ----------------------------------------------------------------------------------

    def since(self) -> list[str]:
        """What happened since the last call: ``c`` for the client's events as it sends them, ``s`` for the
        server's as they arrive, ``-`` for deeds and notes. A run of deltas is one line."""
        happened, self._happened = self._happened, []
        lines: list[str] = []
        for entry in happened:
            line = entry if isinstance(entry, str) else _described(*entry)
            if not (".delta" in line and lines and lines[-1] == line):
                lines.append(line)
        return lines


def _described(who: str, event: Json) -> str:
    return f"{who} {describe_client(event) if who == 'c' else describe_server(event)}"


def _is_out_of_band(request: Json) -> bool:
    return (request.get("response") or {}).get("conversation") == "none"

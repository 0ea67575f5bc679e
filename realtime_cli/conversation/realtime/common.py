"""What the narrators of both protocols have in common: connection, devices, keys, notices, tools, fees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.cost import FeeMeter, Prices, Tokens, load_prices
from realtime_cli.conversation import events as e
from realtime_cli.conversation.realtime.scene import Scene
from realtime_cli.conversation.realtime.tools import ToolSide

FEE_STEP_USD = 0.001
"""Fees that grow with time are reported in steps of this."""
SCRIPT_TOPIC = "script"
"""The topic of notices by which a script annotates its recording."""


class CommonNarrator:
    """The base of a narrator. ``COMMON`` are its handlers of local entries."""

    def __init__(self, *, prices: Prices | None, model: str | None, muted: bool) -> None:
        self._scene = Scene(prices or load_prices(), model)
        self._tools = ToolSide(self._scene)
        self._fees, self._fees_usd = FeeMeter(), 0.0
        self._muted = muted
        self._socket = inputs.Connected(0.0, "")
        self._up = False
        self._was_up = False
        self._microphone = False

    # -- connection -------------------------------------------------------------------------------

    def _disconnected(self, value: inputs.Disconnected) -> None:
        self._lost(e.ConnectionLost(self._scene.at, value.code, value.reason, value.retry_after_s))

    def _lost(self, lost: e.ConnectionLost) -> None:
        self._up = self._scene.awaiting = False
        self._scene.emit(lost)

    def _answered_by_server(self) -> None:
        at, unix_s = self._scene.at, self._socket.unix_s
        if self._was_up:
            self._scene.emit(e.ConnectionRenewed(at, self._socket.attempt, unix_s))
        else:
            self._scene.emit(e.ConnectionUp(at, unix_s))
        self._up = self._was_up = True

    def _settings_changed(self, value: inputs.SettingsChanged) -> None:
        self._scene.emit(e.SettingsRequested(self._scene.at, value.patch))

    def _close(self, close: effects.Close) -> None:
        self._scene.emit(e.SessionEnded(self._scene.at, int(close.exit_code), close.reason, close.remedy))

    def _add_fees(self, *, at_once: bool) -> None:
        scene, fees = self._scene, self._fees
        new_usd = scene.prices.fees_usd(scene.model, fees.connected_s, fees.text_items) - self._fees_usd
        if new_usd >= FEE_STEP_USD or (at_once and new_usd):  # less than 0: the server counted less than we
            self._fees_usd += new_usd
            scene.emit(e.UsageReported(scene.at, scene.turn, "fee", Tokens(), 0, new_usd))

    # -- what is said about it --------------------------------------------------------------------

    def _in_bare_logs(self, topic: str, text: str) -> None:
        """Judge an error that no client has judged, as in another tool's log."""
        if not self._scene.live:
            self._scene.emit(e.NoticeIssued(self._scene.at, "error", topic, text))

    def _noted(self, noted: inputs.Noted) -> None:
        at = self._scene.at
        if noted.topic == SCRIPT_TOPIC and "mark" in noted.data:
            self._scene.emit(e.ScriptAnnotated(at, str(noted.data["mark"]), noted.data))
            return
        if noted.topic == "note":
            self._scene.emit(e.NoteTaken(at, noted.text))
        elif noted.topic in ("pause", "resume"):
            self._scene.emit(e.ConversationPaused(at, noted.topic == "pause"))
        self._scene.emit(e.NoticeIssued(at, noted.level, noted.topic, noted.text, noted.data))

    def _pressed(self, pressed: inputs.Pressed) -> None:
        self._scene.emit(e.KeyPressed(self._scene.at, pressed.key))
        if pressed.key == "mute":
            self._muted = not self._muted
            self._scene.emit(e.MicrophoneMuted(self._scene.at, self._muted))

    def _microphone_frame(self, frame: inputs.MicrophoneFrame) -> None:
        self._microphone = True
        self._scene.emit(e.MicrophoneOpened(self._scene.at))

    def _microphone_ended(self, ended: inputs.MicrophoneEnded) -> None:
        self._microphone = False
        self._scene.emit(e.MicrophoneClosed(self._scene.at))

    def _levels(self, levels: inputs.Levels) -> None:
        self._scene.emit(e.LevelsMeasured(self._scene.at, levels.microphone_dbfs, levels.agent_dbfs))

    def _sound_state(self, state: inputs.SoundState) -> None:
        self._scene.emit(e.SoundMeasured(self._scene.at, state.echo, state.residual_dbfs, state.underruns))


COMMON: dict[type, Callable[[Any, Any], None]] = {
    inputs.Disconnected: lambda self, value: self._disconnected(value),
    inputs.MicrophoneFrame: lambda self, frame: self._microphone_frame(frame),
    inputs.MicrophoneEnded: lambda self, ended: self._microphone_ended(ended),
    inputs.Pressed: lambda self, pressed: self._pressed(pressed),
    inputs.SettingsChanged: lambda self, value: self._settings_changed(value),
    inputs.ToolStarted: lambda self, started: self._tools.started(started),
    inputs.ToolProgress: lambda self, progress: self._tools.progressed(progress),
    inputs.BackendCalled: lambda self, called: self._tools.run(called),
    inputs.BackendCallEnded: lambda self, ended: self._tools.finished(ended),
    inputs.ToolFinished: lambda self, finished: self._tools.finished(finished),
    inputs.ApprovalAsked: lambda self, asked: self._tools.asked(asked),
    inputs.ApprovalAnswered: lambda self, answered: self._tools.answered(answered),
    inputs.Noted: lambda self, noted: self._noted(noted),
    inputs.Levels: lambda self, levels: self._levels(levels),
    inputs.SoundState: lambda self, state: self._sound_state(state),
    effects.CallTool: lambda self, call: self._tools.run(call),
    effects.CancelTool: lambda self, cancel: self._tools.cancelled(cancel),
    effects.Close: lambda self, close: self._close(close),
}

"""Work that the agent hands over to this program: one of its tools does it, and the result is said.

The event does not say what the work is, and may come before the user's sentence is over: the task is taken
from the transcript once no fragment has come for a moment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from realtime_cli.client.effect_queue import EffectQueue
from realtime_cli.client.effects import CallTool, SetTimer
from realtime_cli.client.inputs import ToolFinished
from realtime_cli.client.live.appends import appends
from realtime_cli.client.live.spoken_log import SpokenLog
from realtime_cli.client.options import SessionOptions

FRAGMENTS_OVER_S = 0.9  # a fragment comes 0.5 to 0.7 s behind its sound
MAX_WAIT_S = 5.0  # for the end of the sentence
NOBODY = "That cannot be done here."


@dataclass(slots=True)
class WaitingDelegation:
    """A delegation that has not begun: each fragment postpones ``due_at``, up to ``last_at``."""

    delegation_id: str
    offset_ms: int
    due_at: float
    last_at: float


class ClientDelegations:
    """``busy``: something is under way whose result the agent waits for."""

    def __init__(self, effects: EffectQueue, options: SessionOptions, log: SpokenLog) -> None:
        self._effects = effects
        self._options = options
        self._log = log
        self._waiting: dict[str, WaitingDelegation] = {}
        self._running: set[str] = set()

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._running)

    def created(self, at: float, delegation_id: str, offset_ms: int) -> None:
        if delegation_id in self._running:
            return
        due_at = at + FRAGMENTS_OVER_S
        self._waiting[delegation_id] = WaitingDelegation(delegation_id, offset_ms, due_at, at + MAX_WAIT_S)
        self._look_later()

    def user_spoke(self, at: float) -> None:
        """A fragment of the user's: the sentence goes on."""
        for waiting in self._waiting.values():
            waiting.due_at = min(waiting.last_at, at + FRAGMENTS_OVER_S)
        self._look_later()

    def begin_due(self, at: float) -> None:
        for waiting in [one for one in self._waiting.values() if one.due_at <= at + 0.001]:
            del self._waiting[waiting.delegation_id]
            self._begin(waiting)
        self._look_later()

    def _look_later(self) -> None:
        if self._waiting:
            due_at = min(one.due_at for one in self._waiting.values())
            self._effects.do(SetTimer(due_at, "delegation"))

    def _begin(self, waiting: WaitingDelegation) -> None:
        name = self._options.delegation_tool
        if name is None:
            self._say(NOBODY, waiting.delegation_id)
            text = "The agent delegates work, but no tool can do it: set delegation.tool."
            self._effects.note("warning", "delegation", text)
            return
        everything = {"task": self._log.task(waiting.offset_ms), "transcript": self._log.text()}
        names = self._options.delegation_arguments
        arguments = {key: everything["transcript" if key == "transcript" else "task"] for key in names}
        self._running.add(waiting.delegation_id)
        self._effects.do(CallTool(waiting.delegation_id, name, json.dumps(arguments, ensure_ascii=False)))

    def finished(self, happened: ToolFinished) -> bool:
        """Say the result; False if the call is not a delegation."""
        if happened.call_id not in self._running:
            return False
        self._running.discard(happened.call_id)
        self._say(happened.output or "It is done.", happened.call_id)
        return True

    def _say(self, text: str, delegation_id: str) -> None:
        for event in appends(self._options.delegation_result, text, delegation_id):
            self._effects.send(event)

    def on_disconnect(self) -> None:
        """A delegation ends with its session; a result that comes later is dropped."""
        self._waiting.clear()
        self._running.clear()

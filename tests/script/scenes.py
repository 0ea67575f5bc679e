"""A conversation entry by entry, as the collector of a script's turns is given it by the narrator."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import Narrated
from realtime_cli.conversation.realtime import SCRIPT_TOPIC
from realtime_cli.protocol import codec
from realtime_cli.script.turn_collector import TurnCollector
from realtime_cli.script.turn_metrics import TurnMetrics, turn_metrics


class Scene:
    """``at`` is the session's time in seconds; every method happens then."""

    def __init__(self, *, text_mode: bool = False, with_voice: bool = True) -> None:
        self.collected = TurnCollector(text_mode=text_mode, with_voice=with_voice)
        self._narrated = Narrated([self.collected])
        self.at = 0.0

    @property
    def metrics(self) -> list[TurnMetrics]:
        """Those of the turns, without what was ahead of the first."""
        return [turn_metrics(turn, self.collected) for turn in self.collected.turns[1:]]

    def local(self, value: Any) -> None:
        self._narrated.observe(Entry(self.at, "local", value))

    def annotate(self, kind: str, **data: Any) -> None:
        self.local(inputs.Noted(self.at, "debug", SCRIPT_TOPIC, kind, {"mark": kind, **data}))

    def server(self, type: str, **fields: Any) -> None:
        event = codec.decode_server_event(json.dumps({"type": type, **fields}))
        self._narrated.observe(Entry(self.at, "received", inputs.Received(self.at, event)))

    def turn(self, number: int, at: float) -> None:
        self.at = at
        self.annotate("turn", turn=number)

    def typed(self, text: str) -> None:
        self.local(inputs.Typed(self.at, text))

    def spoken(self, first_s: float, last_s: float) -> None:
        self.at = first_s
        self.annotate("speaking")
        self.at = last_s
        self.annotate("said")

    def answers(self, text: str, response: str = "r1", item: str = "i1", status: str = "completed") -> None:
        self.server("response.created", response={"id": response})
        place = {"response_id": response, "item_id": item, "content_index": 0}
        if self.collected.with_voice:
            self.server("response.output_audio_transcript.delta", **place, delta=text)
            self.server("response.output_audio.delta", **place, delta="AAAA")
        else:
            self.server("response.output_text.delta", **place, delta=text)
        self.done(response, status)

    def done(self, response: str = "r1", status: str = "completed", **more: Any) -> None:
        self.server("response.done", response={"id": response, "status": status, "output": [], **more})

    def plays(self, begin_s: float, end_s: float, item: str = "i1", *, silent_s: float | None = 0.0) -> None:
        """Reported as a device does: late, with how much was heard; silent at first, or (None) all along."""
        if silent_s is not None:
            self.collected.sounded(begin_s + silent_s, end_s)
        self.at = begin_s + 0.05
        self.local(inputs.Played(self.at, item, 0, 50.0))
        self.at = end_s
        self.local(inputs.Played(self.at, item, 0, (end_s - begin_s) * 1000, True))

    def cut(self, item: str, heard_ms: float) -> None:
        self.local(
            inputs.PlaybackStopped(self.at, "server_vad", (inputs.HeardItem(item, 0, heard_ms, False),))
        )

    def calls(self, name: str, arguments: str = "{}", output: str = "", call_id: str = "c") -> None:
        self.local(effects.CallTool(call_id, name, arguments))
        self.local(inputs.ToolFinished(self.at, call_id, output))

"""A conversation told event by event, as the runner would see it."""

from __future__ import annotations

import json
from typing import Any

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.protocol import codec
from realtime_cli.script.annotations import TOPIC
from realtime_cli.script.observed import Observed


class Scene:
    """``at`` is the session's time in seconds; every method happens then."""

    def __init__(self, *, aloud: bool = True) -> None:
        self.observed = Observed(aloud=aloud)
        self.at = 0.0

    def local(self, value: Any) -> None:
        self.observed.observe(Entry(self.at, "local", value))

    def mark(self, kind: str, **data: Any) -> None:
        self.local(inputs.Noted(self.at, "debug", TOPIC, kind, {"mark": kind, **data}))

    def server(self, type: str, **fields: Any) -> None:
        event = codec.decode_server_event(json.dumps({"type": type, **fields}))
        self.observed.observe(Entry(self.at, "received", inputs.Received(self.at, event)))

    def turn(self, number: int, at: float) -> None:
        self.at = at
        self.mark("turn", turn=number)

    def typed(self, text: str) -> None:
        self.local(inputs.Typed(self.at, text))

    def spoken(self, first_s: float, last_s: float) -> None:
        self.at = first_s
        self.mark("speaking")
        self.at = last_s
        self.mark("said")

    def answers(self, text: str, response: str = "r1", item: str = "i1", status: str = "completed") -> None:
        self.server("response.created", response={"id": response})
        place = {"response_id": response, "item_id": item, "content_index": 0}
        self.server("response.output_audio_transcript.delta", **place, delta=text)
        self.done(response, status)

    def done(self, response: str = "r1", status: str = "completed", **more: Any) -> None:
        output = [{"type": "message", "role": "assistant", "id": "i1", "content": []}]
        self.server("response.done", response={"id": response, "status": status, "output": output, **more})

    def plays(self, begin_s: float, end_s: float, item: str = "i1") -> None:
        """Told as the device tells it: late, with how much was heard."""
        self.at = begin_s + 0.05
        self.local(inputs.Played(self.at, item, 0, 50.0))
        self.at = end_s
        self.local(inputs.Played(self.at, item, 0, (end_s - begin_s) * 1000, True))

    def cut(self, item: str, heard_ms: float) -> None:
        self.local(
            inputs.PlaybackStopped(self.at, "server_vad", (inputs.HeardItem(item, 0, heard_ms, False),))
        )

    def calls(self, name: str, arguments: str = "{}", output: str = "", *, failed: bool = False) -> None:
        self.local(effects.CallTool("c", name, arguments))
        self.local(inputs.ToolFinished(self.at, "c", output, failed))

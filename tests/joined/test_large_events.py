"""One event of 20 MB, as it goes through everything that a session does with it on its loop."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.redaction import OutputRedaction
from realtime_cli.client import inputs
from realtime_cli.conversation.transcript import Transcript
from realtime_cli.protocol import codec
from tests.kit.live_session import live
from tests.kit.verbatim_server import saying

SOUND = "AAAA" * 5_000_000
MAX_CPU_S = 0.5  # of this thread: 0.07 s where it was written
PLACE = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
MESSAGE = {"id": "a1", "type": "message", "role": "assistant", "content": [{"type": "audio", "audio": SOUND}]}
SPOKEN = {"id": "u1", "type": "message", "role": "user", "content": [{"type": "input_audio", "audio": SOUND}]}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("response.output_audio.delta", {**PLACE, "delta": SOUND}),
        ("response.done", {"response": {"id": "r1", "status": "completed", "output": [MESSAGE]}}),
        ("conversation.item.added", {"item": SPOKEN}),
        ("conversation.item.retrieved", {"item": MESSAGE}),
    ],
)
async def test_an_event_with_20_mb_of_sound_does_not_hold_up_the_loop(
    tmp_path: Path, kind: str, fields: dict[str, Any]
) -> None:
    text = json.dumps({"type": kind, **fields})
    shown = OutputRedaction(["correct horse"]).before(Transcript())
    async with (
        saying([]) as server,
        live(server.url, record=tmp_path / "s.jsonl", edges={"readers": [shown]}) as talk,
    ):
        await talk.ready()
        begin_s = time.thread_time()
        event = codec.decode_server_event(text)
        talk.duplex.step(inputs.Received(talk.duplex.now(), event, text))
        taken_s = time.thread_time() - begin_s
    assert taken_s < MAX_CPU_S
    assert kind in (tmp_path / "s.jsonl").read_text("utf-8")

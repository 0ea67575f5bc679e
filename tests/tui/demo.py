"""A scripted conversation on the real screen, in real time: ``python -m tests.tui.demo [--speed N] [--ptt]``.

For looking at it, and for the terminal tests. ``--keys`` reads the keyboard; ``q`` ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import time

from realtime_cli.client import effects, inputs
from realtime_cli.client.entry import Entry
from realtime_cli.conversation.narrated import Narrated
from realtime_cli.errors import ExitCode
from realtime_cli.tui.end_summary import EndSummary
from realtime_cli.tui.frontend import choose_frontend, choose_keys
from realtime_cli.tui.key_events import KeyEvent, KeyPress, ToolAnswer, TypedLine
from tests.tui.scenes import (
    answer,
    begins,
    connected,
    cut,
    done,
    heard,
    local,
    received,
    says,
    sent,
    speaks,
    transcript,
)

RECORDING = "/tmp/session.jsonl"
ODD = "odd \x1b[31mred\x1b[0m \u202eltr 漢字かな e\u0301\u0301"
LONG = (
    "Once upon a time there was a lighthouse keeper who counted ships. One, two, three he counted, and "
    "when the fog came he counted the sounds of their horns instead. The gulls thought him strange, "
    "the fishermen thought him wise, and the postman, who rowed out every second Thursday, thought him "
    "above all a man who never had any stamps. "
)


def scene() -> list[Entry]:
    """A question with a late transcript, a tool, an interruption, typed text, odd characters, a long tale."""
    entries = [
        *connected(0.2),
        *says(1.0, "U1", None),
        *answer(2.3, "A1", "R1", "Hello! I can hear you well. What would you like to know?", 3000, "U1"),
        transcript(3.4, "U1", "Hello, can you hear me?"),
        *says(5.8, "U2", "What time is it in Oslo?", after="A1", late=0.2),
        received(7.1, "response.created", response={"id": "R2", "conversation_id": "conv"}),
        local(effects.CallTool("c1", "get_time", '{"city": "Oslo"}'), 7.3),
        local(inputs.ToolFinished(7.9, "c1", '{"time": "14:05"}', seconds=0.61)),
        sent(
            7.9,
            "conversation.item.create",
            item={"type": "function_call_output", "call_id": "c1", "output": '{"time": "14:05"}'},
        ),
        *begins(8.0, "A2", "R3", "U2"),
        *speaks(8.1, "A2", "R3", "In Oslo it is five past two in the afternoon, and I could go on.", 4200),
        *[heard(8.2 + t / 1000, "A2", t) for t in range(100, 1900, 100)],
        *says(10.1, "U3", "Thanks, that is enough. Tell me a tale.", after="A2", late=0.3),
        cut(10.12, "A2", 1880),
        *done(10.2, "A2", "R3", usage={"total_tokens": 1210, "input_tokens": 1000, "output_tokens": 210}),
        local(inputs.Noted(10.9, "warning", "text", ODD)),
        *answer(11.6, "A3", "R4", LONG * 2, 12_000, "U3"),
    ]
    entries += [local(_levels(tenth / 10)) for tenth in range(2, 245)]
    return sorted(entries, key=lambda entry: entry.at)


def questions(at: float) -> list[Entry]:
    """Three questions, to be answered one after the other; they come last."""
    return [
        local(
            inputs.ApprovalAsked(
                at - 0.3 + number / 10, f"q{number}", "delete_file", json.dumps({"path": f"/tmp/{number}"})
            )
        )
        for number in (1, 2, 3)
    ]


def _levels(at: float) -> inputs.Levels:
    speaking = 2.3 < at < 5.3 or 8.1 < at < 10.1 or at > 11.6
    voice = -22 + 9 * math.sin(at * 7) + 4 * math.sin(at * 19)
    return inputs.Levels(at, -52 + 3 * math.sin(at * 5) if speaking else voice, voice if speaking else -120.0)


async def play(arguments: argparse.Namespace) -> None:
    shown = choose_frontend(plain=arguments.plain, json=arguments.json, push_to_talk=arguments.ptt)
    face = Narrated([shown])
    over = asyncio.Event()
    start = time.monotonic()

    def pressed(press: KeyEvent) -> None:
        at = (time.monotonic() - start) * arguments.speed
        if isinstance(press, KeyPress) and press.meaning == "quit":
            over.set()
        elif isinstance(press, KeyPress) and press.meaning in ("mute", "talk", "release", "video"):
            face.observe(local(inputs.Pressed(at, press.meaning)))
        elif isinstance(press, TypedLine):
            face.observe(local(inputs.Typed(at, press.text)))
        elif isinstance(press, ToolAnswer):
            face.observe(local(inputs.ApprovalAnswered(at, press.call_id, press.verdict, press.text)))
            face.observe(local(inputs.Noted(at, "info", "answer", f"{press.verdict} {press.text}")))
        else:
            face.observe(local(inputs.Noted(at, "info", "pressed", repr(press))))

    async with shown:
        keys = choose_keys(shown, push_to_talk=arguments.ptt)
        if arguments.keys:
            keys.start(pressed)
        try:
            await _feed(face, arguments, start, over)
        finally:
            shown.end(
                EndSummary(
                    ExitCode.OK,
                    recording="/tmp/session.jsonl",
                    replay="realtime-cli replay /tmp/session.jsonl",
                )
            )
            await keys.close()


async def _feed(face: Narrated, arguments: argparse.Namespace, start: float, over: asyncio.Event) -> None:
    entries = [entry for entry in scene() if not arguments.ask or entry.at < arguments.stop_at]
    for entry in [*entries, *(questions(arguments.stop_at) if arguments.ask else ())]:
        pause = entry.at / arguments.speed - (time.monotonic() - start)
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), pause)
        if over.is_set():
            return
        face.observe(entry)
        if arguments.stop_at and entry.at >= arguments.stop_at:
            await over.wait()
            return
    if arguments.crash:
        raise RuntimeError("the demo was asked to crash")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--stop-at", type=float, default=0.0, help="stand still there until q")
    for switch in ("plain", "json", "ptt", "keys", "crash", "ask"):
        parser.add_argument(f"--{switch}", action="store_true")
    arguments = parser.parse_args()
    before = os.times()
    began = time.monotonic()
    asyncio.run(play(arguments))
    after = os.times()
    if os.environ.get("DEMO_CPU"):
        used = after.user + after.system - before.user - before.system
        print(f"CPU {100 * used / (time.monotonic() - began):.1f} % of a core")


if __name__ == "__main__":
    main()

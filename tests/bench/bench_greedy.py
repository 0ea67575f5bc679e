"""How much later one client's sound comes while another asks for too much.

Run: ``python -m tests.bench.bench_greedy [answers]``. Each kind of greed has its rounds alone right before
and behind it, so that other work on the machine counts in both.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from statistics import median
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ASKED = "Say after me: the ferry leaves the harbour at half past nine, and it comes back before dark."
BYTES_PER_MS = 48
BIG = base64.b64encode(bytes(14 * 1024 * 1024)).decode()
RESPONSE = {"conversation": "none", "input": [], "output_modalities": ["audio"]}
MANNERS = {
    "type": "session.update",
    "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
}


async def asks(socket: ClientConnection, event: dict[str, Any]) -> None:
    await socket.send(json.dumps(event))


def typed(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": content},
    }


async def heard(url: str, answers: int) -> tuple[list[float], float]:
    """From the request to the first sound of each answer in ms, and how long sound was missing in all."""
    firsts, missing_ms = [], 0.0
    async with connect(url, max_size=None) as socket:
        await asks(socket, MANNERS)
        for _ in range(answers):
            await asks(socket, typed(ASKED))
            asked_at = time.monotonic()
            await asks(socket, {"type": "response.create"})
            began_at = played_ms = 0.0
            async for text in socket:
                event, now = json.loads(text), time.monotonic()
                if event["type"] == "response.output_audio.delta":
                    if not began_at:
                        began_at = now
                        firsts.append(1000 * (now - asked_at))
                    late_ms = 1000 * (now - began_at) - played_ms
                    missing_ms += max(0.0, late_ms)
                    played_ms += max(0.0, late_ms) + len(base64.b64decode(event["delta"])) / BYTES_PER_MS
                elif event["type"] == "response.done":
                    break
    return firsts, missing_ms


async def greedy(kind: str, url: str) -> None:
    """Ask for too much until killed, and read all that comes."""
    async with connect(url, max_size=None) as socket:
        await asks(socket, MANNERS)
        reading = asyncio.create_task(_read(socket))
        with suppress(ConnectionClosed):
            if kind == "responses":
                spoken = {"instructions": ASKED, **RESPONSE, "input": [typed(ASKED)["item"]]}
                while True:
                    for _ in range(1000):
                        await asks(socket, {"type": "response.create", "response": spoken})
                    await asyncio.sleep(1)
            while True:
                await asks(socket, _too_much(kind))
        await reading


def _too_much(kind: str) -> dict[str, Any]:
    match kind:
        case "big frames":
            return {"type": "input_audio_buffer.append", "audio": BIG}
        case "big items":
            return typed("x" * 5_000_000)
        case "small items":
            return typed("x")
    return {"type": "input_audio_buffer.append", "audio": "AAAAAAAA"}


async def _read(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass


@asynccontextmanager
async def served() -> AsyncIterator[tuple[str, int]]:
    command = [sys.executable, "-m", "realtime_cli", "serve", "--port", "0"]
    server = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    try:
        assert server.stderr
        line = (await server.stderr.readline()).decode()
        yield next(word for word in line.split() if word.startswith("ws://")), server.pid
    finally:
        server.terminate()
        await server.wait()


def resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


async def main() -> None:
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    async with served() as (url, pid):
        await heard(url, 2)
        for kind in ("responses", "big frames", "big items", "small items", "small frames"):
            before, _ = await heard(url, answers)
            beside = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.bench.bench_greedy", "--greedy", kind, url
            )
            await asyncio.sleep(2)
            firsts, missing_ms = await heard(url, answers)
            memory = resident_mb(pid)
            with suppress(ProcessLookupError):  # it may have been shown the door
                beside.kill()
            await beside.wait()
            await asyncio.sleep(1)
            after, missing_alone_ms = await heard(url, answers)
            alone = [*before, *after]
            print(
                f"{kind:13} first sound {median(firsts):5.0f} ms (worst {max(firsts):5.0f}), "
                f"alone {median(alone):5.0f} ms (worst {max(alone):5.0f}): "
                f"{median(firsts) - median(alone):+5.0f} ms; sound missing {missing_ms:5.0f} ms, "
                f"alone {missing_alone_ms:5.0f} ms; server {memory:5.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--greedy"]:
        asyncio.run(greedy(*sys.argv[2:4]))
    else:
        asyncio.run(main())

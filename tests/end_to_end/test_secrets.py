"""Secrets in every place that takes one, a server that says them all back, and nothing of them written."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.answering_server import Move, answering, begins, ends
from tests.kit.cli import run_cli

SECRETS = {
    name: f'{name.lower().replace("_", "-")}-Zq7/+x{number}"e'
    for number, name in enumerate(
        (
            "MY_KEY",
            "OWN_TOKEN",
            "SPOKEN_SECRET",
            "MCP_TOKEN",
            "MCP_HEADER_KEY",
            "HTTP_TOKEN",
            "COMMAND_TOKEN",
            "SERVER_TOKEN",
        )
    )
}
IN_THE_OPEN = ("urlPassw0rd", "urlT0kenurlT0ken", "setT0kensetT0ken", "sk-proj-typedByTheUser123")
AGENT = """
[connection]
base_url = "ws://me:urlPassw0rd@127.0.0.1:{port}/v1/realtime?token=urlT0kenurlT0ken"
api_key_env = "MY_KEY"
auth = "bearer"
reconnect_tries = 0
headers = {{ X-Own = "${{OWN_TOKEN}}" }}
[session]
instructions = "The word is ${{SPOKEN_SECRET}}"
[[tools]]
type = "mcp"
server_label = "far"
server_url = "https://mcp.example.org/sse?key=${{MCP_TOKEN}}"
authorization = "${{MCP_TOKEN}}"
headers = {{ X-Far = "${{MCP_HEADER_KEY}}" }}
[[tools]]
name = "fetch"
http = {{ url = "http://127.0.0.1:1/", headers = {{ Authorization = "Bearer ${{HTTP_TOKEN}}" }} }}
[[tools]]
name = "print_all"
command = ["sh", "-c", "echo $COMMAND_TOKEN; echo $COMMAND_TOKEN >&2"]
env = ["COMMAND_TOKEN"]
[mcp.dead]
command = ["{python}", "-c", "import os; raise SystemExit(os.environ['SERVER_TOKEN'])"]
env = {{ SERVER_TOKEN = "${{SERVER_TOKEN}}" }}
"""


def echo() -> str:
    """What a careless server says about a request."""
    told = " ".join(f"Authorization: Bearer {secret}" for secret in SECRETS.values())
    return f"Bad: {told} in {' '.join(IN_THE_OPEN[:3])} or {json.dumps(SECRETS)}"


@asynccontextmanager
async def careless_server() -> AsyncIterator[int]:
    """Says the settings and an error with all it was told, calls a tool, hangs up with a word too many."""

    async def converse(transport: Transport, opening: Opening) -> None:
        async def tell(type: str, **fields: Any) -> None:
            await transport.send(json.dumps({"type": type, "event_id": "e", **fields}))

        try:
            await tell("session.created", session={"type": "realtime", "instructions": echo()})
            session = json.loads(await transport.recv())["session"]
            await tell("session.updated", session=session)
            await tell("error", error={"type": "server_error", "message": echo()})
            await transport.recv()
            calls = [
                {"type": "function_call", "id": f"i{n}", "call_id": f"c{n}", "name": name, "arguments": "{}"}
                for n, name in enumerate(("print_all", "fetch"))
            ]
            await tell("response.created", response={"id": "r", "status": "in_progress"})
            for call in calls:
                await tell("response.output_item.done", response_id="r", item=call)
            await tell("response.done", response={"id": "r", "status": "completed", "output": calls})
            for _ in range(3):
                await transport.recv()
            await transport.close(4001, f"key {SECRETS['MY_KEY']}"[:100])
        except Closed:
            pass

    listener = await websocket.serve(converse)
    try:
        yield int(listener.url.rsplit(":", 1)[1].split("/")[0])
    finally:
        await listener.close()


async def test_nothing_of_a_secret_is_recorded_or_told(tmp_path: Path, own_environment: Path) -> None:
    async with careless_server() as port:
        agent = tmp_path / "agent.toml"
        agent.write_text(AGENT.format(port=port, python=sys.executable))
        ran = await asyncio.to_thread(
            run_cli,
            "text",
            "-c",
            agent,
            "--trust",
            agent,
            "--json",
            "--approve",
            "all",
            "--set",
            "connection.query.signature=setT0kensetT0ken",
            "My key is sk-proj-typedByTheUser123",
            environ=SECRETS,
        )

    (recording,) = own_environment.rglob("*.jsonl")
    written = recording.read_text()
    assert all(word in written for word in ("print_all", "ToolFinished", "4001")), written
    told = {"the recording": written, "stdout": ran.stdout, "stderr": ran.stderr}
    leaks = [
        f"{name} ({form}) is in {place}"
        for name, secret in {**SECRETS, **{word: word for word in IN_THE_OPEN}}.items()
        for form in (secret, json.dumps(secret)[1:-1], secret.split("/")[0])
        for place, text in told.items()
        if form in text and (name != IN_THE_OPEN[3] or place != "stdout")
    ]
    assert not leaks, leaks
    everything = b"".join(path.read_bytes() for path in own_environment.rglob("*") if path.is_file())
    assert os.fsencode(SECRETS["MY_KEY"]) not in everything


SCRIPT = """
agent = "agent.toml"
[[turns]]
say = "My key is sk-proj-typedByTheUser123"
expect.contains = "thanks"
"""


async def test_no_report_of_a_run_holds_a_secret(tmp_path: Path) -> None:
    async with careless_server() as port:
        (tmp_path / "agent.toml").write_text(AGENT.format(port=port, python=sys.executable))
        (tmp_path / "careless.toml").write_text(SCRIPT)
        reports = [tmp_path / name for name in ("r.xml", "r.json", "r.md")]
        options = [
            word for pair in zip(("--junit", "--json", "--markdown"), reports, strict=True) for word in pair
        ]
        ran = await asyncio.to_thread(
            run_cli,
            "run",
            tmp_path / "careless.toml",
            "--text",
            "--trust",
            tmp_path,
            "--approve",
            "all",
            *options,
            environ=SECRETS,
        )
    told = {path.name: path.read_text() for path in reports} | {"stdout": ran.stdout, "stderr": ran.stderr}
    assert ran.returncode == 1, ran
    assert all("4001" in told[path.name] for path in reports), told
    for name, secret in SECRETS.items():
        for place, text in told.items():
            assert secret not in text, f"{name} is in {place}"
            assert secret.split("/")[0] not in text, f"{name} is in {place}"


PIECES_AGENT = """
[connection]
base_url = "{url}"
api_key_env = "MY_KEY"
reconnect_tries = 0
"""
SAID = f"Your key is {SECRETS['MY_KEY']}, keep it."


def piece_by_piece(size: int, voice: bool) -> list[Move]:
    """An answer whose text, and a call whose arguments, come in pieces; nothing ends any of them."""
    kind = "response.output_audio_transcript.delta" if voice else "response.output_text.delta"
    about = {"response_id": "r1", "item_id": "a1", "output_index": 0, "content_index": 0}
    call = {"response_id": "r1", "item_id": "f1", "output_index": 1, "call_id": "c1"}
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    return [
        begins(1),
        *({"type": kind, "delta": piece, **about} for piece in pieces),
        *({"type": "response.function_call_arguments.delta", "delta": piece, **call} for piece in pieces),
        ends(1),
    ]


@pytest.mark.heavy
@pytest.mark.parametrize("voice", [True, False])
@pytest.mark.parametrize("size", [2, 7])
async def test_no_export_puts_a_secret_together_that_came_in_pieces(
    tmp_path: Path, own_environment: Path, size: int, voice: bool
) -> None:
    async with answering(piece_by_piece(size, voice)) as server:
        agent = tmp_path / "agent.toml"
        agent.write_text(PIECES_AGENT.format(url=server.url))
        ran = await asyncio.to_thread(
            run_cli, "text", "-c", agent, "--trust", agent, "My key?", environ=SECRETS
        )
    (recording,) = own_environment.rglob("*.jsonl")
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    deltas: dict[str, str] = {}
    for line in lines:
        if "delta" in (event := line.get("wire", {})):
            deltas[event["type"]] = deltas.get(event["type"], "") + event["delta"]
    exports = {
        form: await asyncio.to_thread(run_cli, "export", recording, "-f", form, "-o", "-")
        for form in ("md", "txt", "srt", "items", "html")
    }
    verified = await asyncio.to_thread(run_cli, "replay", recording, "--verify")
    told = {form: export.stdout for form, export in exports.items()} | deltas | {"stdout": ran.stdout}
    for place, text in told.items():
        assert SECRETS["MY_KEY"][3:] not in text, place
    assert len(deltas) == 2, deltas
    for text in deltas.values():
        assert "***, keep it." in text
    assert "***, keep it." in exports["md"].stdout
    assert verified.returncode == 0, verified

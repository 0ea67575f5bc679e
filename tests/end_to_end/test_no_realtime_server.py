"""An address where something else answers: one sentence and the exit code, in every way to hold a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from realtime_cli.errors import ConnectionFailed, ExitCode
from realtime_cli.session_api import Session
from tests.kit.cli import run_cli

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
OTHER_API = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/login\r\nContent-Length: 0\r\n\r\n"
SCRIPT = """mode = "text"
agent = {{ connection = {{ base_url = "{}", reconnect_tries = 0, connect_timeout_s = 1 }} }}
[[turns]]
user = "hi"
"""


@asynccontextmanager
async def stranger(answer: bytes) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (PAGE, "is not a WebSocket server"),
        (OTHER_API, "There is no Realtime endpoint at"),
        (REDIRECT, "redirects to http://127.0.0.1:9/login"),
        (b"", "did not respond within 1 s"),
    ],
)
async def test_text_run_and_session_say_so_in_a_sentence(answer: bytes, said: str, tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    async with stranger(answer) as url:
        quickly = ("--set", "connection.reconnect_tries=0", "--set", "connection.connect_timeout_s=1")
        script.write_text(SCRIPT.format(url), encoding="utf-8")
        text = await asyncio.to_thread(run_cli, "text", "--base-url", url, "--no-record", *quickly, "hi")
        run = await asyncio.to_thread(run_cli, "run", script, "--no-record", "-q")
        with pytest.raises(ConnectionFailed, match=said):
            async with Session(
                {"connection": {"base_url": url, "reconnect_tries": 0, "connect_timeout_s": 1}}, text=True
            ):
                pass
    for ended in (text, run):
        told = ended.stdout + ended.stderr
        assert ended.returncode == ExitCode.CONNECTION
        assert told.count(said) == 1
        assert "Traceback" not in told

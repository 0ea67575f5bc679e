"""``serve``: as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.local_server import ServeOptions, listen
from realtime_cli.commands import serve as module
from realtime_cli.errors import AuthenticationFailed
from realtime_cli.wire import websocket
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.cli import run_cli


@contextmanager
def serving(*arguments: str | Path, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the address it tells."""
    process = subprocess.Popen(
        [sys.executable, "-m", "realtime_cli", "serve", "--port", "0", *map(str, arguments)],
        env={**os.environ, **environ},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"ws://\S+", line):
                yield process, found[0]
                break
        else:
            pytest.fail(said)
    finally:
        process.kill()
        process.communicate()


async def next_event(transport: Transport) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(await transport.recv())
    return event


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_it_talks_until_it_is_told_to_stop(stop: signal.Signals):
    with serving() as (process, url):
        client = await websocket.connect(f"{url}?model=any")
        assert (await next_event(client))["session"]["model"] == "any"
        process.send_signal(stop)
        with pytest.raises(Closed, match="1001"):
            await client.recv()
        assert process.wait(10) == 0
        assert process.stdout
        assert process.stdout.read() == "", "talk goes to stderr"


async def test_a_key_from_the_environment(tmp_path: Path):
    agent = tmp_path / "agent.toml"
    agent.write_text('[connection]\nprovider = "local"\n[local]\nkey_env = "MY_SERVER_KEY"\n')
    with serving("--config", agent, MY_SERVER_KEY="sk-mine") as (_, url):
        with pytest.raises(AuthenticationFailed):
            await websocket.connect(url)
        client = await websocket.connect(url, {"Authorization": "Bearer sk-mine"})
        assert (await next_event(client))["type"] == "session.created"
        await client.close()


async def test_a_port_in_use_is_said_in_one_sentence():
    listener = await websocket.serve(lambda transport, opening: transport.close())
    try:
        done = run_cli("serve", "--port", str(listener.port))
    finally:
        await listener.close()
    assert done.returncode == 2
    assert f"Port {listener.port} on 127.0.0.1 is in use." in done.stderr
    assert "Traceback" not in done.stderr


async def test_an_address_that_others_reach_without_a_key_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("realtime_cli.app.interrupts.on_signals", lambda end: end())
    monkeypatch.setattr(module, "listen", _unwarmed(listen))
    assert await module.served(ServeOptions(host="0.0.0.0", port=0)) == 0
    assert "without a key" in capsys.readouterr().err


def _unwarmed(listen: Any) -> Any:
    return lambda options, *, warm=True: listen(options, warm=False)

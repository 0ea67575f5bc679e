"""The local server inside this process."""

from __future__ import annotations

import json

import pytest

from realtime_cli.app.local_server import serve_options
from realtime_cli.app.local_servers import LocalServers
from realtime_cli.config.agent import LocalConfig
from realtime_cli.errors import AuthenticationFailed, ConfigError
from realtime_cli.wire import websocket


def test_the_agent_file_decides():
    options = serve_options(
        LocalConfig(
            host="0.0.0.0",
            port=1234,
            key_env="K",
            max_connections=3,
            silence_duration_ms=320,
            transcription=False,
            max_session_minutes=0.5,
            chat_url="http://127.0.0.1:1/v1",
            chat_model="tiny",
        ),
        {"K": "sk-mine"},
    )
    assert (options.host, options.port, options.key, options.max_connections) == (
        "0.0.0.0",
        1234,
        "sk-mine",
        3,
    )
    assert (options.defaults.silence_duration_ms, options.defaults.transcription) == (320, None)
    assert options.defaults.session_limit_s == 30
    assert options.engine
    assert (options.engine.chat_url, options.engine.chat_model) == ("http://127.0.0.1:1/v1", "tiny")
    assert "sk-mine" not in repr(options)


def test_a_key_that_is_not_set():
    with pytest.raises(ConfigError, match=r"K .* is not set"):
        serve_options(LocalConfig(key_env="K"), {})


async def test_the_server_inside_the_program_lets_nobody_else_in():
    servers = LocalServers(warm=False)
    server = await servers.server(LocalConfig())
    try:
        assert server.url.startswith("ws://127.0.0.1:")
        with pytest.raises(AuthenticationFailed):
            await websocket.connect(server.url)
        client = await websocket.connect(server.url, server.headers)
        session = json.loads(await client.recv())["session"]
        assert session["audio"]["input"]["transcription"] == {"model": "whisper-1"}
        assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 480
        await client.close()
    finally:
        await servers.close()
    assert "Bearer" not in repr(server)


async def test_sessions_with_the_same_local_section_share_a_server():
    servers = LocalServers(warm=False)
    try:
        one = await servers.server(LocalConfig())
        assert await servers.server(LocalConfig()) is one
        assert (await servers.server(LocalConfig(silence_duration_ms=320))).url != one.url
    finally:
        await servers.close()

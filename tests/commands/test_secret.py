"""Client secrets: made by the command and by OpenAI's client, and what they open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.error import HTTPError

import openai
import pytest

from realtime_cli.app.local_server import LocalServer, ServeOptions, listen
from realtime_cli.commands.secret import SecretOptions, secret
from realtime_cli.errors import AuthenticationFailed, ConfigError, ExitCode
from realtime_cli.wire import client_secrets, websocket
from realtime_cli.wire.rest import ask_rest

KEY = {"Authorization": "Bearer the-key"}


@asynccontextmanager
async def serving(key: str | None = "the-key") -> AsyncIterator[LocalServer]:
    server = await listen(ServeOptions(port=0, key=key), warm=False)
    try:
        yield server
    finally:
        await server.close()


async def created(url: str, key: str, **more: Any) -> dict[str, Any]:
    """The session that a key opens."""
    client = await websocket.connect(url, {"Authorization": f"Bearer {key}"}, **more)
    event = json.loads(await client.recv())
    await client.close()
    session: dict[str, Any] = event["session"]
    return session


async def test_openais_client_makes_one_and_its_sessions_have_the_settings() -> None:
    async with serving() as server:
        base = server.url.removesuffix("/realtime")
        client = openai.AsyncOpenAI(
            api_key="the-key", base_url=base.replace("ws:", "http:"), websocket_base_url=base
        )
        made = await client.realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={"type": "realtime", "model": "any", "instructions": "Be brief."},
        )
        assert made.value.startswith("ek_")
        assert made.session.type == "realtime"
        assert made.session.instructions == "Be brief."

        translating = await client.realtime.translations.client_secrets.create(
            session={"model": "gpt-realtime-translate", "audio": {"output": {"language": "es"}}}
        )
        assert translating.session.type == "translation"
        assert translating.session.audio.output.language == "es"
        there = await created(f"{server.url}/translations?model=m", translating.value)
        assert there["audio"]["output"] == {"language": "es"}
        for url, key in ((server.url, translating.value), (f"{server.url}/translations", made.value)):
            with pytest.raises(AuthenticationFailed, match="another kind of session"):
                await created(url, key)

        browser = openai.AsyncOpenAI(api_key=made.value, websocket_base_url=base)
        async with browser.realtime.connect(model="any") as connection:
            event = await connection.recv()
            assert event.type == "session.created"
            assert event.session.instructions == "Be brief."
        both = ("realtime", f"openai-insecure-api-key.{made.value}")
        page = await websocket.connect(server.url, subprotocols=both)
        await page.close()


async def test_the_command_makes_one_of_an_agents_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEY", "the-key")
    async with serving() as server:
        sets = ("connection.api_key_env=OUR_KEY", "session.type=transcription")
        options = SecretOptions(sets=sets, base_url=server.url, life="1m")
        assert await asyncio.to_thread(secret, options) == ExitCode.OK
        said = capsys.readouterr()
        assert "opens sessions until" in said.err
        session = await created(server.url, said.out.strip())
        assert session["type"] == "transcription"  # though the address does not say so

        monkeypatch.setenv("OUR_KEY", "another-key")
        with pytest.raises(AuthenticationFailed, match="Incorrect or missing API key"):
            await asyncio.to_thread(secret, options)


async def test_a_secret_ends_and_makes_no_other() -> None:
    secrets = client_secrets.ClientSecrets(now=lambda: clock[0])
    clock = [1000.0]
    made = secrets.mint(10, {"type": "realtime"})
    assert secrets.find(made.value) == made
    clock[0] = 1010.0
    assert secrets.find(made.value) is None

    async with serving() as server:
        value = (await _ask(server, {}, KEY))["value"]
        with pytest.raises(HTTPError, match="401"):
            await _ask(server, {}, {"Authorization": f"Bearer {value}"})
    async with serving(key=None) as server:
        with pytest.raises(AuthenticationFailed):
            await created(server.url, "ek_of_somebody_else")


async def _ask(server: LocalServer, body: Any, headers: dict[str, str], path: str = "") -> Any:
    path = path or "/realtime/client_secrets"
    return await asyncio.to_thread(ask_rest, server.url, path, headers, body)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"sesion": {}}, "sesion"),
        ({"expires_after": {"seconds": 9}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now"}}, "expires_after.anchor"),
        ({"session": {"type": "realtime", "temperature": 1}}, "session.temperature"),
        ({"session": {"type": "realtime", "audio": {"output": {"speed": 9}}}}, "session.audio.output.speed"),
    ],
)
async def test_what_is_wrong_with_a_request_is_named(body: Any, param: str) -> None:
    async with serving() as server:
        with pytest.raises(HTTPError) as refused:
            await _ask(server, body, KEY)
        assert refused.value.code == 400
        assert json.loads(refused.value.read())["error"]["param"] == param


def test_the_server_inside_the_program_makes_none() -> None:
    with pytest.raises(ConfigError, match="ends with it"):
        secret(SecretOptions(sets=("connection.provider=local",)))
    with pytest.raises(ConfigError, match="from 10s to 2h"):
        secret(SecretOptions(life="3h"))

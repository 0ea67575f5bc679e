"""The way to a server, step by step: servers that are right, and servers that are wrong in one point."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from realtime_cli.app.diagnostics import Finding
from realtime_cli.commands import doctor_wire
from realtime_cli.config import endpoint, load_agent
from realtime_cli.errors import ExitCode
from realtime_cli.tools.trust import Trust
from realtime_cli.wire import websocket
from realtime_cli.wire.auth import Opening
from realtime_cli.wire.model_list import shutdown_dates
from realtime_cli.wire.transport import Closed, Transport
from tests.kit.chat_server import ChatServer

CREATED = '{"type": "session.created", "event_id": "e1", "session": {"type": "realtime"}}'
UPDATED = '{"type": "session.updated", "event_id": "e2", "session": {"type": "realtime"}}'
REFUSED = (
    '{"type": "error", "event_id": "e3", "error": {"type": "invalid_request_error", "message": '
    '"No voice Bob."}}'
)

Behaviour = Callable[[Transport, Opening], Awaitable[None]]


def says(*answers: str) -> Behaviour:
    """One text at once, one more for each that comes; then it waits."""

    async def converse(transport: Transport, opening: Opening) -> None:
        try:
            for answer in answers:
                await transport.send(answer)
                await transport.recv()
            await transport.recv()
        except Closed:
            pass

    return converse


@asynccontextmanager
async def serving(behaviour: Behaviour, key: str | None = None) -> AsyncIterator[str]:
    listener = await websocket.serve(behaviour, key=key)
    try:
        yield listener.url
    finally:
        await listener.close()


async def examined(url: str, sets: Sequence[str] = (), **more: object) -> list[Finding]:
    options = {"connection.base_url": url, "connection.first_event_timeout_s": 0.5, **more}
    agent = load_agent(None, sets, {}, options)
    return [finding async for finding in doctor_wire.endpoint_steps(agent, Trust())]


def topics(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.topic, finding.status) for finding in findings]


async def test_every_step_to_a_good_server_is_ok() -> None:
    async with serving(says(CREATED, UPDATED)) as url:
        found = await examined(url)
    steps = ["name", "port", "upgrade", "first event", "session"]
    assert topics(found) == [(step, "ok") for step in steps]
    assert "round trip" in found[-1].said


async def test_the_local_server_loads_its_models_and_takes_the_session() -> None:
    agent = load_agent(None, (), {}, {"connection.provider": "local"})
    found = [finding async for finding in doctor_wire.endpoint_steps(agent, Trust())]
    assert topics(found) == [(step, "ok") for step in ("local speech", "upgrade", "first event", "session")]


@pytest.mark.parametrize(
    ("model", "status", "words"),
    [("small", "ok", "answers"), ("qwen3:4b", "warning", "does not list the model qwen3:4b; it has small.")],
)
async def test_a_chat_endpoint_is_asked_for_its_models(model: str, status: str, words: str) -> None:
    async with ChatServer([], models=("small",)) as chat:
        found = await chatting(chat.url, model)
    assert topics(found)[0] == ("chat endpoint", status)
    assert words in found[0].said
    assert topics(found)[-1] == ("session", "ok")


async def test_a_chat_endpoint_that_is_away_is_named() -> None:
    async with ChatServer([]) as chat:
        url = chat.url
    (found,) = await chatting(url, "small")
    assert (found.status, found.exit_code) == ("failure", ExitCode.CONNECTION)
    assert url in found.said
    assert "local.chat_url" in found.remedy


async def chatting(url: str, model: str) -> list[Finding]:
    over = {"connection.provider": "local", "local.chat_url": url, "local.chat_model": model}
    agent = load_agent(None, (), {}, over)
    return [finding async for finding in doctor_wire.endpoint_steps(agent, Trust())]


async def test_nothing_listens_there() -> None:
    async with serving(says()) as url:
        pass
    found = await examined(url)
    assert topics(found) == [("name", "ok"), ("endpoint", "failure")]
    assert "Nothing is listening" in found[-1].said
    assert found[-1].exit_code == ExitCode.CONNECTION


async def test_a_name_that_is_none() -> None:
    without_proxy: dict[str, Any] = {"connection.proxy": None}
    (found,) = await examined("ws://no-such-host.invalid/v1/realtime", **without_proxy)
    assert found.status == "failure"
    assert "'no-such-host.invalid' cannot be resolved" in found.said or "proxy" in found.said


async def test_a_port_without_tls_is_told() -> None:
    async with serving(says(CREATED)) as url:
        found = await examined(url.replace("ws://", "wss://"))
    assert topics(found) == [("name", "ok"), ("endpoint", "failure")]
    assert "TLS" in found[-1].said


@contextmanager
def listing(models: Sequence[Mapping[str, object]], status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server with a list of models and no more; its address, and the keys that it was shown."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(f"{self.path} {self.headers['Authorization']}")
            body = json.dumps({"object": "list", "data": models}).encode()
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.server_port}/v1/realtime", keys
        server.shutdown()


DATED: list[dict[str, object]] = [
    {"id": "gpt-realtime-2.1", "shutdown_date": None},
    {"id": "gpt-realtime-2", "shutdown_date": "2031-05-01"},
    {"id": "gpt-realtime", "shutdown_date": 1800403200},
    {"id": "gpt-transcribe"},
]


def test_the_end_of_a_model_is_read_in_any_form() -> None:
    with listing(DATED) as (url, keys):
        found = shutdown_dates(url, {"Authorization": "Bearer our-key"})
    assert keys == ["/v1/models Bearer our-key"]
    assert {name: str(day) for name, day in found.items() if day} == {
        "gpt-realtime-2": "2031-05-01",
        "gpt-realtime": "2027-01-20",
    }
    assert "gpt-transcribe" in found


@pytest.mark.parametrize("status", [301, 401, 404])
def test_a_key_does_not_follow_a_list_of_models_elsewhere(status: int) -> None:
    with listing([], status) as (url, keys), pytest.raises(OSError, match=str(status)):
        shutdown_dates(url, {"Authorization": "Bearer our-key"})
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("gpt-realtime-2-2031-01-01", "is shut down on 2031-05-01"),
        ("gpt-realtime", "Use gpt-realtime-2.1 instead."),
        ("gpt-realtime-2.1", ""),
    ],
)
async def test_the_end_of_the_agents_model_is_a_warning(
    model: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEY", "our-key")
    with listing(DATED) as (url, _):
        over = {"connection.base_url": url, "connection.api_key_env": "OUR_KEY", "connection.model": model}
        agent = load_agent(None, (), None, {"connection.provider": "openai", **over})
        address = endpoint(agent.config.connection, {"OUR_KEY": "our-key"})
        found = [finding async for finding in doctor_wire._ends_of_models(agent, address)]
    assert [(each.topic, each.status) for each in found] == ([("model", "warning")] if told else [])
    assert all(told in f"{each.said} {each.remedy}" for each in found)


async def test_a_wrong_key_is_told_from_a_wrong_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "not-the-one")
    async with serving(says(CREATED, UPDATED), key="the-right-one") as url:
        wrong = await examined(url, ["connection.api_key_env=OUR_KEY"])
        monkeypatch.setenv("OUR_KEY", "the-right-one")
        right = await examined(url, ["connection.api_key_env=OUR_KEY"])
    assert topics(wrong)[-1] == ("key accepted", "failure")
    assert "not-the-one" not in repr(wrong)
    assert ("key accepted", "ok") in topics(right)


async def test_a_server_that_says_nothing() -> None:
    async with serving(says()) as url:
        found = await examined(url)
    assert found[-1].status == "failure"
    assert "sent nothing within 0.5 s" in found[-1].said


async def test_a_server_that_says_something_else() -> None:
    async with serving(says("hello")) as url:
        found = await examined(url)
    assert "not a Realtime event" in found[-1].said


async def test_a_server_that_hangs_up() -> None:
    async def hang_up(transport: Transport, opening: Opening) -> None:
        await transport.close(4000, "go away")

    async with serving(hang_up) as url:
        found = await examined(url)
    assert "hung up (code 4000, go away)" in found[-1].said


async def test_settings_that_the_server_refuses() -> None:
    async with serving(says(CREATED, REFUSED)) as url:
        found = await examined(url)
    assert topics(found)[-1] == ("session", "failure")
    assert "No voice Bob" in found[-1].said


def test_a_missing_key_names_its_variable_and_a_way_without() -> None:
    connection = load_agent(None, (), {}, {"connection.provider": "openai"}).config.connection
    found = doctor_wire.key(connection, {})
    assert (found.status, found.exit_code) == ("failure", ExitCode.CONNECTION)
    assert "OPENAI_API_KEY" in found.said
    assert "connection.provider=local" in found.remedy


@pytest.mark.parametrize(("key", "status"), [("sk-abc", "ok"), ("sk-a bc", "failure"), ("sk-ä", "failure")])
def test_a_key_that_was_copied_badly_is_noticed_and_not_shown(key: str, status: str) -> None:
    connection = load_agent(None, (), {}, {"connection.provider": "openai"}).config.connection
    found = doctor_wire.key(connection, {"OPENAI_API_KEY": key})
    assert found.status == status
    assert key not in repr(found)


async def test_it_waits_for_no_one_for_ever() -> None:
    async with serving(says(CREATED)) as url, asyncio.timeout(10):
        found = await examined(url)
    assert "sent nothing" in found[-1].said

"""Which server, model and key a session gets when another server is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.targets import Target
from realtime_cli.config import endpoint

LOCAL, FAR = "ws://127.0.0.1:9/v1/realtime", "wss://other.example/v1/realtime"


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text('[connection]\nmodel = "gpt-mine"\napi_key_env = "MY_KEY"\n')
    return path


def reached(target: Target, agent: Path, **over: Any) -> tuple[str, dict[str, str]]:
    address = endpoint(target.load(agent, over).config.connection, os.environ)
    return address.url, dict(address.headers)


@pytest.mark.parametrize("against", [LOCAL, FAR])
def test_the_agents_model_goes_along_and_its_key_does_not(
    against: str, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret-of-home")
    url, headers = reached(Target(against=against), agent)
    assert url == f"{against}?model=gpt-mine"
    assert "secret-of-home" not in str(headers)


@pytest.mark.parametrize("against", [LOCAL, FAR])
def test_a_key_or_a_header_that_is_named_with_the_server_is_sent(
    against: str, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret-of-home")
    _, headers = reached(Target(against=against), agent, **{"connection.api_key": "for-there"})
    assert headers["Authorization"] == "Bearer for-there"
    _, headers = reached(Target(against=against, headers={"Authorization": "Bearer own"}), agent)
    assert headers["Authorization"] == "Bearer own"

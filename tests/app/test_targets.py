"""Which server, model and key a session gets when another server is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from realtime_cli.app.targets import Target
from realtime_cli.config import endpoint
from realtime_cli.errors import ConfigError
from realtime_cli.tools.trust import Trust

LOCAL, FAR = "ws://127.0.0.1:9/v1/realtime", "wss://other.example/v1/realtime"


WHOLE = {
    "model": "gpt-mine",
    "api_key_env": "MY_KEY",
    "headers": {"x-team": "red"},
    "connect_timeout_s": 3.0,
}


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


@pytest.mark.parametrize("server", [{}, {"provider": "openai"}, {"base_url": FAR}])
def test_in_this_program_the_agents_model_and_patience_are_left_and_nothing_else(
    server: dict[str, str],
) -> None:
    connection = Target(against="local").load({"connection": {**WHOLE, **server}}, {}).config.connection
    assert connection.embedded
    address = endpoint(connection, {}, base_url=LOCAL)
    assert (address.url, address.headers) == (f"{LOCAL}?model=gpt-mine", {})
    assert connection.connect_timeout_s == 3.0


def test_the_agent_of_a_caller_stays_as_it_is() -> None:
    agent = {"connection": dict(WHOLE), "session.instructions": "Be brief."}
    loaded = Target(against="local").load(agent, {"session.output_modalities": ["text"]})
    assert loaded.config.session.instructions == "Be brief."
    assert agent == {"connection": WHOLE, "session.instructions": "Be brief."}


@pytest.mark.parametrize("against", [LOCAL, FAR])
@pytest.mark.parametrize(("own", "sent"), [({}, True), ({"provider": "openai"}, False)])
def test_a_callers_key_goes_to_the_callers_server_unless_it_is_for_another(
    against: str, own: dict[str, str], sent: bool
) -> None:
    agent = {"connection": {"api_key": "of-the-caller", **own}}
    target = Target(against=against, trust=Trust(of_caller=True))
    headers = endpoint(target.load(agent, {}).config.connection, {}).headers
    assert (headers.get("Authorization") == "Bearer of-the-caller") is sent


def test_a_scripts_key_stays_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-of-home")
    loaded = Target(against=FAR).load({"connection": WHOLE}, {}, "script.toml")
    assert "secret-of-home" not in str(endpoint(loaded.config.connection, os.environ).headers)
    assert any("No key is sent to other.example" in warning for warning in loaded.warnings)


def test_the_command_line_wins_over_a_scripts_own_agent_and_each_is_blamed_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = {"connection": {"base_url": FAR, "connect_timeout_s": 3, "ping_timeout_s": 3}}
    monkeypatch.setenv("REALTIME_CLI__CONNECTION__PING_TIMEOUT_S", "5")
    target = Target(sets=("connection.connect_timeout_s=1",))
    over = {"connection.close_timeout_s": 4}
    connection = target.load(agent, over, "script.toml").config.connection
    assert (connection.connect_timeout_s, connection.close_timeout_s, connection.ping_timeout_s) == (1, 4, 5)
    with pytest.raises(ConfigError) as caught:
        Target(sets=("connection.typo=1",)).load(
            {"connection": {"slip": 1}}, {"session.lapse": 1}, "script.toml"
        )
    for words in (
        "--set connection.typo: unknown",
        "script.toml: connection.slip: unknown",
        "script.toml: session.lapse: unknown",
    ):
        assert words in caught.value.message

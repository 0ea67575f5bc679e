"""What must not be shown, and what a recorder must keep out."""

from __future__ import annotations

from pydantic import SecretStr

from realtime_cli.config.address import MASK
from realtime_cli.config.redaction import safe, secrets
from tests.config.agents import Load


def test_secrets_are_in_the_config_and_in_nothing_that_is_shown(load: Load) -> None:
    agent = load(
        """
        [connection]
        base_url = "wss://user:pass-secret@example.org/v1/realtime?token=url-secret&a=b"
        api_key = "inline-secret"
        headers = { X-Team = "header-secret" }
        query = { sig = "${SIGNATURE}" }
        [[tools]]
        type = "mcp"
        server_label = "x"
        server_url = "https://x"
        authorization = "oauth-secret"
        headers = { X = "tool-secret" }
        [mcp.files]
        command = ["x", "${SIGNATURE}"]
        env = { TOKEN = "env-secret" }
        """,
        environ={"SIGNATURE": "environment-secret"},
    )
    connection = agent.config.connection
    assert connection.api_key is not None
    assert connection.api_key.get_secret_value() == "inline-secret"
    assert connection.query == {"sig": "environment-secret"}
    for shown in (str(agent.shown()), repr(agent.config.connection.api_key), " ".join(agent.warnings)):
        assert "secret" not in shown.replace("SecretStr", "")
    assert agent.shown()["connection"]["query"] == {"sig": "${SIGNATURE}"}
    assert any("api_key" in warning for warning in agent.warnings)
    assert {*agent.secrets({"SIGNATURE": "environment-secret"})} == {
        "inline-secret",
        "header-secret",
        "oauth-secret",
        "tool-secret",
        "env-secret",
        "environment-secret",
    }


def test_what_takes_a_variable_is_shown_as_it_is_written() -> None:
    raw = {"query": {"sig": "${SIG}"}, "list": ["${A}", "b"], "plain": "x"}
    value = {"query": {"sig": "s3cret"}, "list": ["filled", "b"], "plain": "x", "default": 3}
    assert safe(value, raw) == {**raw, "default": 3}


def test_headers_and_keys_by_name_are_masked_and_their_neighbours_are_not() -> None:
    value = {
        "headers": {"X-Team": "blue"},
        "password": "p",
        "api_key_env": "NAME",
        "timeout_s": 3,
        "api_key": None,
    }
    shown = safe(value, {})
    assert (shown["headers"], shown["password"]) == ({"X-Team": MASK}, MASK)
    assert (shown["timeout_s"], shown["api_key"]) == (3, None)


def test_addresses_are_shown_without_what_opens_them() -> None:
    shown = safe(
        {"url": "wss://me:pw@example.org/v1?token=t0ken&a=b", "text": "see https://x/?a=b for more"}, {}
    )
    assert "pw" not in shown["url"]
    assert "t0ken" not in shown["url"]
    assert "example.org" in shown["url"]
    assert shown["text"] == "see https://x/?a=b for more"


def test_variables_are_secret_by_their_name_and_only_if_they_are_set() -> None:
    raw = {"a": ["${MY_TOKEN}", "${HOME}", "${OTHER_KEY}"], "b": "$${DB_PASS}"}
    environ = {"MY_TOKEN": "t", "HOME": "/root", "DB_PASS": "nobody asks for this"}
    assert [*secrets({}, raw, environ)] == ["t"]


def test_what_a_command_may_see_it_may_print() -> None:
    tools = {
        "tools": [
            {"command": ["x"], "env": ["GH_TOKEN", "LANG"]},
            {"env": {"A": "a table is no list of names"}},
        ]
    }
    assert [*secrets(tools, {}, {"GH_TOKEN": "gh", "LANG": "C"})] == ["gh"]


def test_values_of_the_model_itself() -> None:
    value = {"api_key": SecretStr("inline"), "list": [{"headers": {"X": "header"}}], "name": "open"}
    assert [*secrets(value, {}, {})] == ["inline", "header"]

"""Keys and headers that cannot be sent are refused before any connection, and never repeated (case a09)."""

from __future__ import annotations

import pytest

from realtime_cli.config import endpoint
from realtime_cli.errors import ConfigError, ExitCode
from tests.config.agents import Load


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("sk-one1234567890\nsk-two1234567890", "a line break"),
        ("sk-one1234567890\r\nX-Evil: 1", "a line break"),
        ("\ufeffsk-one1234567890", "an invisible character"),
        ("sk-one\u200b1234567890", "an invisible character"),
        ("sk-one\u202e1234567890", "an invisible character"),
        ("sk-one\x001234567890", "a control character"),
        ("sk-öne1234567890", "a character outside ASCII"),
        ('"sk-one1234567890"', "quotes around it"),
        ("“sk-one1234567890”", "quotes around it"),
        ("Bearer sk-one1234567890", 'the word "Bearer" in front of it'),
        ("sk-one 1234567890", "a blank in it"),
    ],
)
@pytest.mark.parametrize("auth", ["bearer", "api-key", "query"])
def test_a_key_that_no_header_can_carry_is_named_by_its_variable(
    load: Load, key: str, fault: str, auth: str
) -> None:
    agent = load(f'[connection]\nauth = "{auth}"\napi_key_env = "MINE"\n')
    with pytest.raises(ConfigError) as refused:
        endpoint(agent.config.connection, {"MINE": key})
    assert refused.value.exit_code == ExitCode.USAGE
    assert f"The key in MINE has {fault}" in refused.value.message
    assert not {"one", "two", "Evil"} & set(str(refused.value).replace("-", " ").split())


def test_blanks_and_a_line_break_around_a_key_are_not_a_part_of_it(load: Load) -> None:
    agent = load('[connection]\napi_key_env = "MINE"\n')
    assert endpoint(agent.config.connection, {"MINE": " sk-1\n"}).headers["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ('[connection.headers]\nX-Team = "${TEAM}"', "connection.headers.X-Team"),
        ('[connection]\norganization = "${TEAM}"', "connection.organization"),
        ('[connection]\nproject = "${TEAM}"', "connection.project"),
        ('[connection]\nsafety_identifier = "${TEAM}"', "connection.safety_identifier"),
        ('[mcp.x]\nurl = "http://x"\nheaders = { X-Team = "${TEAM}" }', "mcp.x.headers.X-Team"),
        (
            '[[tools]]\nname = "x"\nhttp = { url = "http://x", headers = { X-Team = "${TEAM}" } }',
            "tools[0].http.headers.X-Team",
        ),
    ],
)
@pytest.mark.parametrize("value", ["planted\r\nX-Evil: 1", "planted日本", "planted\ufeff"])
def test_a_header_that_cannot_be_sent_is_a_mistake_of_its_key(
    load: Load, written: str, key: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{key.replace('[', '.').replace(']', '.')}: has ") as refused:
        load(written, environ={"TEAM": value})
    assert "planted" not in str(refused.value)


def test_the_name_of_a_header_is_checked_as_well(load: Load) -> None:
    with pytest.raises(ConfigError, match="is not the name of a header"):
        load('[connection.headers]\n"X Team" = "a"')

"""Where each provider is, how the key is sent, and what is never shown."""

from __future__ import annotations

import pytest

from realtime_cli.config import endpoint
from realtime_cli.config.address import masked
from realtime_cli.errors import AuthenticationFailed, ConfigError, ExitCode
from tests.config.agents import Load

KEYS = {"OPENAI_API_KEY": "sk-o", "AZURE_OPENAI_API_KEY": "az", "XAI_API_KEY": "xa", "MINE": "m+y"}


@pytest.mark.parametrize(
    ("written", "url", "headers"),
    [
        ("", "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1", {"Authorization": "Bearer sk-o"}),
        (
            'provider = "azure"\nresource = "res"\nmodel = "my deployment"',
            "wss://res.openai.azure.com/openai/v1/realtime?model=my%20deployment",
            {"api-key": "az"},
        ),
        (
            'provider = "azure"\nbase_url = "https://res.openai.azure.com/"\nmodel = "d"',
            "wss://res.openai.azure.com/openai/v1/realtime?model=d",
            {"api-key": "az"},
        ),
        (
            'provider = "azure"\nbase_url = "https://r.example/openai/v1/"\nmodel = "d"\nprotocol = "live"',
            "wss://r.example/openai/v1/live/sessions",
            {"api-key": "az"},
        ),
        (
            'provider = "azure"\nresource = "res"\nmodel = "my deployment"\nprotocol = "live"',
            "wss://res.openai.azure.com/openai/v1/live/sessions",
            {"api-key": "az"},
        ),
        (
            'base_url = "https://gateway.example/team/v1"\nmodel = "m"',
            "wss://gateway.example/team/v1/realtime?model=m",
            {},
        ),
        (
            'provider = "azure"\nbase_url = "https://r.example/openai/realtime?deployment=d"\n'
            'auth = "bearer"',
            "wss://r.example/openai/realtime?deployment=d",
            {"Authorization": "Bearer az"},
        ),
        (
            'provider = "xai"',
            "wss://api.x.ai/v1/realtime?model=grok-voice-latest",
            {"Authorization": "Bearer xa"},
        ),
        (
            'base_url = "ws://host:8000/v1/realtime?intent=conversation&x=a%26b"\nmodel = "m"\n'
            'query = {l = "en us"}',
            "ws://host:8000/v1/realtime?intent=conversation&x=a%26b&l=en%20us&model=m",
            {},
        ),
        ('base_url = "ws://host/path?model=theirs"\nmodel = "m"', "ws://host/path?model=theirs", {}),
        ('base_url = "ws://host/path?call_id=rtc_1"', "ws://host/path?call_id=rtc_1", {}),
        ('base_url = "ws://host:1"\nmodel = "m"', "ws://host:1/v1/realtime?model=m", {}),
        ('base_url = "http://host/v1/"\nmodel = "m"', "ws://host/v1/realtime?model=m", {}),
        (
            'base_url = "ws://host/v1"\nmodel = "m"\nauth = "query"\napi_key_env = "MINE"',
            "ws://host/v1/realtime?model=m&api-key=m%2By",
            {},
        ),
        (
            'base_url = "ws://h/v1"\nmodel = "m"\napi_key_env = "MINE"\nauth = "none"\n'
            'headers = {X-API-Key = "${MINE}"}',
            "ws://h/v1/realtime?model=m",
            {"X-API-Key": "m+y"},
        ),
        (
            'organization = "o"\nproject = "p"\nsafety_identifier = "s"',
            "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1",
            {
                "Authorization": "Bearer sk-o",
                "OpenAI-Organization": "o",
                "OpenAI-Project": "p",
                "OpenAI-Safety-Identifier": "s",
            },
        ),
    ],
)
def test_each_provider_is_asked_in_its_own_way(
    load: Load, written: str, url: str, headers: dict[str, str]
) -> None:
    place = endpoint(load(f"[connection]\n{written}\n", environ=KEYS).config.connection, KEYS)
    assert place.url == url
    assert place.headers == headers


def test_the_key_is_in_neither_repr_nor_the_shown_url(load: Load) -> None:
    agent = load('[connection]\nbase_url = "ws://h/v1"\nauth = "query"\napi_key_env = "MINE"\n')
    place = endpoint(agent.config.connection, {"MINE": "planted"})
    assert "planted" in place.url
    assert "planted" not in repr(place)
    assert place.shown_url == "ws://h/v1/realtime?model=gpt-realtime-2.1&api-key=***"


def test_a_base_url_alone_is_a_stranger_and_gets_no_openai_key(load: Load) -> None:
    agent = load("", options={"connection.base_url": "ws://127.0.0.1:8765/v1/realtime"})
    assert agent.config.connection.effective_provider == "custom"
    assert endpoint(agent.config.connection, KEYS).headers == {}


def test_the_embedded_server_is_used_unless_an_address_is_given(load: Load) -> None:
    local = '[connection]\nprovider = "local"\n'
    assert load(local).config.connection.embedded
    elsewhere = load(local, "connection.base_url=ws://127.0.0.1:8765/v1/realtime").config.connection
    assert not elsewhere.embedded
    running = endpoint(load(local).config.connection, {}, base_url="ws://127.0.0.1:4711/v1/realtime")
    assert running.url == "ws://127.0.0.1:4711/v1/realtime?model=local"


@pytest.mark.parametrize(
    ("written", "variable"),
    [
        ("", "OPENAI_API_KEY"),
        ('provider = "azure"\nresource = "r"', "AZURE_OPENAI_API_KEY"),
        ('provider = "xai"', "XAI_API_KEY"),
        ('api_key_env = "MINE"', "MINE"),
    ],
)
def test_a_missing_key_names_its_variable_and_the_way_without_one(
    load: Load, written: str, variable: str
) -> None:
    agent = load(f"[connection]\n{written}\n")
    with pytest.raises(AuthenticationFailed) as refused:
        endpoint(agent.config.connection, {variable: "  "})
    assert refused.value.exit_code == ExitCode.CONNECTION
    assert variable in refused.value.message
    assert "--set connection.provider=local" in refused.value.remedy


@pytest.mark.parametrize("written", ['provider = "azure"', 'provider = "custom"'])
def test_an_address_that_is_none_is_refused(load: Load, written: str) -> None:
    agent = load(f"[connection]\n{written}\n")
    with pytest.raises(ConfigError):
        endpoint(agent.config.connection, KEYS)


def test_a_masked_url_keeps_what_a_reader_needs() -> None:
    url = "wss://me:pw@host:1/p?api_key=a&token=b&model=c"
    assert masked(url) == "wss://host:1/p?api_key=***&token=***&model=c"
    assert masked("ws://[::1/") == "***"


@pytest.mark.parametrize(
    ("written", "sets", "headers"),
    [
        ('provider = "openai"', (), {}),
        ('provider = "xai"', (), {}),
        ('provider = "azure"\nresource = "r"', (), {}),
        ('base_url = "wss://home.example/v1"\napi_key_env = "MINE"', (), {}),
        ('base_url = "wss://home.example/v1"\napi_key = "inline"', (), {}),
        ('provider = "openai"\nheaders = { Authorization = "Bearer x", X-Team = "t" }', (), {"X-Team": "t"}),
        ('base_url = "wss://there.example/other"\napi_key_env = "MINE"', (), {"Authorization": "Bearer m+y"}),
        ('provider = "openai"', ("connection.api_key_env=MINE",), {"Authorization": "Bearer m+y"}),
        ("", ("connection.provider=openai",), {"Authorization": "Bearer sk-o"}),
    ],
)
def test_only_a_key_that_is_meant_for_it_goes_to_another_address(
    load: Load, written: str, sets: tuple[str, ...], headers: dict[str, str]
) -> None:
    agent = load(
        f"[connection]\n{written}\n",
        *sets,
        environ=KEYS,
        options={"connection.base_url": "wss://there.example/v1"},
    )
    assert endpoint(agent.config.connection, KEYS).headers == headers
    told = [text for text in agent.warnings if text.startswith("No key is sent to there.example")]
    assert bool(told) == ("Authorization" not in headers)


def test_a_transcription_session_names_no_model(load: Load) -> None:
    agent = load('[connection]\nmodel = "gpt-realtime"\n[session]\ntype = "transcription"\n')
    place = endpoint(agent.config.connection, {"OPENAI_API_KEY": "sk-1"}, kind="transcription")
    assert place.url == "wss://api.openai.com/v1/realtime?intent=transcription"

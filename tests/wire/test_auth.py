"""Who may open a session."""

from __future__ import annotations

import json

import pytest

from realtime_cli.wire.auth import ClientAuth, is_loopback, opening

HOST = {"Host": "127.0.0.1:8765"}


def status(admission: ClientAuth, target: str = "/v1/realtime?model=m", **headers: str) -> int | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    denial = admission.denial(target, {**HOST, **named})
    return denial.status if denial else None


def test_without_a_key_everybody_may_talk():
    assert status(ClientAuth()) is None
    assert status(ClientAuth(), "/openai/v1/realtime/") is None
    assert status(ClientAuth(), "/v1/realtime/translations?model=m") is None


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/translations", "/realtime"])
def test_there_is_one_place(path: str):
    assert status(ClientAuth(), path) == 404


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/v1/realtime?call_id=rtc_1", "takes no calls"),
        ("/elsewhere", "There is nothing at /elsewhere."),
    ],
)
def test_what_is_not_here_is_refused_in_words(target: str, why: str):
    denial = ClientAuth().denial(target, HOST)
    assert denial is not None
    assert denial.status == 404
    assert why in denial.message


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/v1/realtime", {"Authorization": "Bearer sésame"}),
        ("/v1/realtime", {"Authorization": "bearer sésame"}),
        ("/v1/realtime", {"api_key": "sésame"}),
        ("/v1/realtime", {"X_API_Key": "sésame"}),
        ("/v1/realtime?api-key=s%C3%A9same", {}),
        ("/v1/realtime", {"Sec_WebSocket_Protocol": "realtime, openai-insecure-api-key.sésame"}),
    ],
)
def test_a_key_may_come_in_many_ways(target: str, headers: dict[str, str]):
    assert status(ClientAuth("sésame"), target, **headers) is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sésame"}, {"Authorization": "Bearer "}],
)
def test_a_wrong_key_is_refused(headers: dict[str, str]):
    assert status(ClientAuth("sésame"), **headers) == 401


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("http://localhost:3000", None),
        ("http://127.0.0.1:8765", None),
        ("https://mine.example", None),
    ],
)
def test_web_pages_of_strangers_are_refused(origin: str, refused: int | None):
    assert status(ClientAuth(allowed_origins=frozenset({"https://mine.example"})), Origin=origin) == refused


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("127.0.0.1:8765", None),
        ("localhost:8765", None),
        ("LOCALHOST", None),
        ("[::1]:8765", None),
        ("mine.example", None),
        ("evil.example:8765", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
        ("[::1", 400),
    ],
)
@pytest.mark.parametrize("key", [None, "k"])
def test_on_loopback_only_names_of_this_machine_are_answered(key: str | None, host: str, refused: int | None):
    """A web page may point its own name at 127.0.0.1; its Origin and Host agree then."""
    ours = ClientAuth(key, frozenset({"https://mine.example"}), loopback_only=True)
    assert status(ours, Host=host, Origin=f"http://{host}", Authorization="Bearer k") == refused
    if refused == 403:
        assert status(ClientAuth(key), Host=host, Authorization="Bearer k") is None, "on other addresses"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("//[x", {}),
        ("http://[::1/v1/realtime", {}),
        ("/v1/realtime", {"Origin": "http://[::1"}),
        ("/v1/realtime", {"Origin": "http://[bad]"}),
        ("/v1/realtime", {"Sec_WebSocket_Protocol": "\udcff"}),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(target: str, headers: dict[str, str]):
    assert status(ClientAuth(), target, **headers) == 400


def test_odd_bytes_in_a_key_are_a_wrong_key():
    assert status(ClientAuth("k"), Authorization="Bearer \udcff\udcfe") == 401
    as_on_the_wire = "sésame".encode().decode("ascii", "surrogateescape")
    assert status(ClientAuth("sésame"), Authorization=f"Bearer {as_on_the_wire}") is None


def test_a_denial_is_told_as_the_api_does():
    denial = ClientAuth("k").denial("/v1/realtime", HOST)
    assert denial
    assert json.loads(denial.body)["error"]["code"] == "invalid_api_key"
    assert "'k'" not in repr(ClientAuth("k"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "x.localhost"])
def test_this_machine(host: str):
    assert is_loopback(host)
    assert not is_loopback("192.168.1.2")
    assert not is_loopback("localhost.example")


def test_what_a_client_says_at_the_door():
    said = opening(
        "/v1/realtime?model=a&model=b&intent=transcription&api-key=s", {"OpenAI-Beta": "realtime=v1"}
    )
    assert (said.model, said.transcribes, said.beta_header) == ("b", True, True)
    assert "api-key" not in repr(said)
    assert opening("/v1/realtime", {}).model == ""

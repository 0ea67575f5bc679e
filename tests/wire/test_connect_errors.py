"""Each way of not being let in has one sentence and a remedy, and tells no secret."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from realtime_cli.errors import AuthenticationFailed, ConnectionFailed, ExitCode
from realtime_cli.wire import connect_errors

URL = "wss://me:pass@api.example.com:8443/v1/realtime?api-key=sk-secret"


def test_the_address_is_shown_without_what_may_be_secret():
    assert connect_errors.shown(URL) == "wss://api.example.com:8443/v1/realtime"
    assert connect_errors.shown("ws://[::1]:80/v1") == "ws://[::1]:80/v1"


@pytest.mark.parametrize(
    ("status", "kind", "temporary", "words"),
    [
        (401, AuthenticationFailed, False, "does not accept the API key"),
        (403, AuthenticationFailed, False, "refused access"),
        (404, ConnectionFailed, False, "no Realtime endpoint"),
        (429, ConnectionFailed, True, "at its limit"),
        (503, ConnectionFailed, True, "has a problem"),
        (400, ConnectionFailed, False, "refused the connection"),
        (200, ConnectionFailed, False, "not a WebSocket server"),
    ],
)
def test_http_answers(status: int, kind: type, temporary: bool, words: str):
    error = connect_errors.of_status(URL, status, {}, b"<html>no</html>")
    assert type(error).__mro__[1] is kind
    assert error.exit_code == ExitCode.CONNECTION
    assert error.temporary is temporary
    assert words in error.message
    assert error.remedy
    assert "secret" not in str(error)


def test_the_servers_own_words_are_told_without_the_key():
    body = json.dumps({"error": {"message": "Deployment x of\n key tok-123456 is unknown."}}).encode()
    error = connect_errors.of_status(URL, 404, {}, body, ["tok-123456"])
    assert "(HTTP 404): Deployment x of key *** is unknown." in error.message
    refused = json.dumps({"error": {"message": "Incorrect API key provided: sk-ab***yz"}}).encode()
    assert "sk-ab" not in str(connect_errors.of_status(URL, 401, {}, refused))


@pytest.mark.parametrize(
    ("header", "wait_s"), [("7", 7.0), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_how_long_to_wait(header: str, wait_s: float | None):
    assert connect_errors.of_status(URL, 429, {"Retry-After": header}, b"").retry_after_s == wait_s


def test_a_redirect_is_named_not_followed():
    error = connect_errors.of_status(URL, 302, {"Location": "https://other.example/login?token=tok"}, b"")
    assert "redirects to https://other.example/login (HTTP 302)" in error.message
    assert "tok" not in error.message


@pytest.mark.parametrize(
    ("foreign", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Nothing is listening"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 9)"), "Nothing is listening"),
        (socket.gaierror(-2, "Name or service not known"), "'api.example.com' cannot be resolved"),
        (ssl.SSLCertVerificationError("self-signed certificate"), "is not trusted"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "The TLS handshake with"),
        (OSError(113, "No route to host"), "cannot be reached (No route to host)"),
    ],
)
def test_the_network_says_no(foreign: OSError, words: str):
    if isinstance(foreign, ssl.SSLCertVerificationError):
        foreign.verify_message = "self-signed certificate"
    error = connect_errors.of_os_error(URL, foreign)
    assert words in error.message
    assert error.remedy


def test_a_401_without_a_key_says_that_none_was_sent() -> None:
    told = str(connect_errors.of_status(URL, 401, {}, b"", keyless=True))
    assert "requires an API key, but none was sent (HTTP 401)" in told
    assert "connection.api_key_env=NAME" in told


def test_a_call_that_is_not_there_is_no_wrong_address() -> None:
    error = connect_errors.of_status(f"{URL}&call_id=rtc_1", 404, {}, b"", ())
    assert error.message.startswith("There is no such call at ")
    assert "base_url" not in error.remedy

"""Whose certificates are believed."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import httpx2
import pytest

import realtime_cli
from realtime_cli.errors import ConfigError
from realtime_cli.wire import tls
from realtime_cli.wire.tls import trusted_over_http, trusting


def test_servers_are_checked_by_name_and_certificate() -> None:
    context = trusting()
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"no certificate", "no PEM certificate"),
        (b"", "no PEM certificate"),
    ],
)
def test_what_holds_none_is_named_with_its_remedy(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as refused:
        trusting(str(path))
    assert str(path) in refused.value.message
    assert "connection.ca_file" in refused.value.remedy


async def test_what_http_trusts_is_read_once_and_not_by_the_event_loop(monkeypatch: pytest.MonkeyPatch):
    read_in: list[threading.Thread] = []

    def read() -> ssl.SSLContext:
        read_in.append(threading.current_thread())
        return ssl.create_default_context()

    monkeypatch.setattr(httpx2, "create_ssl_context", read)
    tls._trusted_over_http.cache_clear()
    assert await trusted_over_http() is await trusted_over_http()
    (thread,) = read_in
    assert thread is not threading.current_thread()
    monkeypatch.setenv("SSL_CERT_FILE", "/elsewhere.pem")
    await trusted_over_http()
    assert len(read_in) == 2
    tls._trusted_over_http.cache_clear()


def test_no_client_is_left_to_read_them_by_itself():
    sources = Path(realtime_cli.__file__).parent.rglob("*.py")
    lines = [line for path in sources for line in path.read_text("utf-8").splitlines()]
    made = [line for line in lines if "AsyncClient(" in line]
    assert len(made) >= 4
    assert [line for line in made if "verify=" not in line] == []

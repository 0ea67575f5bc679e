"""Whose certificates are believed."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from realtime_cli.errors import ConfigError
from realtime_cli.wire.tls import trusting


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

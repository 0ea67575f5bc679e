"""Whose certificates are believed: the system's, and those that the user names."""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import cache

from realtime_cli.errors import ConfigError

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def trusting(ca_file: str | None = None) -> ssl.SSLContext:
    """A context for clients. Raises :class:`ConfigError` when ``ca_file`` has no certificates in it."""
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        is_none = isinstance(error, ssl.SSLError)
        reason = "it contains no PEM certificate" if is_none else error.strerror
        raise ConfigError(
            f"The certificates in {ca_file} cannot be read: {reason}.", "Correct connection.ca_file."
        ) from None
    return context


async def trusted_over_http() -> ssl.SSLContext:
    """What ``httpx2`` trusts, for the ``verify`` of its clients.

    Left alone it reads the certificates for each client, also for addresses without TLS, which stops the
    event loop for 0.1 s and more. Here they are read once, in a thread.
    """
    return await asyncio.to_thread(_trusted_over_http, *map(os.environ.get, CERTIFICATES))


@cache
def _trusted_over_http(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Read anew where the environment names other certificates."""
    import httpx2

    return httpx2.create_ssl_context()

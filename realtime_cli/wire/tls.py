"""Whose certificates are believed: the system's, and those that the user names."""

from __future__ import annotations

import ssl

from realtime_cli.errors import ConfigError


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

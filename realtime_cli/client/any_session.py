"""The client session of whichever protocol is spoken."""

from __future__ import annotations

from realtime_cli.client.live.session import LiveClientSession
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session import ClientSession

AnyClientSession = ClientSession | LiveClientSession


def client_session(options: SessionOptions) -> AnyClientSession:
    """A session by these options, in their protocol."""
    return LiveClientSession(options) if options.protocol == "live" else ClientSession(options)

"""The client session of either protocol; Live's modules are imported only for Live."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session import ClientSession

if TYPE_CHECKING:
    from realtime_cli.client.live.session import LiveClientSession

AnyClientSession: TypeAlias = "ClientSession | LiveClientSession"


def client_session(options: SessionOptions) -> AnyClientSession:
    """Create a session for the protocol that the options name."""
    if options.attached:
        from realtime_cli.client.attached_session import AttachedSession

        return AttachedSession(options)
    if options.protocol != "live":
        return ClientSession(options)
    from realtime_cli.client.live.session import LiveClientSession

    return LiveClientSession(options)

"""The client session of whichever protocol is spoken; Live's room is loaded for those who speak Live."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session import ClientSession

if TYPE_CHECKING:
    from realtime_cli.client.live.session import LiveClientSession

AnyClientSession: TypeAlias = "ClientSession | LiveClientSession"


def client_session(options: SessionOptions) -> AnyClientSession:
    """A session by these options, in their protocol."""
    if options.attached:
        from realtime_cli.client.attached_session import AttachedSession

        return AttachedSession(options)
    if options.protocol != "live":
        return ClientSession(options)
    from realtime_cli.client.live.session import LiveClientSession

    return LiveClientSession(options)

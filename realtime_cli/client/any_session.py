"""The client session of each kind; modules of Live and of translations are imported only for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from realtime_cli.client.in_force import only_translates
from realtime_cli.client.options import SessionOptions
from realtime_cli.client.session import ClientSession

if TYPE_CHECKING:
    from realtime_cli.client.live.session import LiveClientSession
    from realtime_cli.client.translation import TranslationClientSession

AnyClientSession: TypeAlias = "ClientSession | LiveClientSession | TranslationClientSession"


def client_session(options: SessionOptions) -> AnyClientSession:
    """Create a session for the protocol that the options name."""
    if options.attached:
        from realtime_cli.client.attached_session import AttachedSession

        return AttachedSession(options)
    if only_translates(options.patch):
        from realtime_cli.client.translation import TranslationClientSession

        return TranslationClientSession(options)
    if options.protocol != "live":
        return ClientSession(options)
    from realtime_cli.client.live.session import LiveClientSession

    return LiveClientSession(options)

"""The interface of a client session's parts, for events that concern more than one of them."""

from __future__ import annotations

from realtime_cli.client.in_force import InForce


class SessionPart:
    """One part of the client session. Each method does nothing unless a part has a reason to act.

    The session calls a method on all of its parts, in the order of its list.
    """

    def on_disconnect(self) -> None:
        """The socket is gone: nothing that was expected from it will come."""

    def on_settings(self, in_force: InForce) -> None:
        """The server said which settings are in force."""

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        """The server hears the user begin or stop to speak (or has dropped its input)."""

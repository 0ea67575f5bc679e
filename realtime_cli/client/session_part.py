"""What the parts of a client session have in common: they hear of what concerns more than one of them."""

from __future__ import annotations

from realtime_cli.client.in_force import InForce


class SessionPart:
    """One part of the client session. Each method does nothing unless a part has a reason to act.

    The session calls a method on all of its parts, in the order of its list.
    """

    def on_disconnect(self) -> None:
        """The socket is gone: nothing that was awaited over it will come any more."""

    def on_settings(self, in_force: InForce) -> None:
        """The server said which settings are in force."""

    def on_user_speech(self, at: float, *, speaking: bool) -> None:
        """The server hears the user speak, or not any more (also when it forgot what it was hearing)."""

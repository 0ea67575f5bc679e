"""A small dialogue by rules, and honest about being one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from realtime_cli.server.engine.reply import Call, ReplyRequest, Say


class Dialogue:
    """Answers what it has a rule for, and says back what it understood of the rest."""

    async def reply(self, request: ReplyRequest) -> AsyncIterator[Say | Call]:
        """The answer, sentence by sentence."""
        heard = [item for item in request.items if item.get("role") == "user"]
        if not heard:
            yield Say("Hello! I am the local demonstration voice.")
            return
        parts = heard[-1].get("content") or ()
        text = " ".join(part.get("text") or part.get("transcript") or "" for part in parts).strip()
        yield Say(f"I understood: {text or 'nothing'}")

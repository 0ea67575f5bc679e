"""``[session]`` of an agent that speaks Live: read strictly, where the protocol is Live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from realtime_cli.config.session import ONE_PCM_RATE, JsonObject
from realtime_cli.protocol.live.session import LiveSessionConfig
from realtime_cli.protocol.rules import Problem, Rule


class AgentLiveSession(LiveSessionConfig):
    """``[session]`` of an agent that speaks Live; the model stands in ``[connection]``, as for Realtime."""

    model: Annotated[str | None, Rule(server_only=True)] = None
    extra: JsonObject | None = None
    """As for Realtime."""

    def own_problems(self) -> Iterator[Problem]:
        format = self.audio.format if self.audio else None
        if format and format.type == "audio/pcm" and format.rate == 16_000:
            yield Problem(("audio", "format", "rate"), "invalid_value", ONE_PCM_RATE)

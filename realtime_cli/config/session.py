"""``[session]``: the API's session object as a file has it; the API reference is its manual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import GetJsonSchemaHandler, WithJsonSchema

from realtime_cli.protocol.live.session import LiveSessionConfig
from realtime_cli.protocol.rules import Rule
from realtime_cli.protocol.session import RealtimeSession

JsonObject = dict[str, Any]

Instructions = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string", "description": "A text file beside this one."}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class AgentSession(RealtimeSession):
    """Read strictly (see ``load``); only what is written in the file is sent."""

    type: Literal["realtime"] = "realtime"
    """Always realtime; sent whether it is written here or not."""
    model: Annotated[str | None, Rule(server_only=True)] = None  # goes into the URL: connection.model
    instructions: Instructions | None = None
    """Who the agent is and how it behaves: text, or {file = "instructions.md"}."""

    def model_post_init(self, context: Any, /) -> None:
        """Nothing is set but what was written."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shown = super().__get_pydantic_json_schema__(core, handler)
        handler.resolve_ref_schema(shown).pop("required")
        return shown

    def patch(self) -> JsonObject:
        """What ``session.update`` carries: ``type`` and the keys that the user set, null where set so.

        PCM input always names its rate, because servers have refused a format without it.
        """
        patch: JsonObject = {"type": "realtime", **self.model_dump(mode="json", exclude_unset=True)}
        heard_as = (patch.get("audio") or {}).get("input", {}).get("format")
        if heard_as and heard_as["type"] == "audio/pcm":
            heard_as.setdefault("rate", 24000)
        return patch


class AgentLiveSession(LiveSessionConfig):
    """``[session]`` of an agent that speaks Live; the model stands in ``[connection]``, as for Realtime."""

    model: Annotated[str | None, Rule(server_only=True)] = None


def live_session(session: AgentSession, model: str) -> JsonObject:
    """What ``session.start`` carries: the keys that the user set, and the model.

    ``session`` was read leniently: Live's keys are all in it, and have been judged by ``AgentLiveSession``.
    """
    written = session.model_dump(mode="json", exclude_unset=True)
    return {"model": model, **{key: value for key, value in written.items() if key != "type"}}


def keep_types(patch: dict[str, Any], in_force: Mapping[str, Any]) -> None:
    """Give tables that are changed in part the ``type`` that is in force, which the API wants repeated."""
    for key, inner in patch.items():
        known = in_force.get(key)
        if isinstance(inner, dict) and isinstance(known, Mapping):
            if "type" in known:
                inner.setdefault("type", known["type"])
            keep_types(inner, known)

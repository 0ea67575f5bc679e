"""``[session]``: the API's session object as a file has it; the API reference is its manual."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import GetJsonSchemaHandler, WithJsonSchema

from realtime_cli.protocol.rules import Rule, Wire
from realtime_cli.protocol.session import PCM_RATES_HZ, RealtimeSession, SemanticVad, ServerVad

JsonObject = dict[str, Any]
_XAIS = ", ".join(str(rate) for rate in PCM_RATES_HZ if rate != 24_000)
ONE_PCM_RATE = f"the API takes PCM at 24000 Hz only; xAI's also at {_XAIS}"

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

    type: Literal["realtime", "transcription", "translation"] = "realtime"
    """realtime converses, transcription writes down what is said, translation says it in another language."""
    model: Annotated[str | None, Rule(server_only=True)] = None  # goes into the URL: connection.model
    extra: JsonObject | None = None
    """Settings that this program does not know yet, in the API's shape: sent as they are, over all others."""
    instructions: Instructions | None = None
    """Who the agent is and how it behaves: text, or {file = "instructions.md"}."""

    def model_post_init(self, context: Any, /) -> None:
        """Nothing is set but what was written."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shown = super().__get_pydantic_json_schema__(core, handler)
        handler.resolve_ref_schema(shown).pop("required", None)
        return shown

    def patch(self) -> JsonObject:
        """What ``session.update`` carries: ``type`` and the keys that the user set, null where set so.

        PCM input always names its rate, because servers have refused a format without it.
        """
        patch: JsonObject = {"type": "realtime", **self._written()}
        heard_as = (patch.get("audio") or {}).get("input", {}).get("format")
        if heard_as and heard_as["type"] == "audio/pcm":
            heard_as.setdefault("rate", 24000)
        return over(patch, self.extra or {})

    def _written(self) -> JsonObject:
        return self.model_dump(mode="json", exclude_unset=True, exclude={"extra"})


def live_session(session: AgentSession, model: str) -> JsonObject:
    """What ``session.start`` carries: the keys that the user set, and the model.

    ``session`` was read leniently: Live's keys are all in it, and have been judged by ``AgentLiveSession``.
    """
    written = session.model_dump(mode="json", exclude_unset=True, exclude={"extra"})
    known = {"model": model, **{key: value for key, value in written.items() if key != "type"}}
    return over(known, session.extra or {})


def over(base: JsonObject, more: Mapping[str, Any]) -> JsonObject:
    """``base`` with ``more`` over it, tables merged."""
    merged = dict(base)
    for key, value in more.items():
        known = merged.get(key)
        both = isinstance(known, dict) and isinstance(value, Mapping)
        merged[key] = over(known, value) if both else value  # type: ignore[arg-type]
    return merged


def keep_types(patch: dict[str, Any], in_force: Mapping[str, Any]) -> None:
    """Give partly changed tables the ``type`` that is in force, which the API wants repeated.

    A key that only another kind of turn detection has, such as ``eagerness``, means that kind.
    """
    for key, inner in patch.items():
        known = in_force.get(key)
        if not isinstance(inner, dict):
            continue
        if key == "turn_detection" and "type" not in inner and (kind := _detection_with(inner, known)):
            inner["type"] = kind
        if isinstance(known, Mapping):
            if "type" in known:
                inner.setdefault("type", known["type"])
            keep_types(inner, known)


def _detection_with(keys: Mapping[str, Any], in_force: Any) -> str | None:
    """The one kind of turn detection that has all these keys; None where that in force may have them."""
    kinds: dict[str, type[Wire]] = {"server_vad": ServerVad, "semantic_vad": SemanticVad}
    fitting = [name for name, kind in kinds.items() if keys.keys() <= kind.model_fields.keys()]
    current = in_force.get("type") if isinstance(in_force, Mapping) else None
    return fitting[0] if len(fitting) == 1 and current in {None, *kinds} else None

"""What all sections of the agent file share: frozen, no unknown keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

from realtime_cli.protocol import field_docs

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue


class Section(BaseModel):
    """A table of the agent file. The sentence below each field is its manual (see ``config schema``)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, hide_input_in_errors=True
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(core)
        properties = handler.resolve_ref_schema(shown).get("properties", {})
        field_docs.describe(cls, properties)
        return shown

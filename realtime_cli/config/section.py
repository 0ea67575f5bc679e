"""What all sections of the agent file share: frozen, no unknown keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler

from realtime_cli.protocol import field_docs

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

NotEmpty = Annotated[str, Field(min_length=1)]


def in_words(pattern: str) -> dict[str, Any]:
    """The words for a pattern, for mistakes and for editors (VS Code knows this key)."""
    return {"patternErrorMessage": pattern}


HttpAddress = Annotated[
    str,
    Field(
        pattern=r"^https?://", json_schema_extra=in_words("an address that starts with http:// or https://")
    ),
]


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

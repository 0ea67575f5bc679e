"""The base of all sections of the agent file: frozen, no unknown keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError

from realtime_cli.protocol import field_docs

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

NotEmpty = Annotated[str, Field(min_length=1)]


def in_words(pattern: str) -> dict[str, Any]:
    """The words for a pattern, for mistakes and for editors (VS Code knows this key)."""
    return {"patternErrorMessage": pattern}


def _splits(address: str) -> str:
    try:
        urlsplit(address)
    except ValueError:
        raise PydanticCustomError("found", "it is not a valid address") from None
    return address


HttpAddress = Annotated[
    str,
    Field(
        pattern=r"^https?://", json_schema_extra=in_words("an address that starts with http:// or https://")
    ),
    AfterValidator(_splits),
]


def empty_table() -> dict[str, Any]:
    """A ``default_factory``: to see what ``dict`` takes, pydantic would have Python's tokenizer compiled."""
    return {}


def empty_list() -> list[Any]:
    """The same for lists."""
    return []


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

"""What all sections of the agent file share: frozen, no unknown keys, ``false`` where the API says null."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

T = TypeVar("T")


class Section(BaseModel):
    """A table of the agent file. The sentence below each field is its manual (see ``config schema``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class FalseIsNull:
    """Marks a nullable setting: TOML has no null, so ``false`` stands for it and is sent as ``null``."""

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(core)
        alternatives = shown.pop("anyOf", None) or [dict(shown)]
        return {"anyOf": [*alternatives, {"const": False}]}


def null_for_false(value: Any) -> Any:
    """``None`` for ``False``; everything else as it is."""
    return None if value is False else value


false_is_null = BeforeValidator(null_for_false)


def shape(value: Any) -> str:
    """Tells a table from a plain value, so that a union of both complains about the right one."""
    return "table" if isinstance(value, dict | BaseModel) else "plain"

"""What all sections of the agent file share: frozen, no unknown keys, ``false`` where the API says null."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

T = TypeVar("T")


class Section(BaseModel):
    """A table of the agent file. The sentence below each field is its manual (see ``config schema``).

    Reading those sentences costs every start 40 ms if it is left to pydantic's ``use_attribute_docstrings``;
    here it is done when somebody asks for the schema.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, hide_input_in_errors=True
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(core)
        properties = handler.resolve_ref_schema(shown).get("properties", {})
        for name, sentence in _sentences(cls).items():
            if name in properties:
                properties[name].setdefault("description", sentence)
        return shown


def _sentences(section: type[Section]) -> dict[str, str]:
    """What stands below each field, its own and the inherited ones."""
    found: dict[str, str] = {}
    for above in reversed(section.__mro__):
        if issubclass(above, Section) and above is not Section:
            body = ast.parse(dedent(inspect.getsource(above))).body[0].body  # type: ignore[attr-defined]
            for field, below in pairwise(body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                        value=ast.Constant(value=str(text))
                    ):
                        found[name] = inspect.cleandoc(text)
    return found


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
